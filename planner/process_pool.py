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
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from planner.errors import ProcessEndedError

__all__ = ["end_with_parent", "spread_over_processes"]

POLL_S = 0.1
PARENT_POLL_S = 0.5
PROCESS_GONE = (
    "A process ended unexpectedly, perhaps out of memory; try --jobs 1 (from Python: jobs=1), which"
    " starts none"
)

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
    """Results in the order of the work, until all are there or `cancel` is set. ProcessEndedError
    when a process is gone, for then its work is.

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
    yield from _spread_over_pool(call, work, processes, cancel, (os.getpid(), begin, known))


def _spread_over_pool(
    call: Callable[[Work], Result],
    work: Sequence[Work],
    processes: int,
    cancel: threading.Event | None,
    known: tuple[Any, ...],
) -> Iterator[Result]:
    """Results from several processes. known: arguments of `_begin_process`."""
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, spawn, _begin_process, known)
    resource_tracker.ensure_running()  # started later, it would unblock SIGINT (CPython 3.11)
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT}
    )  # inherited: the parent, not Ctrl-C, ends the processes
    try:
        waiting = [pool.submit(call, one) for one in work]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        for future in waiting:
            while not wait([future], POLL_S).done:
                if cancel is not None and cancel.is_set():
                    return
            yield future.result()
            if cancel is not None and cancel.is_set():
                return
    except BrokenProcessPool:
        raise ProcessEndedError(PROCESS_GONE) from None
    finally:
        # Names of CPython's own: where another Python has none, nothing is closed.
        sending = getattr(getattr(pool, "_result_queue", None), "_writer", None)
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
            child.join()
        # A process that ends while it sends a result leaves half of it; the pool's thread would
        # wait for the rest, and Python for that thread, as long as this end is open.
        if sending is not None:
            sending.close()


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
