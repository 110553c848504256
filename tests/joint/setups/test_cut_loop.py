"""The cut loop: its cuts are valid everywhere, its bound only rises, and it ends where its estimate
is exact.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from planner.joint.setups.cut_loop import CutLoop, RelaxationPoint
from planner.joint.setups.search_state import SearchState
from planner.joint.solver.highs import Answer, StopReason
from planner.joint.solver.live_lp import LiveLp
from tests.support.instances.search_states import (
    QUALITY,
    feasible_instances,
    fresh_state,
    random_fractions,
)
from tests.support.instances.tiny import random_instance
from tests.support.walls import wall_size

PRICED = 5e-5
"""What Newton's prices may lack, 0..1 scale: the exact answer is settled for plans only."""

KINDS = ["convex", "nonconvex", "binary", "two_pools", "percentile"]


def loop_of(state: SearchState) -> CutLoop:
    options = state.usable()
    form = state.formulation(QUALITY, options)
    points = {o: state.points(o) for o in options}
    return CutLoop(form, state.quality, points, state.settings())


def converged(state: SearchState, tolerance: float = 1e-6) -> RelaxationPoint:
    return loop_of(state).converge(tolerance, 200, in_out=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_is_valid_at_random_fractions(kind: str) -> None:
    """No exact quality at a random point of the simplex exceeds any cut of the loop."""
    rng = np.random.default_rng(1)
    for instance in feasible_instances(kind, wall_size(2, 4)):
        state = fresh_state(instance)
        converged(state)
        for _ in range(25):
            fractions = random_fractions(rng, len(instance.llms))
            exact = state.quality.from_score(state.quality.settle(fractions).value)
            assert state.quality.cuts.at(fractions) >= exact - 1e-9


@pytest.mark.parametrize("in_out", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_never_falls(monkeypatch: pytest.MonkeyPatch, kind: str, in_out: bool) -> None:
    """Rows are only added: the minimised loss of the program rises from round to round."""
    losses: list[float] = []
    real = LiveLp.solve

    def recording(self: LiveLp) -> Answer:
        answer = real(self)
        losses.append(answer.value)
        return answer

    monkeypatch.setattr(LiveLp, "solve", recording)
    rounds = 0
    for instance in feasible_instances(kind, 4):
        losses.clear()
        loop_of(fresh_state(instance)).converge(1e-7, 200, in_out=in_out)
        rounds += len(losses)
        assert all(after >= before - 1e-9 for before, after in pairwise(losses))
    assert rounds > 4


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_where_the_estimate_is_exact(kind: str) -> None:
    for instance in feasible_instances(kind, 3):
        state = fresh_state(instance)
        point = converged(state)
        exact = state.quality.from_score(state.quality.settle(point.fractions).value)
        assert point.stop is StopReason.OPTIMAL
        assert exact - 1e-9 <= point.quality <= exact + PRICED
        assert point.loss == pytest.approx(-point.quality, abs=1e-9)
        assert point.fractions.sum() == pytest.approx(1.0)
        llm = np.array([o.llm for o in instance.options])
        carried = np.bincount(llm, weights=point.rates, minlength=len(instance.llms))
        assert np.allclose(carried, instance.arrival_rate * point.fractions, rtol=1e-6, atol=1e-6)


def test_replaced_points_take_the_place_of_the_old_ones() -> None:
    """The same points again change nothing; points with no room leave no optimum."""
    state = fresh_state(feasible_instances("convex", 1)[0])
    loop = loop_of(state)
    before = loop.converge(1e-7, 200)
    options = state.usable()
    loop.replace_points({o: state.points(o) for o in options})
    assert loop.converge(1e-7, 200).loss == pytest.approx(before.loss, abs=1e-8)
    nothing = [(np.zeros(1), np.zeros((len(state.allowances), 1)))]
    loop.replace_points(dict.fromkeys(options, nothing))
    assert loop.converge(1e-7, 200).stop is StopReason.INFEASIBLE


def test_a_limit_of_rounds_and_a_stop_leave_a_bound() -> None:
    state = fresh_state(feasible_instances("convex", 1)[0])
    full = converged(fresh_state(state.instance))
    for point in (
        loop_of(state).converge(1e-9, 1, in_out=True),
        loop_of(fresh_state(state.instance)).converge(1e-9, 99, stopped=lambda: True),
    ):
        assert point.rounds == 1
        assert point.loss <= full.loss + 1e-9


def test_more_than_the_cluster_carries_is_infeasible() -> None:
    instance = random_instance(1, "convex")
    crowded = fresh_state(replace(instance, arrival_rate=1e4 * instance.arrival_rate))
    point = converged(crowded)
    assert point.stop is StopReason.INFEASIBLE
    assert point.loss == np.inf
    assert point.rates.size == 0
