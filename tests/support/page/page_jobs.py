"""Jobs for the tests of the worker pool; its workers import them by name."""

import os
import signal
import time
from typing import Any

from app_pages.jobs.messages import JobContext
from planner.errors import DataError, NoPlanInTimeError
from planner.settings import Progress
from profiles.io.faults import Fault

FAULTS = (
    Fault("a.csv", "row 3", "x", "no number", "give one"),
    Fault("b.yaml", "slo.0", "", "missing", "add it"),
)


def echo(value: Any, *, job: JobContext) -> tuple[Any, int]:
    return value, os.getpid()


def niceness(*, job: JobContext) -> int:
    return os.nice(0)


def polite(*, job: JobContext) -> str:
    """Stops when requested, with what it has."""
    job.progress(Progress(0.0, "counting", 1.5, 2.5))
    return "stopped with this" if job.cancel.wait(60) else "never requested"


def deaf(*_: Any, job: JobContext) -> None:
    """Hears nothing."""
    time.sleep(60)


def parts(count: int, *, job: JobContext) -> int:
    for k in range(count):
        job.publish({"number": k})
    return count


def faulty(*, job: JobContext) -> None:
    raise DataError(FAULTS)


def no_plan(*, job: JobContext) -> None:
    raise NoPlanInTimeError("no plan in time")


def bug(*, job: JobContext) -> None:
    raise KeyError("secret of the server")


def killed(*_: Any, job: JobContext) -> None:
    """As by the system when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash(*_: Any, job: JobContext) -> None:
    os._exit(7)
