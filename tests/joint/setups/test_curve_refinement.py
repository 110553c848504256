"""Refinement: envelopes rise to the curve where a setup runs, and nowhere above it."""

from itertools import pairwise

import numpy as np
import pytest

from models.latency import LatencyPieces
from planner.joint.setups.curve_refinement import (
    SAME_BUDGET,
    WORTH_A_SPLIT,
    refine_curve_lines,
    split_curve_arms,
)
from planner.joint.setups.search_state import SearchState
from tests.support.instances.search_states import fresh_state
from tests.support.instances.tiny import random_instance

SEEDS = range(12)


def operating_rates(state: SearchState, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Replicas and routed rates (O,), each replica somewhere on an arm."""
    options = len(state.instance.options)
    replicas, rates = np.zeros(options, dtype=int), np.zeros(options)
    for o, arms in state.arms.items():
        replicas[o] = rng.integers(1, 4)
        arm = arms[rng.integers(len(arms))]
        rates[o] = replicas[o] * rng.uniform(arm.low, arm.high)
    return replicas, rates


def concave_knots(pieces: LatencyPieces) -> list[bool]:
    """Knots at which the slope of a budget drops: there the budget lies above its hull."""
    before = [float(pieces.slope(0, j, pieces.high[j])) for j in range(pieces.low.size - 1)]
    after = [float(pieces.slope(0, j, pieces.low[j])) for j in range(1, pieces.low.size)]
    return [b > a for b, a in zip(before, after, strict=True)]


def never_above(state: SearchState, rng: np.random.Generator) -> bool:
    """Whether envelopes stay at or below the exact budgets at random rates."""
    for o, arms in state.arms.items():
        for arm in arms:
            for rate in rng.uniform(arm.low, arm.high, 10):
                exact = state.pieces[o].spend(float(rate))
                slack = 1e-9 * np.maximum(np.abs(exact), 1.0)
                if np.any(arm.under(float(rate)) > exact + slack):
                    return False
    return True


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_bring_the_envelope_to_the_hull(seed: int) -> None:
    """And where the budget is convex the hull is the curve: nothing is left to split."""
    rng, state = np.random.default_rng(seed), fresh_state(random_instance(seed, "convex"))
    replicas, rates = operating_rates(state, rng)
    refine_curve_lines(state, replicas, rates)
    for o, arms in state.arms.items():
        rate = float(rates[o] / replicas[o])
        slack = SAME_BUDGET * state.allowances * max(rate, 1e-9) + 1e-9
        assert np.all(arms[0].under(rate) >= arms[0].hull(rate) - slack)
    assert refine_curve_lines(state, replicas, rates) == [], "nothing is left to refine"
    bends = [joint for o in state.arms for joint in concave_knots(state.pieces[o])]
    assert any(bends) or not split_curve_arms(state, replicas, rates)
    assert never_above(state, rng)


@pytest.mark.parametrize("kind", ["nonconvex", "percentile"])
def test_splits_bring_the_hull_to_the_curve(kind: str) -> None:
    """Where a setup runs above the hull the arm is split until the hull is the curve there."""
    split = 0
    for seed in SEEDS:
        rng, state = np.random.default_rng(seed), fresh_state(random_instance(seed, kind))
        replicas, rates = operating_rates(state, rng)
        for _ in range(40):
            refined = bool(refine_curve_lines(state, replicas, rates))
            here = split_curve_arms(state, replicas, rates)
            split += here
            if not refined and not here:
                break
        for o, arms in state.arms.items():
            rate = float(rates[o] / replicas[o])
            tolerance = WORTH_A_SPLIT * state.allowances * max(rate, 1e-9) + 1e-9
            least = np.min([arm.under(rate) for arm in arms if arm.holds(rate)], axis=0)
            assert np.all(least >= state.pieces[o].spend(rate) - 2 * tolerance)
            ends = [(arm.low, arm.high) for arm in arms]
            assert all(a[1] == b[0] for a, b in pairwise(ends))
        assert never_above(state, rng)
    assert split > 0


def test_what_is_not_deployed_is_left_alone() -> None:
    state = fresh_state(random_instance(0, "nonconvex"))
    none = np.zeros(len(state.instance.options))
    before = {o: list(arms) for o, arms in state.arms.items()}
    assert refine_curve_lines(state, none, none) == []
    assert not split_curve_arms(state, none, none)
    assert state.arms == before
