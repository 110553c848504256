"""Jobs for the tests of the desk; its workers import them by name."""

import os
import time
from typing import Any

from app_pages.jobs.messages import Watch
from planner.errors import DataError, NoPlanInTimeError
from planner.settings import Progress
from profiles.io.faults import Fault

FAULTS = (
    Fault("a.csv", "row 3", "x", "no number", "give one"),
    Fault("b.yaml", "slo.0", "", "missing", "add it"),
)


def echo(value: Any, *, watch: Watch) -> tuple[Any, int]:
    return value, os.getpid()


def niceness(*, watch: Watch) -> int:
    return os.nice(0)


def polite(*, watch: Watch) -> str:
    """Stops when asked, with what it has."""
    watch.progress(Progress(0.0, "counting", 1.5, 2.5))
    return "stopped with this" if watch.cancel.wait(60) else "never asked"


def deaf(*_: Any, watch: Watch) -> None:
    """Hears nothing."""
    time.sleep(60)


def parts(count: int, *, watch: Watch) -> int:
    for k in range(count):
        watch.part({"number": k})
    return count


def faulty(*, watch: Watch) -> None:
    raise DataError(FAULTS)


def no_plan(*, watch: Watch) -> None:
    raise NoPlanInTimeError("no plan in time")


def bug(*, watch: Watch) -> None:
    raise KeyError("secret of the server")


def crash(*_: Any, watch: Watch) -> None:
    os._exit(7)
