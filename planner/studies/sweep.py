"""Sweeps: the same scenario planned at every point of a grid of its values.

A point is the scenario with one value for each varied key; the points are the product of the axes,
the first axis slowest (`planner.studies.sweep_axes`). Points are independent of each other and are
spread over processes (`planner.studies.study_processes`).

A point that is infeasible, or whose values are no scenario, is a row with its reason, not an end.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from planner.settings import Progress
from planner.studies.study_processes import run_study_processes
from planner.studies.sweep_point import SweepPoint, plan_sweep_point

__all__ = ["PointStore", "sweep"]


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
    points: values by dotted path. jobs: processes, 0 = one per core,
    1 = this one.

    Returns the points by number; cancelled, those finished so far.
    """
    began, planned = time.perf_counter(), dict(store.done if store else {})
    waiting = [number for number in range(len(points)) if number not in planned]
    parts = [(str(scenario), tuple(overrides), number, dict(points[number])) for number in waiting]
    results = run_study_processes(plan_sweep_point, parts, jobs=jobs, cancel=cancel)
    for finished, point in enumerate(results, start=1):
        planned[point.number] = point
        if store is not None:
            store.keep(point)
        if progress is not None:
            now = time.perf_counter() - began
            left = now / finished * (len(waiting) - finished)
            phase = f"{len(planned):,} of {len(points):,} points planned, {left:.0f} s left"
            progress(Progress(now, phase))
    return [planned[number] for number in sorted(planned)]
