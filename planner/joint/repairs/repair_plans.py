"""Plans of repairs: a setup placed and routed where one number of the instance has another value.

Values are those of the file, written with four digits, and tried at a program's number and a little
beyond it: what a program thinks possible, curves and quality may just miss.
"""

from dataclasses import dataclass

import numpy as np

from models.demand.headroom import with_headroom
from models.formulation import Goal, GoalKind
from models.instance import ObjectiveKind
from planner.joint.programs.capacity_bound import SLACK
from planner.joint.repairs.adjustments import Adjustment
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.outcome import outcome_effort, outcome_solution
from planner.joint.setups.primal_heuristics import consider_primal
from planner.joint.setups.search_state import SearchState
from planner.joint.setups.separation import all_packed, pack_for_separation, place_or_separate
from planner.solution import Solution, Termination

PRECISION = 2e-3
"""Relative distance between a number and the bound on it at which it counts as the smallest."""

NEAR_STEPS, FAR_STEPS = (0.0, 5e-4, 1.4e-3), (4e-3, 1e-2, 3e-2, 0.1, 0.3)
"""Relative steps beyond a program's number at which its setup is tried: within the precision, since
curves and quality are a little worse than the program knows; and, where it learns nothing more,
further on: a repair that works is better than none.
"""

Floor = float | None

Setup = tuple[np.ndarray, np.ndarray]
"""Replicas (O,), whole, and rates (O,) in req/s to begin with."""


@dataclass(frozen=True)
class LeastChange:
    """The number nearest to the present one with which a plan was found, and the plan.

    value, plan: None where none was. proved: nothing nearer is feasible; without a plan: nothing
    that was allowed is.
    """

    value: float | None
    plan: Solution | None
    proved: bool


def try_repair_values(
    adjustment: Adjustment,
    state: SearchState,
    setup: Setup,
    found: float,
    floor: Floor,
    steps: tuple[float, ...] = NEAR_STEPS,
) -> tuple[LeastChange, bool]:
    """The program's setup as a plan near a knob's value; and whether a row or a no-good was
    learnt.
    """
    learnt = False
    for value in _repair_values_to_try(adjustment, found, steps):
        plan, news = repair_plan_at(adjustment, state, setup, value, floor)
        learnt |= news
        if plan is not None:
            return LeastChange(value, plan, proved=False), learnt
    return LeastChange(None, None, proved=False), learnt


def repair_plan_at(
    adjustment: Adjustment,
    state: SearchState,
    setup: Setup,
    value: float,
    floor: Floor,
) -> tuple[Solution | None, bool]:
    """A setup (replicas, rates: (O,)) as a plan of the instance with a stated value; and whether a
    row or a no-good was learnt from its packing.
    """
    instance = with_headroom(adjustment.apply(value))
    at_value = state.with_numbers_of(instance)
    replicas, rates = setup
    if not all_packed(pack_for_separation(at_value, replicas)):
        limits = [pool.gpus for pool in instance.pools]
        return None, place_or_separate(state, replicas, limits).learnt
    served = float(rates.sum())
    if served <= 0:
        return None, False
    return routed_repair_plan(
        at_value, replicas, rates * (instance.arrival_rate / served), floor
    ), False


def routed_repair_plan(
    state: SearchState, replicas: np.ndarray, rates: np.ndarray, floor: Floor
) -> Solution | None:
    """A setup (replicas, rates: (O,)) placed and routed, with the bound that is known of any plan:
    no answer is better than the best one, nothing is free.
    """
    instance = state.instance
    cost = instance.objective == ObjectiveKind.COST
    of = GoalKind.COST if cost else GoalKind.QUALITY
    goal = GoalState(
        shared=state, goal=Goal(of=of, quality_at_least=floor), abs_gap=lambda _: np.inf
    )
    consider_primal(goal, replicas, rates, pack_for_separation(state, replicas))
    best = goal.incumbent
    if best is None:
        return None
    ceiling = instance.scores.best_mean
    value = best.cost if cost else best.settled.value
    effort = outcome_effort(state, Termination.GAP, [])
    return outcome_solution(best, value, 0.0 if cost else ceiling, effort, None)


def _repair_values_to_try(
    adjustment: Adjustment, found: float, steps: tuple[float, ...]
) -> list[float]:
    """Stated values at a knob's, as it is written, and a little further."""
    value = adjustment.stated(found)
    upwards = adjustment.upwards
    if adjustment.whole:
        least = np.ceil(value - SLACK) if upwards else np.floor(value + SLACK)
        values = [float(least), float(least + (1 if upwards else -1))]
    else:
        away = 1 if upwards else -1
        values = [written_repair_value(value * (1 + away * one), upwards=upwards) for one in steps]
    return [one for one in values if adjustment.allows(one)]


def written_repair_value(value: float, *, upwards: bool) -> float:
    """Four significant digits, away from the value that did not work: a repair of four digits
    reads better than one of sixteen, and is tried as it is written.
    """
    if value == 0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 3)
    steps = np.ceil(value / unit - 1e-9) if upwards else np.floor(value / unit + 1e-9)
    return float(f"{steps * unit:.4g}")


def nearer_repair(adjustment: Adjustment, one: LeastChange, other: LeastChange) -> LeastChange:
    """The smaller of two changes."""
    if one.value is None or other.value is None:
        return other if one.value is None else one
    before = adjustment.before
    return one if abs(one.value - before) <= abs(other.value - before) else other


def is_least_repair(adjustment: Adjustment, value: float, bound: float) -> bool:
    """Whether a stated value is as near as a knob's bound allows."""
    least = adjustment.stated(bound)
    if adjustment.whole:
        nearest = np.ceil(least - SLACK) if adjustment.upwards else np.floor(least + SLACK)
        return bool(abs(value - nearest) < SLACK)
    return bool(abs(value - least) <= PRECISION * abs(value))
