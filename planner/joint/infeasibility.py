"""Infeasible is a result: what is in conflict, and the smallest single changes that repair it.

Each repair is found by bisection over one number and is listed only when a plan with it was found
(and a plan a step short of it was not): the smallest SLO limit, the highest arrival rate, the
fewest additional nodes of each pool or replicas of each LLM, the highest quality floor. The
best-effort plan is the best plan of the nearest repaired scenario.

An irreducible infeasible subsystem of the program (HiGHS has them) would name rows of capacity,
curves and cuts; what a user can move are the numbers of the scenario, each of which changes many.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.instance import Instance
from models.quality import Quality
from planner.joint.adjustments import (
    Adjustment,
    adjustment_limit_sentence,
    adjustments_of,
    unhelpful_adjustments_sentence,
)
from planner.joint.search_state import SearchClock
from planner.settings import CLOSE_ENOUGH, Settings
from planner.solution import Conflict, Repair, Solution, Status, Termination

EXPLAIN_SECONDS = 20.0
"""Time for the repairs; less when the time limit is shorter."""

LEAST_SECONDS = 5.0
"""Time for the repairs, however short the time limit is."""

PROBE_SECONDS = 10.0
"""Time for the question whether one changed scenario has a plan."""

ROUGH_GAP = 1e9
"""A gap that any plan closes: only whether there is a plan matters."""


@dataclass
class FeasibilityProbe:
    """Answers whether changed scenarios have plans.

    deadline: of time.perf_counter, s. undecided: whether a question ran out of time or was
    interrupted.
    """

    solve: Callable[..., Solution]
    settings: Settings
    quality: Quality
    cancel: threading.Event | None
    deadline: float
    undecided: bool = False

    def left(self) -> float:
        """Seconds for further questions."""
        return self.deadline - time.perf_counter()

    def cut_short(self) -> bool:
        """Whether there is no time for another question."""
        return self.left() <= 0 or (self.cancel is not None and self.cancel.is_set())

    def plan(self, instance: Instance) -> Solution | None:
        """A plan, or None: there is none, or it is not known."""
        if self.cut_short():
            self.undecided = True
            return None
        limited = Settings(
            rel_gap=ROUGH_GAP,
            time_limit=min(self.left(), PROBE_SECONDS),
            threads=self.settings.threads,
            seed=self.settings.seed,
        )
        answer = self.solve(
            instance, limited, cancel=self.cancel, quality=self.quality, explain=False
        )
        self.undecided |= answer.status == Status.UNKNOWN
        return answer if answer.has_plan else None


def explain_infeasibility(
    instance: Instance,
    settings: Settings,
    quality: Quality,
    clock: SearchClock,
    solve: Callable[..., Solution],
) -> tuple[Conflict, tuple[str, ...]]:
    """The limits in conflict, verified repairs and a best-effort plan; and notes on what was not
    settled.

    solve: `planner.joint.solve.solve_joint`. Limits: those of which each, moved alone, makes the
    rest feasible; all that were tried when none does. After them one sentence on what does not help
    alone: changes of which every question was answered.
    """
    seconds = min(EXPLAIN_SECONDS, max(LEAST_SECONDS, clock.left()))
    probe = FeasibilityProbe(solve, settings, quality, clock.cancel, time.perf_counter() + seconds)
    repaired: list[tuple[Adjustment, float, Solution]] = []
    unhelpful: list[Adjustment] = []
    tried = adjustments_of(instance)
    for adjustment in tried:
        open_before, probe.undecided = probe.undecided, False
        least = _least_change_to_feasible(adjustment, probe)
        if least is not None:
            repaired.append((adjustment, *least))
        elif not probe.undecided:
            unhelpful.append(adjustment)
        probe.undecided |= open_before
    notes = (
        (
            "the search for repairs was cut short: those listed work, but may go further than"
            " needed, and others may be missing",
        )
        if probe.undecided
        else ()
    )
    limits = tuple(adjustment_limit_sentence(instance, one, value) for one, value, _ in repaired)
    if not limits:
        limits = tuple(adjustment_limit_sentence(instance, one, None) for one in tried)
    limits += unhelpful_adjustments_sentence(instance, unhelpful)
    repairs = tuple(Repair(one.change, one.before, value) for one, value, _ in repaired)
    if not repaired:
        return Conflict(limits, repairs), notes
    nearest = min(repaired, key=lambda repair: _relative_change(repair[0], repair[1]))
    best_effort = _best_effort_if_infeasible(nearest, probe, clock)
    change = Repair(nearest[0].change, nearest[0].before, nearest[1])
    return Conflict(limits, repairs, best_effort, change), notes


def _best_effort_if_infeasible(
    nearest: tuple[Adjustment, float, Solution], probe: FeasibilityProbe, clock: SearchClock
) -> Solution:
    """The plan of the nearest repaired scenario: solved to the gap while there is time, else the
    plan that proved the repair.
    """
    adjustment, value, rough = nearest
    if not probe.cut_short():
        better = probe.solve(
            adjustment.apply(value),
            replace(probe.settings, time_limit=probe.left()),
            cancel=clock.cancel,
            quality=probe.quality,
            explain=False,
        )
        if better.has_plan:
            return better
    return infeasible_status_at_gap(rough, probe.settings, probe.quality, clock.limit())


def infeasible_status_at_gap(
    rough: Solution,
    settings: Settings,
    quality: Quality,
    why: Termination = Termination.TIME,
) -> Solution:
    """A plan of a solve to a rough gap, with the status it has at the settings' gap.

    why: what ended the search.
    """
    if rough.value is None or rough.bound is None:
        return rough
    gap = abs(rough.bound - rough.value)
    wanted = max(settings.rel_gap * max(abs(rough.value), 1e-9), CLOSE_ENOUGH * quality.scale)
    if gap <= wanted:
        return rough
    return replace(rough, status=Status.FEASIBLE, effort=replace(rough.effort, termination=why))


def _least_change_to_feasible(
    adjustment: Adjustment, probe: FeasibilityProbe
) -> tuple[float, Solution] | None:
    """The value nearest to the present one with which a plan was found, and the plan; None when no
    try has one.
    """
    # The most helpful value first: when even it has no plan, one question settles the number.
    helps = not adjustment.monotone or len(adjustment.tries) == 1
    if not helps and probe.plan(adjustment.apply(adjustment.tries[-1])) is None:
        return None
    bad, good, plan = adjustment.before, adjustment.before, None
    # Small changes first: they are the likely repairs, and those that fail narrow the interval.
    for value in adjustment.tries:
        plan = probe.plan(adjustment.apply(value))
        if plan is not None:
            good = value
            break
        bad = value
    if plan is None:
        return None
    good, plan = _bisect_to_feasible(adjustment, probe, bad, good, plan)
    if not adjustment.whole:
        # A repair of four digits reads better than one of sixteen, and is tried as it is written.
        rounded = _rounded_to_feasible(good, upwards=good > adjustment.before)
        at_rounded = probe.plan(adjustment.apply(rounded))
        if at_rounded is not None:
            good, plan = rounded, at_rounded
    return good, plan


def _bisect_to_feasible(
    adjustment: Adjustment, probe: FeasibilityProbe, bad: float, good: float, plan: Solution
) -> tuple[float, Solution]:
    """Narrow the change down between a value without a plan and one with, to the precision."""
    precision = adjustment.precision * (1.0 if adjustment.monotone else abs(good))
    while abs(good - bad) > precision:
        middle = _middle_of_infeasible(bad, good, whole=adjustment.whole)
        at_middle = probe.plan(adjustment.apply(middle))
        if at_middle is not None:
            good, plan = middle, at_middle
        elif probe.cut_short():
            break
        else:
            bad = middle
    return good, plan


def _middle_of_infeasible(bad: float, good: float, *, whole: bool) -> float:
    """Arithmetic, or geometric while the ends are far apart."""
    if whole:
        return float(round((bad + good) / 2))
    near, far = sorted((abs(bad), abs(good)))
    if near > 0 and far > 4 * near and bad * good > 0:
        return float(np.sqrt(near * far))
    return (bad + good) / 2


def _rounded_to_feasible(value: float, *, upwards: bool) -> float:
    """Four significant digits, away from the value that did not work."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 3)
    steps = np.ceil(value / unit - 1e-9) if upwards else np.floor(value / unit + 1e-9)
    return float(f"{steps * unit:.4g}")


def _relative_change(adjustment: Adjustment, value: float) -> float:
    """How far a repair goes, relative to the number."""
    return abs(value - adjustment.before) / max(abs(adjustment.before), 1e-12)
