"""The cut loop: its cuts are valid everywhere, its bound only rises, and it ends where its estimate
is exact.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from models.instance import Slo
from planner.joint.setups import cut_loop
from planner.joint.setups.cut_loop import NEAR, CutLoop, RelaxationPoint
from planner.joint.setups.search_state import SearchState
from planner.joint.solver.highs import Answer, StopReason
from planner.joint.solver.live_lp import LiveLp
from tests.support.instances.by_hand import flat, make, option
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


def test_near_the_best_answers_llms_are_whole_on_few_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the prompts prefer each LLM, at a tenth of what one replica carries: the point near
    these fractions has a replica of both, on no other GPU, and the program is as free as before.
    """
    monkeypatch.setattr(cut_loop, "MANY_LLMS", 0)
    options = [option(0, flat(0.1, 10)), option(1, flat(0.1, 10))]
    instance = make(options, 1, gpus=8, slos=(Slo("ttft", "mean", 0.5),), values=((1, 0), (0, 1)))
    state = fresh_state(instance)
    loop = loop_of(state)
    near = state.quality.best_answers()
    point = loop.converge(1e-6, 9, in_out=True, near=near)
    assert point.replicas == pytest.approx([1, 1])
    assert point.fractions == pytest.approx([0.5, 0.5], abs=NEAR)
    free = loop_of(state).live.solve()
    assert loop.live.solve().value == pytest.approx(free.value) == pytest.approx(point.loss)
    far = loop_of(state).converge(1e-6, 9, in_out=True)
    assert far.replicas.sum() < 1


def test_best_answers_out_of_reach_leave_the_loop_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`good` is best for all, and carries half of them."""
    monkeypatch.setattr(cut_loop, "MANY_LLMS", 0)
    state = fresh_state(make([option(0, flat(0.1, 5)), option(1, flat(0.1, 20))], 10, gpus=1))
    loop = loop_of(state)
    point = loop.converge(1e-6, 9, in_out=True, near=state.quality.best_answers())
    again = loop.converge(1e-6, 9, in_out=True, near=point.fractions)
    assert (
        point.loss == pytest.approx(again.loss) == pytest.approx(loop_of(state).live.solve().value)
    )


def test_fractions_called_too_many_for_the_gpus_have_no_point_near_them() -> None:
    """At the rate of the instance and at four times it, for random fractions."""
    rng, refused = np.random.default_rng(5), 0
    for kind in KINDS[:4]:
        for instance in feasible_instances(kind, wall_size(3, 12)):
            for rate in instance.arrival_rate * np.array([1.0, 4.0]):
                loop = loop_of(fresh_state(replace(instance, arrival_rate=float(rate))))
                columns = np.arange(loop.where.fractions.start, loop.where.fractions.stop)
                for _ in range(4):
                    fractions = random_fractions(rng, len(instance.llms))
                    low = np.maximum(fractions - NEAR, 0.0)
                    loop.live.set_bounds(columns, low, np.minimum(fractions + NEAR, 1.0))
                    if loop._needs_more_gpus(low):
                        refused += 1
                        assert loop.live.solve().stop is StopReason.INFEASIBLE
                        assert loop._feasible_near(fractions) is None
    assert refused > 5, refused
