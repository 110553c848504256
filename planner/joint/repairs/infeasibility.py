"""Infeasible is a result: what is in conflict, and the smallest single changes that repair it.

A number that stands in the program linearly is moved by a program (least_change); the highest floor
of quality is that of a search for quality; the others (limits of percentiles or of every LLM, which
bend the curves' domains or budgets) are bisected over programs that ask for any plan. A repair is
listed only when a plan with it was found, and says whether it is proved to be the smallest. The
best-effort plan is the best plan of the nearest repaired scenario.

An irreducible infeasible subsystem of the program (HiGHS has them) would name rows of capacity,
curves and cuts; what a user can move are the numbers of the scenario, each of which changes many.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.demand.headroom import with_headroom
from models.formulation import KnobKind
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.joint.programs.capacity_bound import CapacityShortage, capacity_shortage
from planner.joint.repairs.adjustments import (
    Adjustment,
    adjustment_limit_sentence,
    adjustments_of,
    unhelpful_adjustments_sentence,
)
from planner.joint.repairs.least_change import feasible_plan, least_change_by_program
from planner.joint.repairs.repair_plans import (
    PRECISION,
    LeastChange,
    routed_repair_plan,
    written_repair_value,
)
from planner.joint.setups.search_state import SearchClock, SearchState
from planner.settings import CLOSE_ENOUGH, FLOOR_SLACK, Settings
from planner.solution import Conflict, Repair, Solution, Status, Termination

EXPLAIN_WORK = 4e6
"""Work of all repairs (planner.settings.Settings): about 20 s. The time limit ends them, too."""

LEAST_SECONDS, LATE_SECONDS = 5.0, 1.5
"""Seconds from the beginning of the search until repairs are cut short, however short the time
limit is; and after the limit, where that is later: searches end within two seconds of it.
"""

PROBE_WORK = 1e6
"""Work of a whole search for the question whether one changed scenario has a plan."""

NO_CHANGE = LeastChange(None, None, proved=True)
"""A number that is proved not to help."""

ROUGH_GAP = 1e9
"""A gap that any plan closes: only whether there is a plan matters."""

FLOOR_GAP, FLOOR_WORK = 1e-3, 2e6
"""Relative gap of the search for the highest floor of quality, half the precision of a repair; and
its work (planner.settings.Settings).
"""

BEST_EFFORT_WORK = 3e5
"""Work of the search for the best-effort plan: small instances are solved out, large ones get a
good plan with its gap; who takes the repair plans again.
"""

RELAXATION_ROUNDS = 2
"""Linear programs that a relaxation counts as for each LLM: the more LLMs, the more cuts it needs.
Where it alone takes more than that work (60 LLMs: 12 s), the repair's own plan is the best effort.
"""


@dataclass
class FeasibilityProbe:
    """Answers which changed scenarios have plans.

    state: of the stated instance, headroom applied, with a clock of its own. floor: of quality
    (0..1 scale) that a plan must reach, or None. solve: `planner.joint.solve.solve_joint`.
    undecided: whether a question stayed open.
    """

    state: SearchState
    floor: float | None
    solve: Callable[..., Solution]
    settings: Settings
    undecided: bool = False

    def cut_short(self) -> bool:
        """Whether no time or no work is left for another question."""
        return self.state.clock.stopped()

    def plan(self, instance: Instance) -> Solution | None:
        """A plan, or None: there is none, or it is not known."""
        if self.cut_short():
            self.undecided = True
            return None
        state = self.state
        asked = SearchState(
            instance=with_headroom(instance),
            quality=state.quality,
            clock=state.clock,
            threads=state.threads,
            seed=state.seed,
        )
        found = feasible_plan(asked, self.floor)
        if found.proved:
            return found.plan
        answer = self.search(instance, ROUGH_GAP, PROBE_WORK)
        self.undecided |= answer.status == Status.UNKNOWN
        return answer if answer.has_plan else None

    def search(self, instance: Instance, rel_gap: float, work: float) -> Solution:
        """The whole search on an instance, within the time left and some work. Which of equally
        good plans it is, is not decided: those stages would take most of the time.
        """
        state, clock = self.state, self.state.clock
        limited = replace(
            self.settings,
            rel_gap=rel_gap,
            time_limit=max(clock.left(), 0.05),
            keep_program=False,
            work=min(work, clock.work, self.settings.work),
        )
        answer = self.solve(
            instance, limited, cancel=clock.cancel, quality=state.quality, explain=False, lean=False
        )
        clock.spend_work(answer.effort.work)
        return answer


def explain_infeasibility(
    stated: Instance,
    shared: SearchState,
    settings: Settings,
    floor: float | None,
    solve: Callable[..., Solution],
) -> tuple[Conflict, tuple[str, ...]]:
    """The limits in conflict, verified repairs and a best-effort plan; and notes on what was not
    settled.

    stated: the instance before its headroom. shared: of the search that found no plan. floor: of
    quality that it sought (0..1 scale), or None. solve: `planner.joint.solve.solve_joint`. Limits:
    those of which each, moved alone, makes the rest feasible; all that were tried when none does.
    After them one sentence on what is proved not to help alone.
    """
    clock = shared.clock
    deadline = max(clock.deadline + LATE_SECONDS, clock.began + LEAST_SECONDS)
    state = shared.with_numbers_of(shared.instance)
    state.clock = SearchClock(deadline, clock.cancel, work=EXPLAIN_WORK)
    probe = FeasibilityProbe(state, floor, solve, settings)
    tried = adjustments_of(stated)
    # What capacity alone settles takes one linear program for all numbers.
    shortage = capacity_shortage(state)
    settled = [shortage is not None and _settled_by_capacity(one, shortage) for one in tried]
    found = [
        (one, NO_CHANGE if known else _least_change(one, probe))
        for one, known in zip(tried, settled, strict=True)
    ]
    repaired = [
        (one, least.value, least.plan, least.proved)
        for one, least in found
        if least.value is not None and least.plan is not None
    ]
    unhelpful = [one for one, least in found if least.value is None and least.proved]
    open_ones = sum(not least.proved for _, least in found)
    notes = (
        (
            "the search for repairs was cut short; those not told to be the smallest work, but may"
            " go further than needed, and others may be missing",
        )
        if open_ones
        else ()
    )
    limits = tuple(adjustment_limit_sentence(stated, one, value) for one, value, *_ in repaired)
    if not limits:
        limits = tuple(adjustment_limit_sentence(stated, one, None) for one in tried)
    limits += unhelpful_adjustments_sentence(stated, unhelpful)
    repairs = tuple(
        Repair(one.change, one.before, value, proved) for one, value, _, proved in repaired
    )
    if not repaired:
        return Conflict(limits, repairs), notes
    nearest = min(range(len(repaired)), key=lambda k: _relative_change(*repaired[k][:2]))
    adjustment, value, plan, _ = repaired[nearest]
    best_effort = _best_effort_if_infeasible(adjustment.apply(value), plan, probe, shared.clock)
    return Conflict(limits, repairs, best_effort, repairs[nearest]), notes


def _settled_by_capacity(adjustment: Adjustment, shortage: CapacityShortage) -> bool:
    """Whether the least replicas do not fit, however far a number moves: only nodes make room, and
    an LLM that need not run.
    """
    knob = adjustment.knob
    if knob is not None and knob.kind == KnobKind.NODES:
        return False
    without = knob.of if knob is not None and knob.kind == KnobKind.LEAST else None
    return shortage.holds_without(without)


def _least_change(adjustment: Adjustment, probe: FeasibilityProbe) -> LeastChange:
    """The smallest change of one number, by the means that fits it."""
    if probe.cut_short():
        return LeastChange(None, None, proved=False)
    if adjustment.change == "objective.quality_at_least":
        return _highest_floor(adjustment, probe)
    if adjustment.knob is not None and adjustment.opened is not None:
        state = probe.state.with_numbers_of(with_headroom(adjustment.opened))
        return least_change_by_program(adjustment, state, probe.floor)
    before, probe.undecided = probe.undecided, False
    least = _least_change_by_bisection(adjustment, probe)
    probe.undecided |= before
    return least


def _highest_floor(adjustment: Adjustment, probe: FeasibilityProbe) -> LeastChange:
    """The highest quality that the other limits allow, written with four digits, and a plan of the
    instance's own objective that reaches it.
    """
    instance = adjustment.apply(adjustment.before)
    for_quality = replace(instance, objective=ObjectiveKind.QUALITY, quality_floor=None)
    best = probe.search(for_quality, FLOOR_GAP, FLOOR_WORK)
    if best.quality is None or best.bound is None:
        return LeastChange(None, None, proved=best.status == Status.INFEASIBLE)
    value = min(written_repair_value(best.quality, upwards=False), adjustment.before)
    changed = with_headroom(adjustment.apply(value))
    state = probe.state.with_numbers_of(changed)
    floor = state.quality.from_score(value - FLOOR_SLACK)
    plan = routed_repair_plan(state, best.replicas, best.routed_rates, floor)
    if plan is None:
        return LeastChange(None, None, proved=False)
    return LeastChange(value, plan, proved=best.bound - value <= PRECISION * abs(value))


def _best_effort_if_infeasible(
    instance: Instance, rough: Solution, probe: FeasibilityProbe, clock: SearchClock
) -> Solution:
    """The plan of the nearest repaired instance: solved to the gap while there is time, else the
    plan that showed the repair to work.
    """
    state = probe.state
    points = sum(rates.size for o in state.usable() for rates, _ in state.points(o))
    small = RELAXATION_ROUNDS * len(instance.llms) * points <= BEST_EFFORT_WORK
    if small and not probe.cut_short():
        better = probe.search(instance, probe.settings.rel_gap, BEST_EFFORT_WORK)
        if better.has_plan:
            return better
    return infeasible_status_at_gap(rough, probe.settings, probe.state.quality, clock.limit())


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


def _least_change_by_bisection(adjustment: Adjustment, probe: FeasibilityProbe) -> LeastChange:
    """The value nearest to the present one with which a plan was found."""
    # The most helpful value first: when even it has no plan, one question settles the number.
    if len(adjustment.tries) > 1 and probe.plan(adjustment.apply(adjustment.tries[-1])) is None:
        return LeastChange(None, None, proved=not probe.undecided)
    bad, good, plan = adjustment.before, adjustment.before, None
    # Small changes first: they are the likely repairs, and those that fail narrow the interval.
    for value in adjustment.tries:
        plan = probe.plan(adjustment.apply(value))
        if plan is not None:
            good = value
            break
        bad = value
    if plan is None:
        return LeastChange(None, None, proved=not probe.undecided)
    good, plan = _bisect_to_feasible(adjustment, probe, bad, good, plan)
    if not adjustment.whole:
        rounded = written_repair_value(good, upwards=adjustment.upwards)
        at_rounded = probe.plan(adjustment.apply(rounded))
        if at_rounded is not None:
            good, plan = rounded, at_rounded
    return LeastChange(good, plan, proved=not probe.undecided)


def _bisect_to_feasible(
    adjustment: Adjustment, probe: FeasibilityProbe, bad: float, good: float, plan: Solution
) -> tuple[float, Solution]:
    """Narrow the change down between a value without a plan and one with, to the precision."""
    while abs(good - bad) > adjustment.precision:
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


def _relative_change(adjustment: Adjustment, value: float) -> float:
    """How far a repair goes, relative to the number."""
    return abs(value - adjustment.before) / max(abs(adjustment.before), 1e-12)
