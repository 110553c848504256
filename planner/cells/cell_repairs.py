"""The smallest single changes that make a demand one that can be served.

    relax    the least change with which the relaxation of all cases has a point: nothing nearer
             has a plan, since every plan is a point of it. Cases that cannot be served even alone
             are asked first, each alone: they are small programs
    search   the search for a plan there, written with four digits, and step by step further on,
             until there is one; bisected where a step was long

A repair is told only with a plan found for it. It is the smallest where that plan lies within
PROVED of the bound: of the relaxation, or of a search that proved there is none. More of most
numbers never hurts; fewer requests may (a limit of each LLM bars low loads of a curve that falls at
first), so that of rates the relaxation alone is a bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.demand.cell_curves import CellCurves
from models.demand.demand_model import DemandModel
from models.demand.headroom import demand_with_headroom
from models.demand.requests import DemandInstance
from planner.cell_solution import CellNumberKind, CellRepair, CellSolution
from planner.cells.cell_numbers import MovableNumber, movable_numbers
from planner.cells.routing.cell_loop import CellLoop
from planner.joint.repairs.repair_plans import written_repair_value
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings, StopReason
from planner.settings import FLOOR_SLACK, Settings
from planner.solution import Status

__all__ = ["CellProbe", "cell_repairs", "relaxation_serves"]

PROVED = 2e-3
"""Relative distance from a bound at which a change counts as the smallest (the contract)."""

PROBE_SECONDS = 10.0
"""Time for the question whether one changed demand has a plan."""

ROUGH_GAP = 1e9
"""A gap that any plan closes: only whether there is a plan matters."""

ANY_QUALITY = 1e9
"""A tolerance of quality where no mean of it is asked for: floors are still exact."""

STEPS = (0.0, 1.4e-3, 1e-2, 0.1, 1.0)
"""Relative steps beyond the relaxation's number at which a plan is sought: within PROVED, then
further on, for a repair that works is better than none.
"""

WHOLE_STEPS = (0, 1, 2, 4, 8, 16)
"""The same for whole numbers."""

BISECTIONS = 6
"""Searches between the last number without a plan and the first with one."""

FIRST_STEPS = 1
"""Steps before the most helpful value is tried: small repairs are the likely ones."""

WITH_PLAN = (Status.OPTIMAL, Status.FEASIBLE)

NOT_MONOTONE = {CellNumberKind.RATE, CellNumberKind.RATE_HEADROOM}
"""Numbers of which more help may hurt a plan."""


@dataclass(kw_only=True)
class CellProbe:
    """Answers which changed demands can be served.

    model: of the stated demand with its headroom. impossible: positions of the cases that cannot
    be served even alone. solve: `planner.cells.solve.solve_cells`. undecided: whether a question
    stayed open.
    """

    model: DemandModel
    clock: SearchClock
    settings: Settings
    impossible: Sequence[int]
    solve: Callable[..., CellSolution]
    undecided: bool = field(default=False)

    def relaxed(self, one: MovableNumber, value: float) -> bool:
        """Whether the relaxation has a point with another value; yes where that stays open."""
        model = self._model(one.apply(value), one)
        demand = model.demand
        sets: list[Sequence[int]] = [[t] for t in self.impossible if any(demand.cells(t))]
        if len(demand.cases) > len(self.impossible) or len(demand.cases) > 1:
            sets.append(range(len(demand.cases)))
        for cases in sets:
            serves = relaxation_serves(model, cases, self.clock)
            if serves is None:
                self.undecided = True
            elif not serves:
                return False
        return True

    def plan(self, one: MovableNumber, value: float) -> Status:
        """What the search says of a demand with another value."""
        if self.clock.late():
            self.undecided = True
            return Status.UNKNOWN
        demand = one.apply(value)
        limited = Settings(
            rel_gap=ROUGH_GAP,
            time_limit=max(min(self.clock.left(), PROBE_SECONDS), 0.05),
            threads=self.settings.threads,
            seed=self.settings.seed,
        )
        found = self.solve(
            demand,
            limited,
            cancel=self.clock.cancel,
            model=self._model(demand, one),
            explain=False,
        )
        self.undecided |= found.status == Status.UNKNOWN
        return found.status

    def _model(self, demand: DemandInstance, one: MovableNumber) -> DemandModel:
        """A model of a changed demand, its headroom kept; what does not change is shared."""
        curves: CellCurves | None = self.model.curves if one.same_curves else None
        planned = demand_with_headroom(demand)
        return DemandModel(demand=planned, qualities=self.model.qualities, known_curves=curves)


def relaxation_serves(model: DemandModel, cases: Sequence[int], clock: SearchClock) -> bool | None:
    """Whether the relaxation of some cases has a point, whatever its quality above all floors;
    None where the clock ended first.
    """
    settings = SolveSettings(time_limit=max(clock.left(), 0.05), cancel=clock.cancel)
    loop = CellLoop(model, cases, clock, settings, free_setup=True, options=model.options)
    tolerance = ANY_QUALITY
    if model.instance.quality_floor is not None:
        tolerance = FLOOR_SLACK * max(quality.scale for quality in model.qualities)
    point = loop.converge(tolerance)
    if isinstance(point, StopReason):
        return False if point is StopReason.INFEASIBLE else None
    return None if clock.stopped() else True


def cell_repairs(demand: DemandInstance, probe: CellProbe) -> tuple[tuple[CellRepair, ...], bool]:
    """The repairs of a demand without a plan, and whether all that might be were looked for."""
    found, all_decided = [], True
    for one in movable_numbers(demand):
        if _may_help(one, probe):
            probe.undecided = False
            repair = _least_repair(one, probe)
            all_decided &= not probe.undecided
            if repair is not None:
                found.append(repair)
    return tuple(found), all_decided


def _may_help(one: MovableNumber, probe: CellProbe) -> bool:
    """Not where the number speaks of one case alone, and another cannot be served even alone."""
    case = one.number.case
    return case is None or all(t == case for t in probe.impossible)


def _least_repair(one: MovableNumber, probe: CellProbe) -> CellRepair | None:
    """The smallest change of a number with a plan that is found."""
    least = _least_relaxed(one, probe)
    if least is None:
        return None
    bad, good = least, None
    values = _values_to_try(one, least)
    for at, value in enumerate(values):
        if at == FIRST_STEPS and probe.plan(one, one.most) not in WITH_PLAN:
            # What the most helpful value cannot repair is left, with one question in place of many.
            return None
        if probe.plan(one, value) in WITH_PLAN:
            good = value
            break
        if probe.clock.late():
            return None
        bad = value
    if good is None:
        return None
    good, bad = _narrowed(one, probe, bad, good)
    bound = least if one.number.kind in NOT_MONOTONE else bad
    near = abs(good - bound) <= (1.0 if one.whole and bound != good else PROVED * abs(good))
    if one.whole and bound == least:
        near = good == least
    return CellRepair(one.number, one.before, good, proved=bool(near) and not probe.undecided)


def _least_relaxed(one: MovableNumber, probe: CellProbe) -> float | None:
    """The value nearest to the present one with which the relaxation has a point; None: none."""
    if not probe.relaxed(one, one.most):
        return None
    bad, good = one.before, one.most
    if not probe.impossible and probe.relaxed(one, one.before):
        return one.before + np.sign(good - bad) * (1.0 if one.whole else one.precision)
    while abs(good - bad) > 0.5 * one.precision and not probe.clock.late():
        if one.whole and abs(good - bad) <= 1:
            break
        middle = _middle_number(bad, good, whole=one.whole)
        if probe.relaxed(one, middle):
            good = middle
        else:
            bad = middle
    return good


def _middle_number(bad: float, good: float, *, whole: bool) -> float:
    """Arithmetic, or geometric while the ends are far apart."""
    near, far = sorted((abs(bad), abs(good)))
    middle = (bad + good) / 2
    if near > 0 and far > 4 * near and bad * good > 0:
        middle = float(np.sign(good) * np.sqrt(near * far))
    if not whole:
        return middle
    low, high = sorted((bad, good))
    return float(min(max(round(middle), low + 1), high - 1))


def _values_to_try(one: MovableNumber, least: float) -> list[float]:
    """Values from the least one on, as they are written, the most helpful one last."""
    away = 1.0 if one.upwards else -1.0
    if one.whole:
        values = [least + away * step for step in WHOLE_STEPS]
    else:
        unit = max(abs(least), one.precision)
        values = [
            written_repair_value(least + away * step * unit, upwards=one.upwards) for step in STEPS
        ]
    low, high = sorted((one.before, one.most))
    inside = [value for value in values if low <= value <= high and value != one.before]
    return list(dict.fromkeys([*inside, one.most]))


def _narrowed(one: MovableNumber, probe: CellProbe, bad: float, good: float) -> tuple[float, float]:
    """(good, bad) closer to each other, as written."""
    for _ in range(BISECTIONS):
        near = abs(good - bad) <= (1.0 if one.whole else PROVED * abs(good))
        if near or probe.clock.late():
            break
        middle = _middle_number(bad, good, whole=one.whole)
        if not one.whole:
            middle = written_repair_value(middle, upwards=one.upwards)
        if middle in (bad, good):
            break
        if probe.plan(one, middle) in WITH_PLAN:
            good = middle
        else:
            bad = middle
    return good, bad
