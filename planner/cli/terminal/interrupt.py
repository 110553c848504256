"""What Ctrl-C does.

Deliberately light: the command line listens from its start, before anything heavy is imported.
"""

import gc
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["NO_PLAN", "Interrupt"]

NO_PLAN = 5
"""Exit code: stopped without a plan."""


class Interrupt:
    """Before `guard`, Ctrl-C ends the process at once with exit code 5; after it `cancel` is set,
    and a second one ends the process.

    What is left to do then, a second of making, checking and printing the plan, is done without
    looking for garbage, which took a quarter of it.

    At once means os._exit, not KeyboardInterrupt: before the search there is nothing to keep, and
    an exception in the middle of an import may be swallowed or turned into another (CPython 3.11
    even ends by SIGINT after a handled one that came inside `exec`).
    """

    def __init__(self) -> None:
        self.cancel = threading.Event()
        self._guarded = False

    @contextmanager
    def handled(self) -> Iterator["Interrupt"]:
        """Within, SIGINT and SIGTERM come here; in a thread other than the main one, where handlers
        cannot be set, nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {
            number: signal.signal(number, self._hear_interrupt)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        collecting = gc.isenabled()
        try:
            yield self
        finally:
            if collecting:
                gc.enable()
            for number, handler in before.items():
                signal.signal(number, handler)

    def guard(self) -> None:
        """From here on the first Ctrl-C stops the solve and keeps its result so far."""
        self._guarded = True

    def _hear_interrupt(self, signum: int, frame: FrameType | None) -> None:
        if self.cancel.is_set() or not self._guarded:
            when = b"at once" if self._guarded else b"before the search began"
            os.write(2, b"\nStopped " + when + b"; there is no plan.\n")
            os._exit(NO_PLAN)
        gc.disable()
        self.cancel.set()
