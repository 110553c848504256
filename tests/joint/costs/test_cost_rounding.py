"""Rounding for a cost: plans that reach the floor, none cheaper than the cheapest one; where it
brings none, plunges follow.
"""

import numpy as np
import pytest

from planner.joint import search as searching
from planner.joint.costs import cost_steps
from planner.joint.costs.cost_rounding import round_for_cost
from planner.joint.programs.root_relaxation import relax_root, tighten_root
from planner.joint.solve import solve_joint
from tests.joint.steps.test_plunging import cost_goal_state
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import feasible_instances
from tests.support.instances.tiny import random_instance


def test_rounding_ends_in_plans_that_reach_the_floor() -> None:
    found = 0
    for instance in feasible_instances("cost", 4):
        state = cost_goal_state(instance, 1e-6)
        relaxation = relax_root(state)
        assert relaxation is not None
        points = round_for_cost(state, tighten_root(state, relaxation))
        assert all(np.all(f >= 0) and f.sum() == pytest.approx(1.0) for f in points)
        if state.incumbent is None:
            continue
        found += 1
        assert state.loss >= best_plan(instance).value - 1e-6
        quality = state.shared.quality.from_score(state.incumbent.settled.value)
        assert quality >= (state.goal.quality_at_least or 0.0) - 1e-9
        assert state.incumbent.routed.rates.sum() == pytest.approx(instance.arrival_rate)
    assert found


def test_rounding_without_time_considers_nothing() -> None:
    state = cost_goal_state(random_instance(16, "cost"), 1e-6)
    relaxation = relax_root(state)
    assert relaxation is not None
    state.shared.clock.deadline = 0.0
    assert round_for_cost(state, relaxation) == []
    assert state.incumbent is None


@pytest.mark.parametrize("rounds", [False, True])
def test_plunges_follow_where_rounding_brings_nothing(
    monkeypatch: pytest.MonkeyPatch, rounds: bool
) -> None:
    """A plan that reaches the floor at any cost, found in between, is no reason to leave them."""
    plunged: list[object] = []

    def plunge(*given: object) -> list[np.ndarray]:
        plunged.append(given)
        return []

    monkeypatch.setattr(cost_steps, "plunge_for_cost", plunge)
    # The first plan is left to the steps in question.
    monkeypatch.setattr(searching, "try_rounding_heuristic", lambda *_: None)
    if not rounds:
        monkeypatch.setattr(cost_steps, "round_for_cost", lambda *_: [])
    (instance,) = feasible_instances("cost", 1)
    solution = solve_joint(instance, explain=False)
    assert solution.value == pytest.approx(best_plan(instance).value)
    assert bool(plunged) is not rounds
