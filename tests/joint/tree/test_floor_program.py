"""The program of a floor that may be missed: setups are weighed as brute force weighs them."""

import numpy as np

from planner.joint.solver.highs import StopReason
from planner.joint.tree.branch_and_cut import replica_groups
from planner.joint.tree.floor_program import (
    MISSED,
    QUALITY_TOLERANCE,
    REACHED,
    FloorProgram,
    PricedFloor,
)
from tests.joint.steps.test_plunging import cost_goal_state
from tests.support.instances.oracle import feasible_setups, search_rates
from tests.support.instances.search_states import feasible_instances, fresh_state

PRICE, ROUNDS = 7.0, 60


def test_a_setup_costs_its_gpus_and_what_it_misses() -> None:
    """Never more than its packing on named GPUs and its best quality make of it, on both sides of
    the floor, and often exactly that.
    """
    missing = reaching = exact = 0
    for instance in feasible_instances("cost", 3):
        goal, state = cost_goal_state(instance, 1e-6).goal, fresh_state(instance)
        options = state.usable()
        floor = goal.quality_at_least or 0.0
        form = state.formulation(goal, options)
        points = {o: state.points(o) for o in options}
        near = np.full(len(instance.llms), 1 / len(instance.llms))
        groups, given = replica_groups(form), PricedFloor(floor, PRICE)
        program = FloorProgram(form, state.quality, points, state.settings(), groups, near, given)
        setups = feasible_setups(instance)
        for chosen in setups[:: max(len(setups) // 8, 1)]:
            best = search_rates(instance, [chosen])
            if not best.feasible or chosen.cost is None:
                continue
            counts = groups @ np.array(chosen.replicas)
            point = program.solve_box(counts, counts, np.inf, QUALITY_TOLERANCE, ROUNDS)
            assert point.stop is StopReason.OPTIMAL
            beyond = state.quality.from_score(best.value) - floor
            loss = chosen.cost - PRICE * (REACHED if beyond > 0 else MISSED) * beyond
            assert point.bound <= loss + 1e-6
            assert program.missed <= max(-beyond, 0.0) + 1e-6
            missing += beyond < 0
            reaching += beyond > 0
            exact += point.bound >= loss - 1e-3
    assert missing
    assert reaching
    assert exact
