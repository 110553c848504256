"""Primal heuristics: setups near the relaxation that keep every limit, and a door to the incumbent
that only better plans pass.
"""

from dataclasses import replace

import numpy as np
import pytest

from models.formulation import Changes, Goal, GoalKind
from models.instance import Llm
from models.nogood import NoGood
from planner.joint.programs.root_relaxation import relax_root
from planner.joint.setups.cut_loop import RelaxationPoint
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import (
    consider_primal,
    heuristic_meets_floors,
    place_or_thin_heuristic,
    round_relaxation_heuristic,
    thin_out_heuristic,
    try_rounding_heuristic,
)
from planner.joint.setups.separation import all_packed, pack_for_separation
from tests.support.instances.clusters import cluster
from tests.support.instances.search_states import feasible_instances, fresh_state, goal_state
from tests.support.walls import wall_size

KINDS = ["convex", "nonconvex", "two_pools", "six_gpus", "percentile"]


def relaxed(state: GoalState) -> RelaxationPoint:
    relaxation = relax_root(state)
    assert relaxation is not None
    return relaxation.point


@pytest.mark.parametrize("kind", KINDS)
def test_a_rounded_relaxation_keeps_limits_and_floors(kind: str) -> None:
    rounded_ones = 0
    for instance in feasible_instances(kind, wall_size(3, 6)):
        state = goal_state(instance)
        point = relaxed(state)
        rounded = round_relaxation_heuristic(state.shared, point)
        if rounded is None:
            continue
        replicas, rates = rounded
        rounded_ones += 1
        assert np.all(np.abs(replicas - point.replicas) < 1 + 1e-6)
        assert heuristic_meets_floors(state.shared, replicas)
        for row in state.shared.capacity:
            pool = instance.pools[row.pool]
            assert row.weight @ replicas <= (pool.nodes if row.per_node else pool.gpus) + 1e-6
        for i, llm in enumerate(instance.llms):
            own = sum(n for o, n in zip(instance.options, replicas, strict=True) if o.llm == i)
            assert own >= llm.min_replicas
            assert llm.max_replicas is None or own <= llm.max_replicas
        assert np.all(rates[replicas == 0] == 0)
    assert rounded_ones >= 3


def test_floors_by_hand() -> None:
    instance = cluster([(0, 1, 0.5, 1.0), (1, 2, 1.0, 1.0)], 2, per_node=4, most=None)
    state = fresh_state(replace(instance, min_utilization=0.5))
    assert heuristic_meets_floors(state, np.array([0, 1]))
    assert not heuristic_meets_floors(state, np.array([3, 0]))
    state = fresh_state(replace(instance, llms=(Llm("a", 1), Llm("b"))))
    assert heuristic_meets_floors(state, np.array([1, 0]))
    assert not heuristic_meets_floors(state, np.array([0, 1]))


def test_what_fits_of_a_setup_is_packed() -> None:
    """Five shards of 60 % on four GPUs: four stay; with a floor above them nothing does."""
    instance = cluster([(0, 1, 0.6, 1.0)], 1, per_node=4, most=None)
    thinned = thin_out_heuristic(fresh_state(instance), np.array([5]))
    assert thinned is not None
    assert thinned[0].tolist() == [4]
    assert all_packed(thinned[1])
    strict = replace(instance, llms=(Llm("a", 5),))
    assert thin_out_heuristic(fresh_state(strict), np.array([5])) is None
    assert thin_out_heuristic(fresh_state(instance), np.array([0])) is None


def test_only_better_plans_become_the_incumbent() -> None:
    for instance in feasible_instances("convex", 4):
        state = goal_state(instance)
        try_rounding_heuristic(state, relaxed(state))
        first = state.incumbent
        if first is None:
            continue
        assert first.loss >= state.bound - 1e-7
        consider_primal(state, first.routed.replicas, first.routed.rates, first.packing)
        assert state.incumbent is first, "the same again is no better"
        state.incumbent = replace(first, loss=first.loss + 0.1)
        consider_primal(state, first.routed.replicas, first.routed.rates, first.packing)
        assert state.incumbent.loss == pytest.approx(first.loss, abs=1e-6)
        return
    pytest.fail("no relaxation was rounded to a plan")


def test_a_plan_keeps_the_goal_s_limits() -> None:
    """Fewer GPUs, a higher floor, no changes, or a no-good than the plan has: it does not pass."""
    state = goal_state(feasible_instances("convex", 3)[2])
    try_rounding_heuristic(state, relaxed(state))
    plan = state.incumbent
    assert plan is not None
    replicas = plan.routed.replicas
    running = tuple(int(n) + 1 for n in replicas)
    exact = state.shared.quality.from_score(plan.settled.value)
    for goal in (
        Goal(of=GoalKind.QUALITY, gpus_in_all=plan.gpus - 1),
        Goal(of=GoalKind.GPUS, quality_at_least=exact + 1e-3),
        Goal(of=GoalKind.QUALITY, changes=Changes(running, 0)),
        Goal(of=GoalKind.QUALITY, cost_at_most=plan.cost - 1e-3),
    ):
        strict = goal_state(state.shared.instance, goal)
        consider_primal(strict, replicas, plan.routed.rates, plan.packing)
        assert strict.incumbent is None, goal
    held = np.flatnonzero(replicas).tolist()
    forbidden = NoGood(0, tuple((o,) for o in held), tuple(int(replicas[o]) for o in held))
    barred = goal_state(state.shared.instance)
    barred.shared.no_goods.append(forbidden)
    consider_primal(barred, replicas, plan.routed.rates, plan.packing)
    assert barred.incumbent is None


def test_a_setup_that_does_not_fit_is_thinned_out() -> None:
    state = goal_state(cluster([(0, 1, 0.6, 1.0)], 1, per_node=4, most=None))
    too_many = np.array([6])
    assert not all_packed(pack_for_separation(state.shared, too_many))
    place_or_thin_heuristic(state, too_many, np.array([5.0]))
    assert state.incumbent is not None
    assert state.incumbent.routed.replicas.tolist() == [4]
