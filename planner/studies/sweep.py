"""Sweeps: the same scenario planned at every point of a grid of its values.

A point is the scenario with one value for each varied key; the points are the product of the axes,
the first axis slowest (`planner.studies.sweep_axes`). Points are independent of each other and are
handed to joblib: processes of this machine, or the active backend (a Dask cluster, see
docs/sweeps.md). Every process reads the tables once and keeps the quality cuts of the scores, which
depend on nothing else (`planner.studies.quality_cache`).

A point that is infeasible, or whose values are no scenario, is a row with its reason, not an end.
"""

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from planner.process_pool import end_with_parent
from planner.settings import Progress
from planner.studies.sweep_point import SweepPoint, plan_sweep_point

__all__ = ["PointStore", "sweep"]

SWEEP_MARK = "PLANNER_SWEEP_PROCESS"
"""Environment of the processes that plan points: the id of the process that sweeps."""

LEAK_FILTER = "ignore:resource_tracker"


class PointStore(Protocol):
    """What keeps points while a sweep goes on, so that a stopped one can be resumed."""

    @property
    def done(self) -> Mapping[int, SweepPoint]:
        """Points of an earlier run by number; they are taken as they are."""

    def keep(self, point: SweepPoint) -> object:
        """Called with each point as it finishes."""


def sweep(
    scenario: Path,
    overrides: Sequence[str],
    points: Sequence[Mapping[str, Any]],
    *,
    jobs: int = 0,
    store: PointStore | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> list[SweepPoint]:
    """Plan every point that the store does not hold.

    scenario: its file, read with `overrides` (`KEY=VALUE` texts), then with the point's values.
    points: values by dotted path. jobs: processes, 0 = one per core.

    Returns the points by number; cancelled, those finished so far.
    """
    began, planned = time.perf_counter(), dict(store.done if store else {})
    _prepare_environment()
    waiting = [number for number in range(len(points)) if number not in planned]
    tasks = (
        delayed(_plan_in_process)(
            os.getpid(), str(scenario), tuple(overrides), number, dict(points[number])
        )
        for number in waiting
    )
    # No more processes than points: joblib starts all that it may at once.
    processes = min(jobs, len(waiting)) or -1
    results = (
        Parallel(n_jobs=processes, return_as="generator_unordered")(tasks) if waiting else iter(())
    )
    for finished, point in enumerate(_until_workers_end(results, cancel), start=1):
        planned[point.number] = point
        if store is not None:
            store.keep(point)
        if progress is not None:
            now = time.perf_counter() - began
            left = now / finished * (len(waiting) - finished)
            phase = f"{len(planned):,} of {len(points):,} points planned, {left:.0f} s left"
            progress(Progress(now, phase))
        if cancel is not None and cancel.is_set():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that tasks are cancelled is what is wanted
                results.close()
            break
    return [planned[number] for number in sorted(planned)]


def _prepare_environment() -> None:
    """Of the processes that plan points: whose they are; and no word of the lock that Pyomo makes
    when it is imported, which Python's tracker reports as leaked when a worker is ended.
    """
    os.environ[SWEEP_MARK] = str(os.getpid())
    filters = os.environ.get("PYTHONWARNINGS", "").split(",")
    if LEAK_FILTER not in filters:
        os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [*filters, LEAK_FILTER]))


def _until_workers_end(
    results: Iterator[SweepPoint], cancel: threading.Event | None
) -> Iterator[SweepPoint]:
    """The points as they come. A signal to the whole group ends the workers too; then the sweep has
    been cancelled, and what is done is kept.
    """
    try:
        yield from results
    except TerminatedWorkerError:
        if cancel is None or not cancel.is_set():
            raise


def _plan_in_process(
    parent: int,
    scenario: str,
    overrides: tuple[str, ...],
    number: int,
    values: dict[str, Any],
) -> SweepPoint:
    """Plan a point in a process that ends with the sweep's own. parent: its process id."""
    # Workers of a Dask cluster have not inherited the mark, and the sweep's own process needs none.
    if os.environ.get(SWEEP_MARK) == str(parent) != str(os.getpid()):
        end_with_parent(parent)
    return plan_sweep_point(scenario, overrides, number, values)
