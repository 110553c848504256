"""The root relaxation: its bound holds for the best plan, and so do the losses it gives options."""

from dataclasses import replace

import numpy as np
import pytest

from planner.joint.programs.root_relaxation import NEARBY_CUTS, relax_root, tighten_root
from planner.joint.setups.separation import separate_pattern_rows
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import feasible_instances, goal_state
from tests.support.instances.tiny import random_instance
from tests.support.walls import wall_size

PARTLY_OPEN = [
    *(("convex", 9), ("convex", 21), ("nonconvex", 6), ("nonconvex", 20), ("two_pools", 6)),
    *(("convex", seed) for seed in (4, 6, 14, 23)[: wall_size(0, 4)]),
]
"""Instances of which the relaxation runs LLMs with less than one replica."""

KINDS = ["convex", "nonconvex", "binary", "two_pools", "percentile", "each_llm"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_plan_is_better_than_the_bound(kind: str) -> None:
    """And one that runs an option loses at least the bound plus the option's own loss."""
    for instance in feasible_instances(kind, wall_size(2, 5)):
        state = goal_state(instance)
        relaxation = relax_root(state)
        assert relaxation is not None
        truth = best_plan(instance)
        loss = -state.shared.quality.from_score(truth.value)
        assert state.relaxation_bound <= loss + 1e-6
        assert state.bound == state.relaxation_bound
        for o in np.flatnonzero(truth.replicas):
            assert state.relaxation_bound + relaxation.point.column_loss[o] <= loss + 1e-6


@pytest.mark.parametrize(("kind", "seed"), PARTLY_OPEN)
def test_openings_tighten_the_bound_and_leave_it_one(kind: str, seed: int) -> None:
    """Brute force finds no better plan, nor one that runs an option at less than its loss."""
    instance = random_instance(seed, kind)
    state = goal_state(instance)
    relaxation = relax_root(state)
    assert relaxation is not None
    before = state.relaxation_bound
    tightened = tighten_root(state, relaxation)
    assert state.relaxation_bound > before + 1e-4
    truth = best_plan(instance)
    loss = -state.shared.quality.from_score(truth.value) if truth.feasible else np.inf
    assert state.relaxation_bound <= loss + 1e-6
    for o in np.flatnonzero(truth.replicas if truth.feasible else []):
        assert state.relaxation_bound + tightened.point.column_loss[o] <= loss + 1e-6


def test_with_few_llms_cuts_are_added_nearby() -> None:
    instance = feasible_instances("convex", 1)[0]
    state = goal_state(instance)
    relaxation = relax_root(state)
    assert relaxation is not None
    assert len(relaxation.nearby) == NEARBY_CUTS
    assert all(fractions.sum() == pytest.approx(1.0) for fractions in relaxation.nearby)
    spread = np.ptp(relaxation.nearby, axis=0)
    assert spread.max() > 0.05, "they differ from each other"


def test_no_capacity_row_is_violated_at_the_end() -> None:
    """Those that the relaxation violated on its way have joined."""
    for instance in feasible_instances("convex", 5):
        state = goal_state(instance)
        relaxation = relax_root(state)
        assert relaxation is not None
        pools = range(len(instance.pools))
        assert not separate_pattern_rows(state.shared, relaxation.point.replicas, pools)
        for row in state.shared.capacity:
            pool = instance.pools[row.pool]
            most = pool.nodes if row.per_node else pool.gpus
            assert row.weight @ relaxation.point.replicas <= most * (1 + 1e-4) + 1e-6


def test_too_high_a_rate_is_infeasible() -> None:
    instance = random_instance(1, "convex")
    state = goal_state(replace(instance, arrival_rate=1e4 * instance.arrival_rate))
    assert relax_root(state) is None
    assert state.infeasible
    assert state.bound == -np.inf
