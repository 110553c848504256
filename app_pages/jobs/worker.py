"""The process that does a pool's jobs, one after the other: `python -m app_pages.jobs.worker FD
[NICE]`, FD its end of the pool's socket pair.

The main thread computes; a second one listens, so that a request to stop is handled while HiGHS
runs, and ends the process with all its children when the pool is gone.
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

from app_pages.jobs.messages import JobContext, JobOutcome, OutcomeKind
from planner.errors import DataError, SolveError, VerificationError
from planner.postponed_imports import postpone_imports
from planner.settings import Progress

__all__ = ["serve_worker_jobs"]

WARM = ("app_pages.jobs.planning",)
"""Imported before the first job: Pyomo and HiGHS take a second."""
SEND_EVERY_S = 0.1
BUG = "This is a bug of the planner; the server's log has the details."
NO_MEMORY = "There was not enough memory for this. Try a smaller scenario."


def serve_worker_jobs(descriptor: int) -> None:
    """Do jobs until the pool is gone."""
    # Ctrl-C in a terminal is the server's: it ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe, cancel = Connection(descriptor), threading.Event()
    waiting = queue.SimpleQueue[tuple[str, tuple[Any, ...]]]()
    sending = threading.Lock()

    def send(*message: Any) -> None:
        with sending:
            pipe.send(message)

    def listen_as_worker() -> None:
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

    threading.Thread(target=listen_as_worker, name="listen", daemon=True).start()
    postpone_imports()
    for module in WARM:
        importlib.import_module(module)
    send("ready")
    while True:
        call, args = waiting.get()
        job = JobContext(
            _throttle_worker_progress(send),
            lambda part: send("part", part),
            cancel,
            lambda: send("files read"),
        )
        send("done", _run_worker_job(call, args, job))


def _run_worker_job(call: str, args: tuple[Any, ...], job: JobContext) -> JobOutcome:
    """Call `module:function`; any exception becomes an outcome with a message."""
    module, _, name = call.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
        return JobOutcome(OutcomeKind.RESULT, function(*args, job=job))
    except DataError as error:
        return JobOutcome(OutcomeKind.FAULTS, faults=error.faults)
    except SolveError as error:
        return JobOutcome(OutcomeKind.FAILED, message=str(error))
    except VerificationError as error:
        print(error, file=sys.stderr, flush=True)
        return JobOutcome(OutcomeKind.FAILED, message=str(error))
    except MemoryError:
        return JobOutcome(OutcomeKind.FAILED, message=NO_MEMORY)
    except Exception as error:  # a bug must not take the page down with it
        traceback.print_exc()
        return JobOutcome(OutcomeKind.FAILED, message=f"{type(error).__name__}. {BUG}")


def _throttle_worker_progress(send: Callable[..., None]) -> Callable[[Progress], None]:
    """Send progress at most every SEND_EVERY_S."""
    last = 0.0

    def send_worker_progress(now: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= SEND_EVERY_S:
            last = time.monotonic()
            # NaN represents an incumbent that is not known yet.
            known = now.value is not None and now.value == now.value
            send("progress", now.phase, now.value if known else None, now.bound)

    return send_worker_progress


if __name__ == "__main__":
    if len(sys.argv) > 2:
        os.nice(int(sys.argv[2]))
    serve_worker_jobs(int(sys.argv[1]))
