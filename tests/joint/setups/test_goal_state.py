"""The state of one search: loss, bound, and when they have met."""

from dataclasses import replace

import numpy as np
import pytest

from models.formulation import Goal, GoalKind
from models.instance import ObjectiveKind
from models.packing.first_fit import Packing, PackingVerdict
from planner.joint.setups.goal_state import Incumbent, incumbent_for_goal
from planner.joint.setups.setup_routing import RoutedSetup
from tests.support.instances.search_states import fresh_state, goal_state
from tests.support.instances.tiny import random_instance

INSTANCE = random_instance(2, "two_pools")


def incumbent(goal: GoalKind = GoalKind.QUALITY, gpus: tuple[int, ...] = (1, 2)) -> Incumbent:
    """One LLM alone answers."""
    state = fresh_state(INSTANCE)
    fractions = np.eye(len(INSTANCE.llms))[0]
    settled = state.quality.settle(fractions)
    none = np.zeros(len(INSTANCE.options))
    routed = RoutedSetup(none.astype(int), none, fractions, 0.0)
    packing = tuple(Packing(PackingVerdict.PACKED, (), count) for count in gpus)
    return incumbent_for_goal(INSTANCE, state.quality, goal, routed, packing, settled)


def test_a_plan_s_loss_is_that_of_the_goal() -> None:
    plan = incumbent()
    price = [pool.price or 0.0 for pool in INSTANCE.pools]
    quality = float(INSTANCE.scores.values[0] @ INSTANCE.scores.weights)
    assert plan.settled.value == pytest.approx(quality)
    assert plan.loss == pytest.approx(-fresh_state(INSTANCE).quality.from_score(quality))
    assert plan.gpus == 3
    assert plan.cost == pytest.approx(price[0] + 2 * price[1])
    assert incumbent(GoalKind.COST).loss == plan.cost
    lean = incumbent(GoalKind.GPUS).loss
    assert 3.0 < lean < 3.5, "GPUs first, all prices together weigh less than half of one"
    assert incumbent(GoalKind.GPUS, (2, 1)).loss > lean, "then the dearer pool"


def test_a_search_is_closed_when_bound_and_plan_meet() -> None:
    state = goal_state(INSTANCE, gap=1e-3)
    assert state.loss == np.inf
    assert not state.closed()
    state.incumbent = replace(incumbent(), loss=-0.5)
    assert not state.closed()
    state.raise_bound(-0.502)
    assert not state.closed()
    state.raise_bound(-0.5009)
    assert state.closed()
    assert state.tolerance() == 1e-3


def test_no_branch_raises_a_bound_that_is_the_mean_of_the_best_answers() -> None:
    state, scores = goal_state(INSTANCE, gap=1e-3), INSTANCE.scores
    best = state.shared.quality.from_score(float(scores.values.max(axis=0) @ scores.weights))
    for above, flat in ((0.0, True), (0.9e-3, True), (1.1e-3, False), (0.1, False)):
        state.bound = -best + above
        assert state.bounded_by_best_answers() is flat


def test_a_loss_that_is_good_enough_closes_it() -> None:
    state = goal_state(INSTANCE)
    state.enough = -0.4
    state.incumbent = replace(incumbent(), loss=-0.39)
    assert not state.closed()
    state.incumbent = replace(incumbent(), loss=-0.4)
    assert state.closed()


def test_the_bound_only_rises_and_never_beyond_the_plan() -> None:
    state = goal_state(INSTANCE)
    state.raise_bound(-0.9)
    state.raise_bound(-1.2)
    assert state.bound == -0.9
    state.incumbent = replace(incumbent(), loss=-0.6)
    state.raise_bound(-0.3)
    assert state.bound == -0.6


def test_reports_carry_loss_and_bound() -> None:
    state = goal_state(INSTANCE)
    state.report("nobody listens")
    seen: list[tuple[str, float | None, float | None]] = []
    state.shared.report = lambda *what: seen.append(what)
    state.report("search")
    state.raise_bound(-0.9)
    state.incumbent = replace(incumbent(), loss=-0.5)
    state.report("plan")
    state.report("search", -0.7)
    assert seen == [("search", None, None), ("plan", -0.5, -0.9), ("search", -0.5, -0.7)]


def test_an_inner_search_reports_nothing() -> None:
    """Under a cost the best quality is sought too: its loss, -0.63, is no cost."""
    seen: list[object] = []
    inner = goal_state(replace(INSTANCE, objective=ObjectiveKind.COST, quality_floor=0.0))
    inner.shared.report = lambda *what: seen.append(what)
    inner.goal = Goal(of=GoalKind.QUALITY)
    inner.report("search")
    assert seen == []
    inner.goal = Goal(of=GoalKind.COST)
    inner.report("search")
    assert seen == [("search", None, None)]
