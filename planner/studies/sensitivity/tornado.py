"""A tornado: every input a part lower and higher, one at a time, each planned again.

    change of an end    value there - value here, of the objective
    swing               largest - smallest value of the plan here and the plans at both ends

An end's change counts as certain where it is larger than what the gaps of both plans leave open; so
does a proof that there is no plan. Inputs without a plan at one end come first, then the largest
swing. Ends are independent of each other and are spread over processes.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.instance import ObjectiveKind
from planner.scenario.assemble import LoadResult
from planner.settings import CLOSE_ENOUGH, Progress
from planner.studies.sensitivity.moved_plans import (
    MovedPlan,
    plan_moved_input,
    read_scenario_of_moves,
)
from planner.studies.sensitivity.studied_inputs import StudiedInput, studied_inputs
from planner.studies.study_processes import run_study_processes
from planner.studies.sweep_point import PointStatus

__all__ = ["PERCENT", "Tornado", "TornadoBar", "TornadoEnd", "plan_tornado"]

PERCENT = 10.0
"""By how much inputs are moved where nothing else is said, per cent."""

TODAY = 0
"""Number of the part that plans the scenario as it is."""


@dataclass(frozen=True, kw_only=True)
class TornadoEnd:
    """One input at one other value. change: of the objective, None without a plan; certain: larger
    than the gaps leave open, or proved that there is no plan; same_setup: whether today's options
    and replicas run.
    """

    value: float
    plan: MovedPlan
    change: float | None
    certain: bool
    same_setup: bool


@dataclass(frozen=True, kw_only=True)
class TornadoBar:
    """One input. low, high: None where it is not moved there, or the study was stopped before.

    swing: of the objective over both ends and today's plan.
    """

    moved: StudiedInput
    low: TornadoEnd | None
    high: TornadoEnd | None
    swing: float

    @property
    def ends(self) -> tuple[TornadoEnd, ...]:
        """The ends that were planned."""
        return tuple(end for end in (self.low, self.high) if end is not None)

    @property
    def blocked(self) -> bool:
        """Whether it is proved that an end has no plan."""
        return any(end.plan.status == PointStatus.INFEASIBLE for end in self.ends)

    @property
    def certain(self) -> bool:
        """Whether an end moves the plan by more than the gaps leave open."""
        return any(end.certain for end in self.ends)


@dataclass(frozen=True, kw_only=True)
class Tornado:
    """today: the plan of the scenario as it is; bars: ranked, none where it has no plan. percent:
    by which inputs were moved. complete: not stopped.
    """

    objective: ObjectiveKind
    today: MovedPlan
    bars: tuple[TornadoBar, ...]
    percent: float
    complete: bool


def plan_tornado(
    scenario: Path,
    overrides: Sequence[str],
    *,
    percent: float = PERCENT,
    jobs: int = 0,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Tornado:
    """Plan the scenario as it is, then with every input moved both ways.

    scenario: its file, read with `overrides` (`KEY=VALUE` texts). percent: > 0, below 100. jobs:
    processes, 0 = one per core, 1 = this one. Stopped, of the ends that are finished.
    """
    began = time.perf_counter()
    loaded = read_scenario_of_moves(str(scenario), overrides)
    today = plan_moved_input(loaded, None, cancel)
    moves = _tornado_moves(loaded, percent) if today.has_plan else []
    parts = [
        (str(scenario), tuple(overrides), number, one, value)
        for number, (one, value) in enumerate(moves)
    ]
    plans: dict[int, MovedPlan] = {}
    for number, plan in run_study_processes(
        _plan_tornado_end, parts if not _stopped(cancel) else [], jobs=jobs, cancel=cancel
    ):
        plans[number] = plan
        if progress is not None:
            now = time.perf_counter() - began
            phase = f"{len(plans)} of {len(moves)} ends planned"
            progress(Progress(now, phase, today.value, today.bound))
    ends = {moves[number]: plan for number, plan in plans.items()}
    bars = [_tornado_bar(one, today, ends) for one in dict.fromkeys(one for one, _ in moves)]
    return Tornado(
        objective=loaded.instance.objective,
        today=today,
        bars=tuple(sorted(filter(lambda bar: bar.ends, bars), key=_tornado_rank)),
        percent=percent,
        complete=len(plans) == len(moves) and not _stopped(cancel),
    )


def _stopped(cancel: threading.Event | None) -> bool:
    return cancel is not None and cancel.is_set()


def _tornado_moves(loaded: LoadResult, percent: float) -> list[tuple[StudiedInput, float]]:
    return [
        (one, value)
        for one in studied_inputs(loaded, percent)
        for value in (one.low, one.high)
        if value is not None and value != one.today
    ]


def _plan_tornado_end(
    scenario: str,
    overrides: Sequence[str],
    number: int,
    one: StudiedInput,
    value: float,
    cancel: threading.Event | None = None,
) -> tuple[int, MovedPlan]:
    """One end, in whatever process."""
    loaded = read_scenario_of_moves(scenario, overrides)
    return number, plan_moved_input(loaded, (one, value), cancel)


def _tornado_bar(
    one: StudiedInput, today: MovedPlan, plans: Mapping[tuple[StudiedInput, float], MovedPlan]
) -> TornadoBar:
    low, high = (
        _tornado_end(value, today, plans[one, value])
        if value is not None and (one, value) in plans
        else None
        for value in (one.low, one.high)
    )
    changes = [0.0, *(end.change for end in (low, high) if end and end.change is not None)]
    return TornadoBar(moved=one, low=low, high=high, swing=max(changes) - min(changes))


def _tornado_end(value: float, today: MovedPlan, plan: MovedPlan) -> TornadoEnd:
    if plan.value is None or today.value is None:
        certain = plan.status == PointStatus.INFEASIBLE
        return TornadoEnd(value=value, plan=plan, change=None, certain=certain, same_setup=False)
    change = plan.value - today.value
    open_part = plan.open_part() + today.open_part()
    certain = abs(change) > open_part + CLOSE_ENOUGH * max(abs(today.value), 1e-9)
    same = plan.runs_as(today)
    return TornadoEnd(value=value, plan=plan, change=change, certain=certain, same_setup=same)


def _tornado_rank(bar: TornadoBar) -> tuple[bool, float]:
    """First what has no plan at an end, then the largest swing."""
    return not bar.blocked, -bar.swing
