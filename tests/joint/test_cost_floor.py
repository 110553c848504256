"""Costs that miss the quality floor are ruled out, and the cheapest plan is that of brute force."""

from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest

from models.formulation import Goal, GoalKind, formulation_price_step
from models.instance import Instance, Running
from planner.joint.cost_floor import _costs_between, reach_cost_floor
from planner.joint.search import Search
from planner.joint.setups.goal_state import GoalState
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import QUALITY, fresh_state, goal_state
from tests.support.instances.tiny import random_instance


@pytest.mark.parametrize("seed", [16, 32, 216])
def test_a_cost_that_misses_the_floor_is_ruled_out(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Where the program thinks a cost possible that its setup misses the floor at, the best quality
    within that cost decides; the cheapest plan is that of brute force.
    """
    instance, requested = random_instance(seed, "cost"), []
    real = Search._best_quality_within

    def recording(self: Search, cost: float, floor: float) -> GoalState:
        requested.append(cost)
        return real(self, cost, floor)

    monkeypatch.setattr(Search, "_best_quality_within", recording)
    shared = fresh_state(instance)
    floor = shared.quality.from_score((instance.quality_floor or 0.0) - 1e-6)
    search = Search(shared, Goal(of=GoalKind.COST, quality_at_least=floor), lambda _: 1e-6)
    search.run()
    truth = best_plan(instance)
    assert requested
    assert search.loss == pytest.approx(truth.value)
    assert search.bound <= truth.value + 1e-6
    assert search.closed()
    assert search.incumbent is not None
    assert shared.quality.from_score(search.incumbent.settled.value) >= floor - 1e-9


def cost_state(floor: float = 0.5) -> GoalState:
    return goal_state(random_instance(16, "cost"), Goal(of=GoalKind.COST, quality_at_least=floor))


def test_a_quality_bound_below_the_floor_raises_the_cost_by_a_price_step() -> None:
    state = cost_state()
    inner = goal_state(state.shared.instance)
    inner.bound = -0.4
    assert reach_cost_floor(state, 3.0, lambda *_: inner)
    step = formulation_price_step(state.shared.instance)
    assert 3.0 < state.bound <= 3.0 + step
    assert state.goal.cost_at_least == state.bound


def test_while_it_is_open_dearer_plans_are_sought() -> None:
    """Twice as dear each time, until the search is stopped; nothing is claimed."""
    state, costs = cost_state(), []
    inner = goal_state(state.shared.instance)
    inner.bound = -0.9

    def undecided(cost: float, floor: float) -> GoalState:
        assert floor == 0.5
        costs.append(cost)
        return inner

    state.shared.clock.stopped = lambda: len(costs) == 4  # type: ignore[method-assign]
    assert not reach_cost_floor(state, 3.0, undecided)
    assert costs[0] == 3.0
    steps = np.diff(costs)
    assert np.all(steps[1:] >= 0.99 * steps[:-1])
    assert state.bound == -np.inf


def test_other_goals_have_no_floor_to_reach() -> None:
    state = replace(cost_state(), goal=QUALITY)
    assert not reach_cost_floor(state, 3.0, lambda *_: pytest.fail("not a cost goal"))


def priced_instance(start_price: float) -> Instance:
    instance = random_instance(16, "cost")
    none = (0,) * len(instance.options)
    running = Running(replicas=none, rates=tuple(map(float, none)), start_price=start_price)
    return replace(instance, running=running)


def test_costs_between_two_are_sums_of_gpus_and_starts() -> None:
    """Every one but the last, which is the upper end; few of too many."""
    pools = tuple(
        replace(p, price=2.0, owned=False, reserved=0) for p in random_instance(16, "cost").pools
    )
    instance = replace(priced_instance(0.3), pools=pools)
    assert _costs_between(instance, 2.0, 3.0).tolist() == pytest.approx(
        [2.1, 2.3, 2.4, 2.6, 2.7, 2.9, 3.0]
    )
    assert _costs_between(instance, 2.0, 2.05).tolist() == [2.05]
    assert _costs_between(priced_instance(1e-7), 2.0, 3.0).tolist() == [2.0, 2.5, 3.0]


def test_with_a_price_of_starts_the_costs_between_are_halved() -> None:
    """A bound below the floor at every cost raises the bound to that of the plan."""
    state, asked = goal_state(priced_instance(0.3), cost_state().goal), []
    state.incumbent = Mock(loss=3.0)

    def below(cost: float, _floor: float) -> GoalState:
        asked.append(cost)
        inner = goal_state(state.shared.instance)
        inner.bound = -0.4
        return inner

    assert reach_cost_floor(state, 2.0, below)
    assert state.bound == pytest.approx(3.0)
    assert state.goal.cost_at_least is None
    assert asked[0] == 2.0
    assert len(asked) <= 6
