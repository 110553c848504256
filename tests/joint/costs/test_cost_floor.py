"""Costs that miss the quality floor are ruled out, and the cheapest plan is that of brute force."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from unittest.mock import Mock

import numpy as np
import pytest

from models.formulation import Goal, GoalKind, fleet_cost, formulation_price_step
from models.instance import Instance, Running
from planner.joint.costs import cost_floor, cost_steps
from planner.joint.costs.cost_floor import (
    _costs_between,
    gpus_at_cost,
    reach_cost_floor,
    rule_out_costs,
    skip_impossible_costs,
)
from planner.joint.programs.restricted_milp import MilpSolution, RestrictedMilp
from planner.joint.programs.root_relaxation import relax_root
from planner.joint.search import Search
from planner.joint.setups.goal_state import GoalState
from planner.joint.solve import solve_joint
from planner.settings import Settings
from tests.joint.steps.test_plunging import cost_goal_state
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import (
    QUALITY,
    feasible_instances,
    fresh_state,
    goal_state,
)
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


@pytest.mark.parametrize("seed", range(6))
def test_gpus_at_a_cost_are_those_of_every_fleet_that_costs_it(seed: int) -> None:
    """Against all fleets of three pools: rented, partly reserved, owned; costs of none have none,
    or a range that no fleet is in.
    """
    rng = np.random.default_rng(seed)
    base = random_instance(16, "cost")
    pools = tuple(
        replace(
            base.pools[0],
            nodes=int(rng.integers(1, 3)),
            gpus_per_node=4,
            price=float(rng.choice([0.9, 1.8, 3.0, 2.5])),
            owned=bool(rng.random() < 0.2),
            reserved=int(rng.random() < 0.3),
            reserved_price=0.7,
        )
        for _ in range(3)
    )
    instance = replace(base, pools=pools)
    fleet, step = fleet_cost(instance), formulation_price_step(instance)
    by_cost: dict[int, list[tuple[int, ...]]] = {}
    for gpus in product(*(range(pool.gpus + 1) for pool in pools)):
        by_cost.setdefault(round((fleet.at(gpus) - fleet.base) / step), []).append(gpus)
    for steps in range(max(by_cost) + 2):
        possible = gpus_at_cost(instance, fleet.base + steps * step)
        fleets = np.array(by_cost.get(steps, np.zeros((0, 3))))
        if possible is None:
            assert not fleets.size
        elif fleets.size:
            assert np.all(possible[0] <= fleets.min(axis=0))
            assert np.all(fleets.max(axis=0) <= possible[1])


def test_a_cost_leaves_few_numbers_of_gpus() -> None:
    """What the other pools' prices cannot add up to, one pool has to."""
    pool = random_instance(16, "cost").pools[0]
    pools = tuple(
        replace(pool, nodes=n, gpus_per_node=8, price=price, owned=False, reserved=0)
        for n, price in ((16, 1.8), (8, 3.0), (8, 0.9))
    )
    instance = replace(random_instance(16, "cost"), pools=pools)
    most = [gpus_at_cost(instance, cost) for cost in (338.7, 339.0, 339.3, 339.6)]
    assert [int(gpus[1][1]) for gpus in most if gpus is not None] == [64, 62, 63, 64]
    assert gpus_at_cost(instance, 0.3) is None


def test_the_bound_rises_to_the_first_cost_that_gpus_have() -> None:
    """With all but nothing of two pools in use, the next cost below leaves a whole GPU idle."""
    instance = random_instance(16, "cost")
    pool = replace(instance.pools[0], gpus_per_node=8, owned=False, reserved=0)
    pools = (replace(pool, nodes=8, price=1.8), replace(pool, nodes=4, price=3.0))
    state = cost_goal_state(replace(instance, pools=pools), 1e-6)
    for bound, first in ((210.57, 211.2), (209.0, 209.4), (0.1, 1.8), (211.2, 211.2)):
        state.bound = bound
        skip_impossible_costs(state)
        assert state.bound == pytest.approx(first, abs=1e-3)
        assert state.bound <= first
    state.bound = 211.3
    skip_impossible_costs(state)
    assert state.bound >= 211.3


@pytest.mark.parametrize("seed", range(4))
def test_no_plan_is_cheaper_than_the_first_possible_cost(seed: int) -> None:
    instance = feasible_instances("cost", 4)[seed]
    state = cost_goal_state(instance, 1e-6)
    assert relax_root(state) is not None
    truth, before = best_plan(instance).value, state.bound
    assert truth is not None
    skip_impossible_costs(state)
    assert before <= state.bound <= truth


def test_costs_below_the_cheapest_plan_are_ruled_out() -> None:
    """From the bound of the relaxation: the bound rises, never above the cheapest plan, and no cost
    that was ruled out is asked about again.
    """
    rises = 0
    for instance in feasible_instances("cost", 4):
        state = cost_goal_state(instance, 1e-6)
        relaxation = relax_root(state)
        assert relaxation is not None
        truth, before = best_plan(instance).value, state.bound
        assert truth is not None
        asked: list[float] = []
        milp = RestrictedMilp(state, relaxation)
        solve = milp.solve_at_cost

        def counted(
            cost: float,
            gpus: tuple[np.ndarray, np.ndarray],
            nodes: int,
            asked: list[float] = asked,
            solve: Callable[..., MilpSolution] = solve,
        ) -> MilpSolution:
            asked.append(cost)
            return solve(cost, gpus, nodes)

        milp.solve_at_cost = counted  # type: ignore[method-assign]
        state.incumbent = Mock(loss=truth + 1.0)
        state.incumbent.routed.replicas = np.zeros(len(instance.options), dtype=int)
        state.incumbent.routed.fractions = relaxation.point.fractions
        rule_out_costs(state, milp, lambda _: False)
        assert before <= state.bound <= truth + 1e-9
        assert len(set(asked)) == len(asked)
        if state.bound > before:
            rises += 1
            assert state.goal.cost_at_least == state.bound
    assert rises


def test_other_goals_rule_out_no_cost() -> None:
    """Nor where starts have a price: costs then lie near each other."""
    for state in (replace(cost_state(), goal=QUALITY), goal_state(priced_instance(0.3))):
        rule_out_costs(state, Mock(), lambda _: pytest.fail("not asked"))
        assert state.bound == -np.inf


@pytest.mark.parametrize("seed", range(3))
def test_a_search_that_rules_costs_out_is_right(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of LLMs."""
    monkeypatch.setattr(cost_steps, "NEARBY_LLMS", 0)
    monkeypatch.setattr(cost_steps, "search_cost_neighbourhood", lambda *_: None)
    called: list[object] = []
    whole = cost_floor.rule_out_costs
    monkeypatch.setattr(cost_steps, "rule_out_costs", lambda *a: (called.append(a), whole(*a)))
    instance = feasible_instances("cost", 3)[seed]
    truth = best_plan(instance).value
    solution = solve_joint(instance, Settings(rel_gap=1e-6), explain=False)
    assert solution.value == pytest.approx(truth)
    assert solution.bound is not None
    assert truth is not None
    assert solution.bound <= truth + 1e-6
    assert called
