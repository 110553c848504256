"""Work spread over spawned processes; only the parent handles Ctrl-C.

Processes are spawned, so that nothing of a solver's threads is carried along; what they import
should be light (numpy and no more).
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from typing import Any, TypeVar

__all__ = ["end_with_parent", "spread_over_processes"]

POLL_S = 0.1
PARENT_POLL_S = 0.5

Work = TypeVar("Work")
Result = TypeVar("Result")


def spread_over_processes(
    call: Callable[[Work], Result],
    work: Sequence[Work],
    jobs: int = 0,
    cancel: threading.Event | None = None,
    begin: Callable[..., None] | None = None,
    known: tuple[Any, ...] = (),
) -> Iterator[Result]:
    """Results in the order of the work, until all are there or `cancel` is set.

    jobs: processes, 0 = one per core; 1 = in this one.

    call: a function at the top of a module. begin(*known): called first in every process, for what
    all its work shares.
    """
    processes = min(jobs or os.cpu_count() or 1, len(work))
    if processes <= 1:
        if begin is not None:
            begin(*known)
        for one in work:
            if cancel is not None and cancel.is_set():
                return
            yield call(one)
        return
    resource_tracker.ensure_running()  # started later, it would unblock SIGINT (CPython 3.11)
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT}
    )  # inherited: the parent, not Ctrl-C, ends the processes
    try:
        pool = multiprocessing.get_context("spawn").Pool(
            processes, _begin_process, (os.getpid(), begin, known)
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        results = pool.imap(call, work)
        while True:
            try:
                yield results.next(POLL_S)
            except multiprocessing.TimeoutError:
                pass
            except StopIteration:
                return
            if cancel is not None and cancel.is_set():
                return
    finally:
        pool.terminate()
        pool.join()


def _begin_process(parent: int, begin: Callable[..., None] | None, known: tuple[Any, ...]) -> None:
    """What a process of a pool does first."""
    end_with_parent(parent)
    if begin is not None:
        begin(*known)


_watched: set[int] = set()


def end_with_parent(parent: int) -> None:
    """Let this process end within a second of its parent, also when that was killed and could not
    end it; at once where it is gone already.

    parent: process id. Call it in child processes of this machine alone.
    """
    if parent in _watched:
        return
    _watched.add(parent)
    threading.Thread(target=_wait_for_end, args=(parent,), daemon=True).start()


def _wait_for_end(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    os._exit(1)  # the solver's threads would go on behind an ordinary end
