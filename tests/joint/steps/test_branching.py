"""Which searches grow a tree, and that its bound and setups are those of the search."""

from dataclasses import replace

import pytest

from models.formulation import Goal, GoalKind
from planner.joint.programs.restricted_milp import RestrictedMilp
from planner.joint.programs.root_relaxation import relax_root
from planner.joint.steps.branching import branch_from_relaxation, programs_before_tree
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import feasible_instances, goal_state


@pytest.mark.parametrize(
    ("goal", "programs"),
    [
        (Goal(of=GoalKind.QUALITY), 3),
        (Goal(of=GoalKind.QUALITY, cost_at_most=5.0), 0),
        (Goal(of=GoalKind.COST, quality_at_least=0.5), 0),
    ],
)
def test_a_tree_is_for_quality_alone(goal: Goal, programs: int) -> None:
    state = replace(goal_state(feasible_instances("convex", 1)[0]), goal=goal)
    assert programs_before_tree(state) == programs


def test_its_bound_and_plan_enclose_the_optimum() -> None:
    instance = feasible_instances("two_pools", 1)[0]
    state = goal_state(instance)
    relaxation = relax_root(state)
    assert relaxation is not None
    branch_from_relaxation(state, RestrictedMilp(state, relaxation))
    best = best_plan(instance).value
    assert best is not None
    loss = -state.shared.quality.from_score(best)
    assert state.bound <= loss + 1e-9
    assert state.loss >= loss - 1e-6
    assert state.incumbent is not None
    assert state.bound > relaxation.point.loss
