"""A run of HiGHS that ends when it should, whether HiGHS looks at its clock or not.

HiGHS asks whether to stop between its steps, and some steps are long: the feasibility pump of HiGHS
1.16 rounds along a line, one propagation for every whole number that any replica count passes, and
spent 15 CPU seconds in it on 12 LLMs and 256 GPUs without asking once. So HiGHS runs in a thread of
its own. A run that is late is left to that thread, which ends when HiGHS next asks.
"""

import sys
import threading
import time
from collections.abc import Callable

__all__ = ["end_without_left_runs", "run_is_left"]

CANCEL_GRACE_S = 0.5
"""Seconds from a stop to the moment when a run is left: Ctrl-C has to end within one."""

CLOCK_GRACE_S = 1.0
"""Seconds beyond the time limit after which a run is left: searches end within two of it."""

POLL_S = 0.05

NAME = "a run of HiGHS"


def run_is_left(
    run: Callable[[], None], time_limit: float, cancel: threading.Event | None = None
) -> bool:
    """Call `run` in a thread; True when it had to be left to itself, which it must then be: what it
    works on is its own until it ends. Raises what `run` raises.

    time_limit: seconds, may be infinite. An interpreter waits for such threads before it ends.
    """
    if cancel is None and time_limit == float("inf"):
        run()
        return False
    ended, failure = threading.Event(), list[BaseException]()

    def run_to_end() -> None:
        try:
            run()
        except BaseException as error:
            failure.append(error)
        finally:
            ended.set()

    threading.Thread(target=run_to_end, name=NAME).start()
    late_at = time.monotonic() + time_limit + CLOCK_GRACE_S
    while not ended.wait(POLL_S):
        if cancel is not None and cancel.is_set():
            late_at = min(late_at, time.monotonic() + CANCEL_GRACE_S)
            cancel = None  # heard once
        if time.monotonic() >= late_at:
            return True
    if failure:
        raise failure[0]
    return False


def end_without_left_runs(end: Callable[[int], None], code: int) -> None:
    """Where runs that were left still go on, end the process by `end(code)` (os._exit), which does
    not wait for them; nothing else is lost by it, all results being written.
    """
    if any(thread.name == NAME for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        end(code)
