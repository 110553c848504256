"""Annealing for a cost: plans near the bound of the programs, limits that hold, and chance that
repeats.
"""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Instance
from planner.joint.costs import cost_annealing, cost_steps
from planner.joint.costs.cost_annealing import CostAnnealing, resample_chains
from planner.joint.costs.cost_neighbourhood import price_of_floor
from planner.joint.programs.root_relaxation import relax_root
from planner.joint.solve import solve_joint
from planner.settings import Settings
from tests.joint.steps.test_plunging import cost_goal_state
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import feasible_instances
from tests.support.smooth_fleet import smooth_fleet


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_annealing, "CHAINS", 32)
    monkeypatch.setattr(cost_annealing, "STEPS", 400)


def annealing_of(instance: Instance) -> CostAnnealing | None:
    """None where the floor has no price."""
    state = cost_goal_state(instance, 1e-6)
    relaxation = relax_root(state)
    assert relaxation is not None
    price = price_of_floor(relaxation)
    options = state.shared.usable()
    if price <= 0:
        return None
    return CostAnnealing(state, relaxation.point, relaxation.layout, options, price)


def test_a_plan_of_a_fleet_is_near_the_bound_of_the_programs() -> None:
    instance = smooth_fleet(0)
    annealing = annealing_of(instance)
    assert annealing is not None
    annealing.improve()
    assert (annealing.rounds, annealing.plans > 0) == (1, True)
    state = annealing.state
    assert state.incumbent is not None
    quality = state.shared.quality.from_score(state.incumbent.settled.value)
    assert quality >= (state.goal.quality_at_least or 0.0) - 1e-9
    truth = solve_joint(instance, Settings(rel_gap=1e-2), explain=False, lean=False)
    assert truth.bound is not None
    assert truth.bound - 1e-6 <= state.loss <= truth.bound * (1 + 2e-2)


def test_a_second_round_is_another_one_and_chance_repeats() -> None:
    first, second = (annealing_of(smooth_fleet(1)) for _ in range(2))
    assert first is not None
    assert second is not None
    one, same = (a.anneal(np.random.default_rng([0, 0])) for a in (first, second))
    assert [setup.replicas.tolist() for setup in one] == [s.replicas.tolist() for s in same]
    other = first.anneal(np.random.default_rng([0, 1]))
    assert {s.replicas.tobytes() for s in one} != {s.replicas.tobytes() for s in other}


def test_setups_keep_pools_and_limits_of_llms() -> None:
    instance = smooth_fleet(0)
    llms = (replace(instance.llms[0], min_replicas=3), replace(instance.llms[1], max_replicas=2))
    limited = replace(instance, llms=(*llms, *instance.llms[2:]))
    annealing = annealing_of(limited)
    assert annealing is not None
    found = annealing.anneal(np.random.default_rng(0))
    assert found
    llm = np.array([o.llm for o in instance.options])
    size = np.array([o.tp_degree for o in instance.options])
    pool = np.array([o.pool for o in instance.options])
    for setup in found:
        of_llms = np.bincount(llm, weights=setup.replicas)
        assert of_llms[0] >= 3
        assert of_llms[1] <= 2
        gpus = np.bincount(pool, weights=setup.replicas * size)
        assert np.all(gpus <= [16, 48])
        assert setup.cost == pytest.approx(gpus @ [3.0, 1.8])


def test_without_time_nothing_is_considered() -> None:
    annealing = annealing_of(smooth_fleet(0))
    assert annealing is not None
    annealing.state.shared.clock.deadline = 0.0
    annealing.improve()
    assert annealing.state.incumbent is None
    assert annealing.plans == 0


def test_chains_are_copied_as_often_as_their_energy_says() -> None:
    energy = np.array([0.0, 0.0, 50.0, 2 * np.log(2)])
    chosen = resample_chains(np.repeat(energy, 100), 1.0, np.random.default_rng(0))
    often = np.bincount(chosen // 100, minlength=4)
    assert often == pytest.approx([160, 160, 0, 80], abs=2)


@pytest.mark.parametrize("seed", range(3))
def test_a_search_with_it_is_right(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of LLMs and however rough scores and curves."""
    monkeypatch.setattr(cost_steps, "NEARBY_LLMS", 0)
    monkeypatch.setattr(cost_steps, "search_cost_neighbourhood", lambda *_: None)
    instance = feasible_instances("cost", 3)[seed]
    truth = best_plan(instance).value
    solution = solve_joint(instance, Settings(rel_gap=1e-6), explain=False)
    assert solution.value == pytest.approx(truth)
    assert solution.bound is not None
    assert truth is not None
    assert solution.bound <= truth + 1e-6
