"""Cost under a quality floor: whether a cost that the program thinks possible reaches the floor."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.formulation import GoalKind, fleet_cost, formulation_price_step
from models.instance import Instance
from planner.joint.setups.goal_state import GoalState

FLOOR_WORK, FLOOR_SHARE = 600_000, 0.2
"""Work of the question whether a cost reaches the quality floor (planner.settings.Settings): about
3 s, and a share of what is left where that is limited.
"""


DEARER = 0.002
"""Part of a cost by which the next one is dearer, at first."""

MOST_COSTS, COST_DIGITS = 20_000, 9
"""Costs that are listed at most, and their decimals."""

NO_STEP = 1.0
"""USD/h above the only cost that a plan can have: where none reaches the floor at it, none does."""


def reach_cost_floor(
    state: GoalState, cost: float, best_quality_within: Callable[[float, float], GoalState]
) -> bool:
    """Settle whether a cost (USD/h) reaches the quality floor of a cost goal; whether that was
    learnt, as a plan or as a higher bound.

    best_quality_within: cost, floor (0..1 scale) -> state of the search for the best quality at
    that cost.

    Many setups of one cost lie just below the floor, and cutting them off one by one does not end:
    so the best quality within the cost is sought. If it is below the floor, every plan costs at
    least a price step more. If time runs out undecided, more expensive plans are sought in the
    same way, so that a plan exists.
    """
    floor, clock = state.goal.quality_at_least, state.shared.clock
    if state.goal.of != GoalKind.COST or floor is None:
        return False
    if state.closed() or state.loss <= cost + 1e-9:
        return False
    if state.shared.instance.prices_changes:
        return _reach_floor_between(state, cost, floor, best_quality_within)
    step, dearer = formulation_price_step(state.shared.instance), 0.0
    while not clock.stopped() and cost + dearer < state.loss:
        # A share of what is left, so that an open question does not take all of the time.
        with clock.limited(min(FLOOR_WORK, FLOOR_SHARE * clock.work)):
            inner = best_quality_within(cost + dearer, floor)
        if _take_from_floor(state, inner, floor):
            return True
        if (inner.infeasible or inner.bound > -floor) and dearer == 0.0:
            # Costs are sums of whole GPUs' prices: between this one and the next multiple of the
            # price step lies none. A thousandth is left for floating point. Where no price is left
            # to pay, every plan costs the same: there is none.
            least = cost + (0.999 * step if step > 0 else NO_STEP)
            state.goal = replace(state.goal, cost_at_least=least)
            state.raise_bound(least)
            return True
        # Undecided: twice as far up each time, since a plan with a gap is better than none.
        dearer = max(2 * dearer, DEARER * cost, step)
    return False


def _take_from_floor(state: GoalState, inner: GoalState, floor: float) -> bool:
    """Take the plan of a search for quality that reaches the floor; whether there is one."""
    if inner.incumbent is None or inner.loss > -floor:
        return False
    plan = replace(inner.incumbent, loss=inner.incumbent.cost)
    if plan.loss < state.loss:
        state.incumbent = plan
    state.report("plan")
    return True


def _reach_floor_between(
    state: GoalState,
    cost: float,
    floor: float,
    best_quality_within: Callable[[float, float], GoalState],
) -> bool:
    """The same where starts have a price, and costs lie near each other: of those between the bound
    and the cost of the plan the middle one is asked about, until none is left, the gap is closed or
    a question stays open.
    """
    clock, instance, learnt = state.shared.clock, state.shared.instance, False
    low = at = max(cost, state.bound)
    while not clock.stopped() and not state.closed() and at < state.loss:
        if round(at, COST_DIGITS) in state.open_costs:
            return learnt
        with clock.limited(min(FLOOR_WORK, FLOOR_SHARE * clock.work)):
            inner = best_quality_within(at, floor)
        if _take_from_floor(state, inner, floor):
            learnt = True
            if at == low:
                return True
        elif inner.infeasible or inner.bound > -floor:
            # Every plan that costs no more is below the floor.
            state.raise_bound(_costs_between(instance, at, state.loss)[0])
            low, learnt = at, True
        elif state.incumbent is not None:
            state.open_costs.add(round(at, COST_DIGITS))
            return learnt
        if state.incumbent is None:
            at += max(at - cost, DEARER * cost, NO_STEP * DEARER)
        else:
            left = _costs_between(instance, low, state.loss)[:-1]
            at = float(left[(left.size - 1) // 2]) if left.size else low
    return learnt


def _costs_between(instance: Instance, low: float, high: float) -> np.ndarray:
    """What plans may cost above one cost (USD/h), in order, up to another one, which is the last;
    where these are too many, the first one, the middle and the last.
    """
    fleet, running = fleet_cost(instance), instance.running
    sums = np.array([fleet.base])
    for p, pool in enumerate(instance.pools):
        gpus = np.arange(pool.gpus + 1)
        own = fleet.use[p] * gpus + fleet.rent[p] * np.maximum(gpus - fleet.reserved[p], 0)
        sums = np.unique(np.round(np.add.outer(sums, np.unique(own)).ravel(), COST_DIGITS))
        sums = sums[sums < high]
        if sums.size > MOST_COSTS or not np.isfinite(high):
            return np.array([low, 0.5 * (low + high), high])
    start = 0.0 if running is None else running.start_price
    first = np.maximum(np.floor((low - sums) / start), 0.0)
    most = np.ceil((high - sums) / start)
    if (most - first).sum() > MOST_COSTS:
        return np.array([low, 0.5 * (low + high), high])
    every = [total + start * np.arange(a, b) for total, a, b in zip(sums, first, most, strict=True)]
    found = np.unique(np.round(np.concatenate([[], *every]), COST_DIGITS))
    slack = 10.0**-COST_DIGITS
    return np.append(found[(found > low + slack) & (found < high - slack)], high)
