"""Plunging: what is fixed in a step, and setups that keep every limit."""

import numpy as np
import pytest

from models.formulation import Goal, GoalKind
from models.instance import Instance
from planner.joint.programs.root_relaxation import FINE, relax_root, tighten_root
from planner.joint.setups.goal_state import GoalState
from planner.joint.steps.plunging import plunge_for_cost, plunge_from_relaxation, replicas_to_fix
from planner.settings import FLOOR_SLACK
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import feasible_instances, goal_state
from tests.support.instances.tiny import random_instance
from tests.support.walls import first_fast


@pytest.mark.parametrize(
    ("replicas", "fixed", "chosen"),
    [
        ([1.0, 0.4, 2.1, 0.0, 0.5], [], {0, 2}),
        ([1.0, 0.4, 2.1, 0.0, 0.5], [0, 2], {1}),
        ([1.0, 2.0, 0.0], [], set()),
        ([0.5, 0.5, 0.5, 0.5], [], {0, 1}),
    ],
)
def test_whole_replicas_and_those_nearest_to_whole_are_fixed(
    replicas: list[float], fixed: list[int], chosen: set[int]
) -> None:
    done = np.isin(np.arange(len(replicas)), fixed)
    assert set(replicas_to_fix(np.array(replicas), done, 0.3).tolist()) == chosen


@pytest.mark.parametrize("kind", first_fast(["convex", "nonconvex", "two_pools", "percentile"]))
def test_a_plunge_ends_in_plans_no_better_than_the_best(kind: str) -> None:
    found = 0
    for instance in feasible_instances(kind, 4):
        state = goal_state(instance)
        relaxation = relax_root(state)
        assert relaxation is not None
        cuts = len(state.shared.quality.cuts)
        plunge_from_relaxation(state, relaxation)
        assert state.plunge_cuts.size == len(state.shared.quality.cuts) - cuts
        if state.incumbent is None:
            continue
        found += 1
        truth = best_plan(instance)
        assert truth.bound is not None
        quality = state.shared.quality.to_score(-state.incumbent.loss)
        assert quality <= truth.bound + 1e-6
        assert np.all(state.incumbent.routed.replicas == np.rint(state.incumbent.routed.replicas))
        assert state.incumbent.routed.rates.sum() == pytest.approx(instance.arrival_rate)
    assert found


def cost_goal_state(instance: Instance, gap: float) -> GoalState:
    state = goal_state(instance)
    floor = state.shared.quality.from_score((instance.quality_floor or 0.0) - FLOOR_SLACK)
    return goal_state(instance, Goal(of=GoalKind.COST, quality_at_least=floor), gap)


def test_plunges_for_a_cost_end_in_plans_that_reach_the_floor() -> None:
    """None is cheaper than the cheapest plan. However large the gap in USD/h is, quality at the
    relaxation is right: costs bend at floors.
    """
    found = 0
    for instance in feasible_instances("cost", 4):
        state = cost_goal_state(instance, 1e-6)
        relaxation = relax_root(cost_goal_state(instance, 1.0))
        assert relaxation is not None
        assert relaxation.point.estimate_error <= FINE
        relaxation = relax_root(state)
        assert relaxation is not None
        relaxation = tighten_root(state, relaxation)
        points = plunge_for_cost(state, relaxation)
        assert points
        assert all(np.all(f >= 0) and f.sum() == pytest.approx(1.0) for f in points)
        truth = best_plan(instance)
        assert state.relaxation_bound <= truth.value + 1e-6
        if state.incumbent is None:
            continue
        found += 1
        assert state.loss >= truth.value - 1e-6
        quality = state.shared.quality.from_score(state.incumbent.settled.value)
        assert quality >= (state.goal.quality_at_least or 0.0) - 1e-9
        assert state.incumbent.routed.rates.sum() == pytest.approx(instance.arrival_rate)
    assert found


def test_a_plunge_for_a_cost_without_time_considers_nothing() -> None:
    state = cost_goal_state(random_instance(16, "cost"), 1e-6)
    relaxation = relax_root(state)
    assert relaxation is not None
    state.shared.clock.deadline = 0.0
    assert plunge_for_cost(state, relaxation) == []
    assert state.incumbent is None
