"""Cost under a quality floor: whether a cost that the program thinks possible reaches the floor."""

from collections.abc import Callable
from dataclasses import replace

from models.formulation import GoalKind, formulation_price_step
from planner.joint.goal_state import GoalState

FLOOR_WORK, FLOOR_SHARE = 600_000, 0.2
"""Work of the question whether a cost reaches the quality floor (planner.settings.Settings): about
3 s, and a share of what is left where that is limited.
"""


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
    step, dearer = formulation_price_step(state.shared.instance), 0.0
    while not clock.stopped() and cost + dearer < state.loss:
        # A share of what is left, so that an open question does not take all of the time.
        with clock.limited(min(FLOOR_WORK, FLOOR_SHARE * clock.work)):
            inner = best_quality_within(cost + dearer, floor)
        if inner.incumbent is not None and inner.loss <= -floor:
            plan = replace(inner.incumbent, loss=inner.incumbent.cost)
            if plan.loss < state.loss:
                state.incumbent = plan
            state.report("plan")
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
        dearer = max(2 * dearer, 0.002 * cost, step)
    return False
