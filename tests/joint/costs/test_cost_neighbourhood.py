"""The neighbourhood for a cost: plans that reach the floor, none cheaper than the cheapest one."""

import numpy as np
import pytest

from planner.joint.costs import cost_neighbourhood, cost_steps
from planner.joint.costs.cost_neighbourhood import price_of_floor, search_cost_neighbourhood
from planner.joint.programs.root_relaxation import RootRelaxation, relax_root
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import consider_primal
from planner.joint.setups.separation import pack_tightly_for_separation
from planner.joint.solve import solve_joint
from planner.settings import Settings
from tests.joint.steps.test_plunging import cost_goal_state
from tests.support.instances.oracle import best_plan, feasible_setups
from tests.support.instances.search_states import feasible_instances
from tests.support.instances.tiny import random_instance


@pytest.fixture(autouse=True)
def few_dives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny instances have few neighbours."""
    monkeypatch.setattr(cost_neighbourhood, "IN_VAIN", 4)


def relaxed(state: GoalState) -> RootRelaxation:
    relaxation = relax_root(state)
    assert relaxation is not None
    return relaxation


def floor_is_kept(state: GoalState) -> bool:
    assert state.incumbent is not None
    quality = state.shared.quality.from_score(state.incumbent.settled.value)
    return bool(quality >= (state.goal.quality_at_least or 0.0) - 1e-9)


@pytest.mark.parametrize("seed", [16, 34, 35])
def test_from_a_dive_to_the_cheapest_plan(seed: int) -> None:
    instance = random_instance(seed, "cost")
    state = cost_goal_state(instance, 1e-6)
    relaxation = relaxed(state)
    assert price_of_floor(relaxation) > 0
    search_cost_neighbourhood(state, relaxation)
    assert state.loss == pytest.approx(best_plan(instance).value)
    assert floor_is_kept(state)


@pytest.mark.parametrize("seed", [28, 34, 55, 56])
def test_from_a_dear_plan_to_a_cheap_one(seed: int) -> None:
    """From the dearest setup that reaches the floor."""
    instance = random_instance(seed, "cost")
    state = cost_goal_state(instance, 1e-6)
    relaxation = relaxed(state)
    for setup in sorted(feasible_setups(instance), key=lambda s: -(s.cost or 0.0)):
        replicas = np.array(setup.replicas)
        rates = replicas * np.array([o.curve.max_rate for o in instance.options])
        packings = pack_tightly_for_separation(state.shared, replicas)
        consider_primal(state, replicas, rates * instance.arrival_rate / rates.sum(), packings)
        if state.incumbent is not None:
            break
    first, least = state.loss, best_plan(instance).value
    assert first > least
    search_cost_neighbourhood(state, relaxation)
    assert state.loss == pytest.approx(least)
    assert floor_is_kept(state)


def test_a_floor_that_costs_nothing_has_no_neighbourhood() -> None:
    instance = feasible_instances("cost", 2)[1]
    state = cost_goal_state(instance, 1e-6)
    relaxation = relaxed(state)
    assert price_of_floor(relaxation) == 0
    search_cost_neighbourhood(state, relaxation)
    assert state.incumbent is None


def test_its_cuts_are_those_of_plunges() -> None:
    """Programs do not hold them."""
    for instance in feasible_instances("cost", 3):
        state = cost_goal_state(instance, 1e-6)
        relaxation = relaxed(state)
        cuts = len(state.shared.quality.cuts)
        search_cost_neighbourhood(state, relaxation)
        made = np.arange(cuts, len(state.shared.quality.cuts))
        assert state.plunge_cuts.tolist() == made.tolist()


def test_without_time_it_considers_nothing() -> None:
    state = cost_goal_state(random_instance(16, "cost"), 1e-6)
    relaxation = relaxed(state)
    state.shared.clock.deadline = 0.0
    search_cost_neighbourhood(state, relaxation)
    assert state.incumbent is None


@pytest.mark.parametrize("seed", range(3))
def test_a_search_with_it_is_right(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of rounding, whatever the number of LLMs."""
    monkeypatch.setattr(cost_steps, "NEARBY_LLMS", 0)
    called: list[object] = []
    whole = search_cost_neighbourhood

    def counted(state: GoalState, relaxation: RootRelaxation) -> None:
        called.append(state)
        whole(state, relaxation)

    monkeypatch.setattr(cost_steps, "search_cost_neighbourhood", counted)
    instance = feasible_instances("cost", 3)[seed]
    truth = best_plan(instance).value
    solution = solve_joint(instance, Settings(rel_gap=1e-6), explain=False)
    assert solution.value == pytest.approx(truth)
    assert solution.bound is not None
    assert truth is not None
    assert solution.bound <= truth + 1e-6
    assert called
