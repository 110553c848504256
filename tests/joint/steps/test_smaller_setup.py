"""A plan on part of the pools, where packing fails."""

from planner.joint.programs.restricted_milp import RestrictedMilp
from planner.joint.programs.root_relaxation import relax_root
from planner.joint.setups.separation import all_packed
from planner.joint.steps.smaller_setup import try_smaller_setup
from tests.support.instances.search_states import feasible_instances, goal_state


def test_where_packing_fails_a_plan_is_sought_on_part_of_the_pool() -> None:
    state = goal_state(feasible_instances("convex", 1)[0])
    relaxation = relax_root(state)
    assert relaxation is not None
    milp = RestrictedMilp(state, relaxation)
    options = milp.promising(99)
    replicas = milp.solve(options, 1e-6).setup()[0]
    try_smaller_setup(state, milp, options, replicas)
    assert state.incumbent is not None
    assert all_packed(state.incumbent.packing)
    assert state.shared.milp_solves >= 2
