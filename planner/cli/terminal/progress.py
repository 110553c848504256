"""A solve under watch: progress on standard error, Ctrl-C heard at once.

The solve runs in a thread of its own and the main thread waits in short steps, for Python runs a
signal handler between two steps of the
main thread only: a main thread inside HiGHS would hear Ctrl-C when HiGHS is done.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import plain_console
from planner.presentation.sentences import gap_text, number

if TYPE_CHECKING:
    from models.instance import Instance
    from planner.settings import Progress, Settings

__all__ = ["solve_watched"]

QUIET_START_S = 1.0
"""A solve that takes no longer shows no progress."""

STEP_S = 0.05
LINE_EVERY_S = 5.0
"""Where standard error is no terminal, a line is printed so often."""

Found = TypeVar("Found")


def solve_watched(
    solve: Callable[..., Found],
    instance: "Instance | None",
    settings: "Settings | None",
    interrupt: Interrupt,
    show: bool,
) -> Found:
    """Call `solve(instance, settings, progress=..., cancel=...)`, watched; raise what it raises.

    show: whether to show progress.
    """
    latest: list[Progress] = []
    outcome: list[Found] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(
                solve(instance, settings, progress=latest.append, cancel=interrupt.cancel)
            )
        except BaseException as error:
            failure.append(error)

    worker = threading.Thread(target=work, name="solve", daemon=True)
    interrupt.guard()
    worker.start()
    if show:
        _show_while(worker, latest, interrupt)
    while worker.is_alive():
        worker.join(STEP_S)
    if failure:
        raise failure[0]
    return outcome[0]


def _show_while(worker: threading.Thread, latest: "list[Progress]", interrupt: Interrupt) -> None:
    """Show progress from `QUIET_START_S` until the worker ends: one live line on a terminal, else a
    line now and then.
    """
    start = time.monotonic()
    while worker.is_alive() and time.monotonic() - start < QUIET_START_S:
        worker.join(STEP_S)
    if not worker.is_alive():
        return

    def told() -> str:
        line = progress_line(latest[-1] if latest else None, time.monotonic() - start)
        return line + "; stopping, Ctrl-C again ends at once" if interrupt.cancel.is_set() else line

    if sys.stderr.isatty():
        with plain_console(stderr=True).status(told()) as status:
            while worker.is_alive():
                worker.join(2 * STEP_S)
                status.update(told())
        return
    next_line = start
    while worker.is_alive():
        if time.monotonic() >= next_line:
            print(told(), file=sys.stderr, flush=True)
            next_line = time.monotonic() + LINE_EVERY_S
        worker.join(STEP_S)


def progress_line(progress: "Progress | None", seconds: float) -> str:
    """Tell in one line phase, incumbent, bound, gap, elapsed."""
    if progress is None:
        return f"starting, {seconds:.0f} s"
    value, bound = progress.value, progress.bound
    parts = [progress.phase]
    if value is None or value == value:
        parts.append(f"found {number(value, 5)}" if value is not None else "no plan yet")
    if bound is not None:
        parts.append(f"best possible {number(bound, 5)}")
    if value is not None and bound is not None:
        parts.append(f"gap {gap_text(abs(bound - value) / max(abs(value), 1e-9))}")
    return ", ".join([*parts, f"{seconds:.0f} s"])
