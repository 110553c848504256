"""The process that does a desk's jobs, one after the other: `python -m app_pages.jobs.worker FD
[NICE]`, FD its end of the desk's socket pair.

The main thread computes; a second one listens, so that a request to stop is heard while HiGHS runs,
and ends the process with all its children when the desk is gone.
"""

import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from app_pages.jobs.messages import Outcome, Watch
from planner.errors import DataError, SolveError, VerificationError
from planner.settings import Progress

__all__ = ["serve"]

WARM = ("app_pages.jobs.planning",)
"""Imported before the first job: Pyomo and HiGHS take a second."""
TELL_EVERY_S = 0.1
BUG = "This is a bug of the planner; the server's log has the details."


def serve(descriptor: int) -> None:
    """Do jobs until the desk is gone."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C in a terminal is the server's: it ends its workers
    pipe, cancel, waiting = (
        Connection(descriptor),
        threading.Event(),
        queue.SimpleQueue[tuple[str, tuple[Any, ...]]](),
    )
    sending = threading.Lock()

    def tell(*message: Any) -> None:
        with sending:
            pipe.send(message)

    def listen() -> None:
        while True:
            try:
                word, *rest = pipe.recv()
            except (EOFError, OSError):
                os.killpg(0, signal.SIGKILL)
            if word == "cancel":
                cancel.set()
            else:
                cancel.clear()
                waiting.put((rest[0], rest[1]))

    threading.Thread(target=listen, name="listen", daemon=True).start()
    for module in WARM:
        importlib.import_module(module)
    tell("ready")
    while True:
        call, args = waiting.get()
        tell(
            "done",
            _done(call, args, Watch(_now_and_then(tell), lambda part: tell("part", part), cancel)),
        )


def _done(call: str, args: tuple[Any, ...], watch: Watch) -> Outcome:
    """Call `module:function`; whatever it raises becomes an outcome in words."""
    module, _, name = call.partition(":")
    try:
        return Outcome("result", getattr(importlib.import_module(module), name)(*args, watch=watch))
    except DataError as error:
        return Outcome("faults", faults=error.faults)
    except SolveError as error:
        return Outcome("failed", message=str(error))
    except VerificationError as error:
        print(error, file=sys.stderr, flush=True)
        return Outcome("failed", message=str(error))
    except MemoryError:
        return Outcome(
            "failed", message="There was not enough memory for this; try a smaller question."
        )
    except Exception as error:  # a bug must not take the page down with it
        traceback.print_exc()
        return Outcome("failed", message=f"{type(error).__name__}. {BUG}")


def _now_and_then(tell: Callable[..., None]) -> Callable[[Progress], None]:
    """Tell progress at most every TELL_EVERY_S."""
    last = [0.0]

    def progress(one: Progress) -> None:
        now = time.monotonic()
        if now - last[0] >= TELL_EVERY_S:
            last[0] = now
            tell(
                "progress",
                one.phase,
                None if one.value is None or one.value != one.value else one.value,
                one.bound,
            )

    return progress


if __name__ == "__main__":
    if len(sys.argv) > 2:
        os.nice(int(sys.argv[2]))
    serve(int(sys.argv[1]))
