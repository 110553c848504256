"""How far one input may move before today's setup is not the best any more: "this setup stays the
best from 52 to 71 req/s".

At another value of the input today's setup *stays the best* where the scenario, planned again, has
the same setup, or a plan whose objective today's setup reaches within the gap
(`planner.studies.sensitivity.moved_plans`). From today's value the study goes up, and down, in
steps that double, until the setup is not the best or MOST times (LEAST times) the value is reached;
then the interval between the last value where it is and the first where it is not is halved down to
the precision. So

    kept       a value at which today's setup was found to be the best
    beyond     a value at most the precision further, at which it was found not to be

What lies between values that were planned is not known: a setup that gives way and is the best
again between two of them is not seen. Along a price no such thing happens where cost is minimised,
because the cost of every setup is linear in it and the least cost is concave. So there the last
value is planned first: where the setup is the best at both ends, it is between them.

An end is *certain* where the plan at `kept` has closed its gap, and what is better at `beyond` is
better by more than the gaps leave open.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.instance import ObjectiveKind
from planner.errors import DataError
from planner.scenario.assemble import LoadResult
from planner.settings import CLOSE_ENOUGH, Progress
from planner.studies.sensitivity.moved_plans import (
    MovedPlan,
    is_price_of_cost,
    plan_moved_input,
    read_scenario_of_moves,
    value_of_kept_setup,
)
from planner.studies.sensitivity.studied_inputs import InputKind, StudiedInput, studied_inputs
from planner.studies.study_processes import run_study_processes
from planner.studies.sweep_point import PointStatus
from profiles.io.faults import Fault

__all__ = ["PRECISION", "Threshold", "ThresholdEnd", "Thresholds", "find_thresholds"]

PRECISION = 1.0
"""Of a threshold where nothing else is said, per cent of today's value."""

FIRST_STEP = 0.05
"""First step from today's value, as a part of it; the next ones double."""

LEAST, MOST = 0.1, 4.0
"""Parts of today's value that are looked at."""

KINDS = (InputKind.RATE, InputKind.PRICE)


@dataclass(frozen=True, kw_only=True)
class ThresholdEnd:
    """One side. kept, beyond: values of the input, as above; beyond None: the best as far as was
    looked.

    plan: at `beyond`, None without one. certain: as above. complete: not stopped before.
    """

    kept: float
    beyond: float | None
    plan: MovedPlan | None
    certain: bool
    complete: bool


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Between which values of an input today's setup stays the best; None: stopped before."""

    moved: StudiedInput
    low: ThresholdEnd | None
    high: ThresholdEnd | None


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """today: the plan of the scenario as it is. rows: by input, none where it has no plan.
    precision: per cent of today's value. complete: not stopped.
    """

    objective: ObjectiveKind
    today: MovedPlan
    rows: tuple[Threshold, ...]
    precision: float
    complete: bool


def find_thresholds(
    scenario: Path,
    overrides: Sequence[str],
    *,
    precision: float = PRECISION,
    jobs: int = 0,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Thresholds:
    """Plan the scenario as it is, then along the arrival rate and, where cost counts, along the
    price of each pool.

    scenario: its file, read with `overrides` (`KEY=VALUE` texts). precision: per cent of today's
    value. jobs: processes, one end each; 0 = one per core, 1 = this one. Stopped, what is found.
    DataError for a fleet whose setups change with the case.
    """
    began = time.perf_counter()
    loaded = read_scenario_of_moves(str(scenario), overrides)
    _refuse_schedule_for_thresholds(loaded)
    today = plan_moved_input(loaded, None, cancel)
    inputs = [one for one in studied_inputs(loaded, 1.0) if one.kind in KINDS]
    parts = [
        (str(scenario), tuple(overrides), today, one, sign, precision / 100.0)
        for one in inputs
        for sign in (-1, 1)
        if today.has_plan
    ]
    ends: dict[tuple[StudiedInput, int], ThresholdEnd] = {}
    if cancel is None or not cancel.is_set():
        for one, sign, end in run_study_processes(
            _find_threshold_end, parts, jobs=jobs, cancel=cancel
        ):
            ends[one, sign] = end
            if progress is not None:
                now = time.perf_counter() - began
                phase = f"{len(ends)} of {len(parts)} thresholds found"
                progress(Progress(now, phase, today.value, today.bound))
    rows = [
        Threshold(moved=one, low=ends.get((one, -1)), high=ends.get((one, 1))) for one in inputs
    ]
    return Thresholds(
        objective=loaded.instance.objective,
        today=today,
        rows=tuple(row for row in rows if row.low or row.high),
        precision=precision,
        complete=len(ends) == len(parts) and not (cancel is not None and cancel.is_set()),
    )


def _refuse_schedule_for_thresholds(loaded: LoadResult) -> None:
    """DataError where every case has a setup of its own: then there is no one setup to keep."""
    if loaded.demand is not None and loaded.demand.scheduled:
        problem = "thresholds are found of one setup, and here setups change with the case"
        fix = "use `tornado`, or state a fixed fleet"
        raise DataError([Fault(loaded.scenario.spec.name, "fleet", "", problem, fix)])


def _find_threshold_end(
    scenario: str,
    overrides: Sequence[str],
    today: MovedPlan,
    one: StudiedInput,
    sign: int,
    precision: float,
    cancel: threading.Event | None = None,
) -> tuple[StudiedInput, int, ThresholdEnd]:
    """One side of one input, in whatever process. sign: -1 below, 1 above today's value."""
    loaded = read_scenario_of_moves(scenario, overrides)
    search = _ThresholdSearch(loaded, today, one, cancel)
    return one, sign, search.run(sign, precision)


@dataclass(frozen=True)
class _Probe:
    """One value planned. stays: whether today's setup is the best there. certain: whether that is
    beyond what the gaps leave open.
    """

    value: float
    plan: MovedPlan
    stays: bool
    certain: bool


@dataclass
class _ThresholdSearch:
    """Values of one input, planned again."""

    loaded: LoadResult
    today: MovedPlan
    moved: StudiedInput
    cancel: threading.Event | None

    def run(self, sign: int, precision: float) -> ThresholdEnd:
        """Steps that double, then halves."""
        value = self.moved.today
        settled = self.today.open_part() <= self._gap(self.today.value)
        kept, beyond = _Probe(value, self.today, stays=True, certain=settled), None
        values = [part * value for part in _threshold_steps(sign)]
        if is_price_of_cost(self.loaded, self.moved):
            last = self._probe(values.pop())
            if last.stays:
                kept, values = last, []
            elif not self._stopped():
                beyond = last
        for between in values:
            probe = self._probe(between)
            if self._stopped():
                break
            if not probe.stays:
                beyond = probe
                break
            kept = probe
        while beyond is not None and not self._stopped():
            if abs(beyond.value - kept.value) <= precision * value:
                break
            probe = self._probe((kept.value + beyond.value) / 2.0)
            if self._stopped():
                break
            kept, beyond = (probe, beyond) if probe.stays else (kept, probe)
        return ThresholdEnd(
            kept=kept.value,
            beyond=None if beyond is None else beyond.value,
            plan=beyond.plan if beyond is not None and beyond.plan.has_plan else None,
            certain=kept.certain and (beyond is None or beyond.certain),
            complete=not self._stopped(),
        )

    def _probe(self, value: float) -> _Probe:
        """Plan there, and today's setup where another one came out."""
        at = (self.moved, value)
        plan = plan_moved_input(self.loaded, at, self.cancel)
        closed = plan.open_part() <= self._gap(plan.value)
        if not plan.has_plan:
            # Where nothing was found in time, today's setup may still be a plan.
            proved = plan.status == PointStatus.INFEASIBLE
            return _Probe(value, plan, stays=False, certain=proved)
        if plan.runs_as(self.today):
            return _Probe(value, plan, stays=True, certain=closed)
        kept = value_of_kept_setup(self.loaded, self.today, at, self.cancel)
        if kept.value is None or plan.value is None:
            proved = kept.status == PointStatus.INFEASIBLE
            return _Probe(value, plan, stays=False, certain=proved)
        sign = 1.0 if self.loaded.instance.objective == ObjectiveKind.QUALITY else -1.0
        loss = sign * (plan.value - kept.value)
        if loss <= self._gap(plan.value):
            return _Probe(value, plan, stays=True, certain=closed)
        certain = loss > kept.open_part() + self._gap(plan.value)
        return _Probe(value, plan, stays=False, certain=certain)

    def _gap(self, value: float | None) -> float:
        """The gap that counts as closed, in the unit of the objective."""
        rel_gap = max(self.loaded.settings.rel_gap, CLOSE_ENOUGH)
        return rel_gap * max(abs(value or 0.0), 1e-9) * (1.0 + CLOSE_ENOUGH)

    def _stopped(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()


def _threshold_steps(sign: int) -> Iterator[float]:
    """Parts of today's value, one after the other, on one side of it."""
    step, end = FIRST_STEP, MOST if sign > 0 else LEAST
    while sign * (1.0 + sign * step) < sign * end:
        yield 1.0 + sign * step
        step *= 2.0
    yield end
