"""The neighbourhood of the best plan: it leads to the optimum of tiny instances, no further."""

import numpy as np
import pytest

from models.instance import Llm
from planner.joint import search
from planner.joint.programs.restricted_milp import RestrictedMilp
from planner.joint.programs.root_relaxation import relax_root
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import consider_primal, try_rounding_heuristic
from planner.joint.setups.separation import pack_for_separation
from planner.joint.solve import solve_joint
from planner.joint.steps import neighbourhood
from planner.joint.steps.neighbourhood import search_neighbourhood
from planner.settings import Settings
from planner.solution import Status
from tests.support.instances.by_hand import flat, make, option
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import feasible_instances, goal_state
from tests.support.instances.tiny import random_instance
from tests.support.walls import first_fast


@pytest.fixture(autouse=True)
def few_dives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny instances have few neighbours."""
    monkeypatch.setattr(neighbourhood, "IN_VAIN", 4)


def searched(state: GoalState) -> GoalState:
    """A state with a relaxation, a plan and its neighbourhood."""
    relaxation = relax_root(state)
    assert relaxation is not None
    if state.incumbent is None:
        try_rounding_heuristic(state, relaxation.point)
    search_neighbourhood(state, RestrictedMilp(state, relaxation))
    return state


@pytest.mark.parametrize("kind", first_fast(["two_pools", "convex", "nonconvex", "percentile"]))
def test_its_plans_are_no_better_than_the_best_and_no_worse_than_the_first(kind: str) -> None:
    best = 0
    for instance in feasible_instances(kind, 3):
        first = goal_state(instance)
        relaxation = relax_root(first)
        assert relaxation is not None
        try_rounding_heuristic(first, relaxation.point)
        state = searched(goal_state(instance))
        truth = best_plan(instance)
        assert truth.bound is not None
        assert truth.value is not None
        assert state.loss <= first.loss + 1e-9
        assert state.shared.quality.to_score(-state.loss) <= truth.bound + 1e-6
        best += state.shared.quality.to_score(-state.loss) >= truth.value - 1e-4
    assert best >= 2


def test_from_the_worst_setup_to_the_best() -> None:
    """`good` carries 5 req/s a GPU, `poor` 20: of 15 req/s on three GPUs `good` takes them all."""
    options = [option(0, flat(0.1, 5)), option(1, flat(0.1, 20))]
    state = goal_state(make(options, 15, gpus=3))
    consider_primal(
        state,
        np.array([0, 1]),
        np.array([0.0, 15.0]),
        pack_for_separation(state.shared, np.array([0, 1])),
    )
    assert state.loss == pytest.approx(0.0)
    cuts = len(state.shared.quality.cuts)
    searched(state)
    assert state.incumbent is not None
    assert state.incumbent.routed.replicas.tolist() == [3, 0]
    assert state.loss == pytest.approx(-1.0)
    assert set(state.plunge_cuts.tolist()) <= set(range(cuts, len(state.shared.quality.cuts)))


def test_it_keeps_least_and_most_replicas() -> None:
    """The same, but `poor` has to be there and `good` may be there once."""
    llms = (Llm("good", max_replicas=1), Llm("poor", min_replicas=1))
    options = [option(0, flat(0.1, 5)), option(1, flat(0.1, 20))]
    state = searched(goal_state(make(options, 15, gpus=3, llms=llms)))
    assert state.incumbent is not None
    assert state.incumbent.routed.replicas[0] == 1
    assert state.incumbent.routed.replicas[1] >= 1
    assert state.loss == pytest.approx(-1 / 3)


def test_without_a_plan_there_is_no_neighbourhood() -> None:
    state = goal_state(make([option(0, flat(0.1, 5))], 5, gpus=1))
    relaxation = relax_root(state)
    assert relaxation is not None
    search_neighbourhood(state, RestrictedMilp(state, relaxation))
    assert state.incumbent is None


def test_the_same_seed_finds_the_same_plan() -> None:
    instance = random_instance(17, "two_pools")
    one, other = (searched(goal_state(instance, gap=0.0)) for _ in range(2))
    assert one.incumbent is not None
    assert other.incumbent is not None
    assert one.loss == other.loss
    assert np.array_equal(one.incumbent.routed.replicas, other.incumbent.routed.replicas)


@pytest.mark.parametrize("seed", first_fast(range(3)))
def test_a_search_with_it_is_right(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the tree, after the first program."""
    monkeypatch.setattr(search, "programs_before_tree", lambda _: 0)
    instance = random_instance(seed, "two_pools")
    truth = best_plan(instance)
    solution = solve_joint(instance, Settings(rel_gap=1e-6), explain=False)
    if truth.value is None or truth.bound is None:
        assert solution.status == Status.INFEASIBLE
        return
    assert truth.value - 1e-4 <= float(solution.value) <= truth.bound + 1e-6  # type: ignore[arg-type]
    assert float(solution.bound) >= truth.value - 1e-6  # type: ignore[arg-type]
