"""Plunging: what is fixed in a step, and setups that keep every limit."""

import numpy as np
import pytest

from planner.joint.plunging import plunge_from_relaxation, replicas_to_fix
from planner.joint.root_relaxation import relax_root
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import feasible_instances, goal_state
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
