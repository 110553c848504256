"""A long computation at a terminal: progress on standard error, Ctrl-C handled at once.

It runs in a separate thread while the main thread waits in short steps: Python runs signal handlers
only between two bytecode steps of the main thread, so a main thread inside HiGHS would notice
Ctrl-C only when HiGHS returns.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import plain_output_console
from planner.presentation.formatting import format_gap, format_number

if TYPE_CHECKING:
    from planner.settings import Progress

__all__ = ["ProgressCallback", "progress_line", "with_progress"]

QUIET_START_S = 1.0
"""Computations shorter than this show no progress."""

STEP_S = 0.05
LINE_EVERY_S = 5.0
"""Interval of progress lines where standard error is not a terminal."""

ProgressCallback = Callable[["Progress"], None]
Result = TypeVar("Result")


def with_progress(
    compute: Callable[[ProgressCallback, threading.Event], Result],
    interrupt: Interrupt,
    *,
    show: bool,
) -> Result:
    """Return `compute(progress, cancel)`, computed in a separate thread; raise what it raises.

    compute: calls `progress` with its latest state at any time, and stops soon after
    `cancel` is set, which the first Ctrl-C does. show: whether to print progress.
    """
    latest: list[Progress] = []
    result: list[Result] = []
    failure: list[BaseException] = []

    def work_with_progress() -> None:
        try:
            result.append(compute(latest.append, interrupt.cancel))
        except BaseException as error:
            failure.append(error)

    worker = threading.Thread(target=work_with_progress, name="compute", daemon=True)
    interrupt.guard()
    worker.start()
    if show:
        _show_progress_while(worker, latest, interrupt)
    while worker.is_alive():
        worker.join(STEP_S)
    if failure:
        raise failure[0]
    return result[0]


def _show_progress_while(
    worker: threading.Thread, latest: "list[Progress]", interrupt: Interrupt
) -> None:
    """Show progress from `QUIET_START_S` until the worker ends: one live line on a terminal, else a
    line now and then.
    """
    start = time.monotonic()
    while worker.is_alive() and time.monotonic() - start < QUIET_START_S:
        worker.join(STEP_S)
    if not worker.is_alive():
        return

    def line() -> str:
        text = progress_line(latest[-1] if latest else None, time.monotonic() - start)
        return text + "; stopping, Ctrl-C again ends at once" if interrupt.cancel.is_set() else text

    if sys.stderr.isatty():
        with plain_output_console(stderr=True).status(line()) as status:
            while worker.is_alive():
                worker.join(2 * STEP_S)
                status.update(line())
        return
    next_line = start
    while worker.is_alive():
        if time.monotonic() >= next_line:
            print(line(), file=sys.stderr, flush=True)
            next_line = time.monotonic() + LINE_EVERY_S
        worker.join(STEP_S)


def progress_line(progress: "Progress | None", seconds: float) -> str:
    """Render phase, incumbent, bound, gap and seconds elapsed in one line."""
    if progress is None:
        return f"starting, {seconds:.0f} s"
    value, bound = progress.value, progress.bound
    parts = [progress.phase]
    if value is None or value == value:
        parts.append(f"found {format_number(value, 5)}" if value is not None else "no plan yet")
    if bound is not None:
        parts.append(f"best possible {format_number(bound, 5)}")
    if value is not None and bound is not None:
        parts.append(f"gap {format_gap(abs(bound - value) / max(abs(value), 1e-9))}")
    return ", ".join([*parts, f"{seconds:.0f} s"])
