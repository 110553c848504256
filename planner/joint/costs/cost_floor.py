"""Cost under a quality floor: which costs are possible, and whether one that the program thinks
possible reaches the floor.

Plans cost sums of whole GPUs' prices, so between two possible costs lies none, and a cost says how
many GPUs of a pool there can be: with prices of 3, 1.8 and 0.9 USD/h it is a multiple of 0.3, and
where 64 GPUs at 3 USD/h are few, 338.7 takes 64, 61, 58 .. of them, 339.3 takes 63, 60, .. So costs
are asked about one at a time, from the bound up (`rule_out_costs`), after those that no numbers of
GPUs have (`skip_impossible_costs`): a program that knows how many GPUs are left of a pool that is
worth more than its price is infeasible at its root, where one for all costs at once has to branch
(12 LLMs, 256 GPUs, a floor near the best answers: bound 339.6 USD/h after 1 s of programs, in place
of 339.3 after 5).
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.formulation import GoalKind, fleet_cost, formulation_price_step
from models.instance import Instance
from planner.joint.programs.restricted_milp import MilpSolution, RestrictedMilp
from planner.joint.setups.goal_state import GoalState, incumbent_for_goal
from planner.joint.setups.separation import pack_tightly_for_separation
from planner.joint.solver.highs import StopReason

FLOOR_WORK, FLOOR_SHARE = 600_000, 0.2
"""Work of the question whether a cost reaches the quality floor (planner.settings.Settings): about
3 s, and a share of what is left where that is limited.
"""


DEARER = 0.002
"""Part of a cost by which the next one is dearer, at first."""

MOST_COSTS, COST_DIGITS = 20_000, 9
"""Costs that are listed at most, and their decimals."""

ROUNDING = 0.999
"""Part of a price step by which the next cost is dearer at least: the rest is for floating point.
"""

FEW_NODES, MANY_NODES = 1, 60
"""Nodes of the question whether a plan has one cost: in general, and where annealing has brought a
plan (12 LLMs, a floor near the best answers: 338.7 USD/h ruled out after 13 nodes, 4 s).
"""

MOST_STEPS, ASKED_AGAIN = 40, 2
"""Price steps between bound and plan at most for costs to be asked about one by one; times that one
cost is asked about again after a setup that missed the floor.
"""

MICRO = 1e6
"""Prices are whole numbers of millionths of a USD/h."""

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
            # price step lies none. Where no price is left to pay, every plan costs the same: there
            # is none.
            least = cost + (ROUNDING * step if step > 0 else NO_STEP)
            state.goal = replace(state.goal, cost_at_least=least)
            state.raise_bound(least)
            return True
        # Undecided: twice as far up each time, since a plan with a gap is better than none.
        dearer = max(2 * dearer, DEARER * cost, step)
    return False


def reach_floor_at_any_cost(
    state: GoalState, best_quality_within: Callable[[float, float], GoalState]
) -> None:
    """A first plan of a cost goal: that of a search for quality which ends at the floor.

    Without an incumbent the programs have no cutoff, and setups at the cheapest cost miss the
    floor by little, again and again (12 LLMs, 256 GPUs at light load: no plan in 20 s).
    """
    floor, shared = state.goal.quality_at_least, state.shared
    if floor is None:
        return
    found = best_quality_within(np.inf, floor).incumbent
    if found is None or found.loss > -floor:
        return
    packing = pack_tightly_for_separation(shared, found.routed.replicas)
    state.incumbent = incumbent_for_goal(
        shared.instance, shared.quality, state.goal.of, found.routed, packing, found.settled
    )
    state.report("plan")


def skip_impossible_costs(state: GoalState) -> None:
    """Raise the bound of a cost goal to the first cost that numbers of GPUs have; no program is
    solved.
    """
    instance, step = state.shared.instance, formulation_price_step(state.shared.instance)
    if state.goal.of != GoalKind.COST or instance.prices_changes or step == 0:
        return
    cost = _next_cost(instance, state.bound, step)
    for _ in range(MOST_STEPS):
        if cost > state.loss or gpus_at_cost(instance, cost) is not None:
            break
        cost += step
    state.raise_bound(cost - (1 - ROUNDING) * step)


def rule_out_costs(
    state: GoalState,
    milp: RestrictedMilp,
    consider: Callable[[MilpSolution], bool],
    nodes: int = FEW_NODES,
) -> None:
    """Raise the bound of a cost goal from one possible cost to the next, until there may be a plan
    of one.

    consider: takes a program's setup as a plan, or learns why it is none; whether it did either.
    nodes: of each question at most.
    """
    instance, clock, began = state.shared.instance, state.shared.clock, time.perf_counter()
    step, asked, before = formulation_price_step(instance), 0, state.bound
    if state.goal.of != GoalKind.COST or instance.prices_changes or step == 0:
        return
    few = state.loss - state.bound <= MOST_STEPS * step
    while few and asked <= ASKED_AGAIN and not state.closed() and not clock.stopped():
        skip_impossible_costs(state)
        cost = _next_cost(instance, state.bound, step)
        gpus = gpus_at_cost(instance, cost)
        if gpus is None:
            break
        solution = milp.solve_at_cost(cost, gpus, nodes)
        if solution.answer.stop is not StopReason.INFEASIBLE:
            asked += 1
            if not solution.has_setup or not consider(solution):
                break
            continue
        if cost + ROUNDING * step > min(state.loss, state.aside_bound):
            break
        asked = 0
        state.raise_bound(cost + ROUNDING * step)
        state.report("search")
    if state.bound > before:
        state.goal = replace(state.goal, cost_at_least=state.bound)
    clock.spend("costs", began)


def _next_cost(instance: Instance, bound: float, step: float) -> float:
    """The least multiple of the price step, above what is paid in any case, from a bound on."""
    base = fleet_cost(instance).base
    return base + step * float(np.ceil((bound - base) / step - (1 - ROUNDING)))


def gpus_at_cost(instance: Instance, cost: float) -> tuple[np.ndarray, np.ndarray] | None:
    """(P,) least and most GPUs in use of every pool in plans of one cost (USD/h); None where none
    has it.

    Of a pool those numbers count that leave a multiple of the step of all other pools' prices, and
    no more than these cost in all.
    """
    fleet, pools = fleet_cost(instance), instance.pools
    own = []
    for p, pool in enumerate(pools):
        used = np.arange(pool.gpus + 1)
        rented = np.maximum(used - fleet.reserved[p], 0)
        own.append(np.rint(MICRO * (fleet.use[p] * used + fleet.rent[p] * rented)).astype(np.int64))
    total = round(MICRO * (cost - fleet.base))
    prices = np.rint(MICRO * (fleet.use + fleet.rent)).astype(np.int64)
    low, high = np.zeros(len(pools)), np.zeros(len(pools))
    for p in range(len(pools)):
        step = int(np.gcd.reduce(np.delete(prices, p), initial=0))
        left, most = total - own[p], sum(int(o[-1]) for k, o in enumerate(own) if k != p)
        possible = np.flatnonzero((left >= 0) & (left <= most) & (left % max(step, 1) == 0))
        if not possible.size:
            return None
        low[p], high[p] = possible[0], possible[-1]
    return low, high


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
