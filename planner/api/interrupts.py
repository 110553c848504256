"""Ctrl-C, or a notebook's stop button: the first one ends the work with what it has so far."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

__all__ = ["with_interrupts"]

POLL_S = 0.1

Result = TypeVar("Result")


def with_interrupts(work: Callable[[threading.Event], Result]) -> Result:
    """Call `work(cancel)` and return its result, or raise what it raises.

    The first interrupt sets `cancel`, the second is raised at once. The work runs in a separate
    thread: Python raises KeyboardInterrupt only in the main thread, between two bytecode steps,
    so a main thread inside HiGHS would notice it only when HiGHS returns.
    """
    cancel = threading.Event()
    future: Future[Result] = Future()

    def run_with_interrupts() -> None:
        try:
            future.set_result(work(cancel))
        except BaseException as error:
            future.set_exception(error)

    starts = iter([threading.Thread(target=run_with_interrupts, name="planner", daemon=True)])
    while not future.done():
        try:
            # An interrupt may come while the thread starts: within the same `try`, and once only.
            for thread in starts:
                thread.start()
            while not future.done():
                wait([future], POLL_S)
        except KeyboardInterrupt:
            if cancel.is_set():
                raise
            cancel.set()
    return future.result()
