"""Budgets of latency curves: exact pieces and safe points, against the contract read literally."""

import numpy as np
import pytest
from hypothesis import given

from models.envelope import EnvelopeArm
from models.instance import Slo
from models.latency import latency_budget_pieces, safe_latency_points
from profiles.records import Curve
from tests.support.instances.random_curves import (
    ROUND,
    allowed,
    at,
    domain,
    many,
    random_case,
    seeds,
    shared,
    spent,
)


@many
@given(seeds)
def test_budgets_are_those_of_the_contract(seed: int) -> None:
    """At random rates (almost surely no knot) every budget is the oracle's, and inf exactly where
    no rate is allowed.
    """
    curve, slos, pieces, rng = random_case(seed)
    for rate in rng.uniform(0, 1.05 * curve.max_rate, 40):
        within = pieces is not None and np.isfinite(at(pieces, rate)).all()
        if shared(slos):
            assert within == allowed(curve, slos, rate)
        if within:
            assert at(pieces, rate) == pytest.approx(
                [spent(curve, slo, rate) for slo in shared(slos)], rel=ROUND, abs=1e-12
            )


@many
@given(seeds)
def test_the_lower_value_holds_at_knots_and_jumps(seed: int) -> None:
    """At a knot the budget is the lowest of the values there and just next to it."""
    curve, slos, pieces, _ = random_case(seed)
    if pieces is None:
        return
    for knot in np.unique(np.concatenate([pieces.low, pieces.high])):
        assert allowed(curve, slos, knot, 1e-9)
        neighbours = [
            r
            for r in (knot * (1 - 1e-9), knot, knot * (1 + 1e-9))
            if r <= curve.max_rate and allowed(curve, slos, r)
        ]
        for s, slo in enumerate(shared(slos)):
            reported, around = at(pieces, knot)[s], [spent(curve, slo, r) for r in neighbours]
            if around:
                assert reported <= min(around) + 1e-6 * max(abs(reported), 1e-9)
                assert reported >= min(around) - 1e-6 * max(abs(reported), 1e-9)


@many
@given(seeds)
def test_pieces_cover_what_is_allowed_and_nothing_else(seed: int) -> None:
    curve, slos, pieces, rng = random_case(seed)
    if pieces is None:
        assert not any(
            allowed(curve, slos, r, -1e-9)
            for r in np.concatenate([rng.uniform(0, curve.max_rate, 50), curve.rates])
        )
        return
    assert np.all(pieces.low <= pieces.high)
    assert np.all(pieces.high[:-1] <= pieces.low[1:] + 1e-12)
    assert pieces.low[0] >= 0
    assert pieces.high[-1] <= curve.max_rate
    inside = domain(pieces)
    assert all(allowed(curve, slos, r, 1e-9) for r in inside)
    for rate in curve.rates:
        if allowed(curve, slos, rate, -1e-9):
            assert np.any((pieces.low <= rate + 1e-12) & (rate - 1e-12 <= pieces.high)), (
                f"{rate} is allowed"
            )


@many
@given(seeds)
def test_slopes_and_curvature_by_finite_differences(seed: int) -> None:
    curve, _slos, pieces, rng = random_case(seed)
    if pieces is None:
        return
    wide = np.flatnonzero(pieces.high - pieces.low > 1e-3 * curve.max_rate)
    for j in wide:
        width = pieces.high[j] - pieces.low[j]
        rate, step = pieces.low[j] + width * rng.uniform(0.2, 0.8), 1e-4 * width
        for s in range(pieces.budgets):
            left, middle, right = (pieces.at(s, j, rate + d) for d in (-step, 0.0, step))
            scale = max(abs(middle), 1e-6)
            assert pieces.slope(s, j, rate) == pytest.approx(
                (right - left) / (2 * step), rel=1e-4, abs=1e-4 * scale / width
            )
            bend = (left - 2 * middle + right) / step**2 * width**2
            if abs(bend) > 1e-4 * scale:
                assert pieces.convex(s)[j] == (bend > 0)


def test_a_one_point_curve_is_flat_up_to_its_rate() -> None:
    curve = Curve(np.array([4.0]), {("ttft", "mean"): np.array([0.5])}, ("measured",))
    pieces = latency_budget_pieces(curve, [Slo("ttft", "mean", 1.0)])
    assert pieces is not None
    assert [float(at(pieces, r)[0]) for r in (0.0, 2.0, 4.0)] == [0.0, 1.0, 2.0]
    assert np.isinf(at(pieces, 4.01)[0])


def test_a_lone_point_at_rate_zero_may_be_deployed_but_carries_nothing() -> None:
    curve = Curve(np.array([0.0]), {("ttft", "mean"): np.array([0.5])}, ("measured",))
    pieces = latency_budget_pieces(
        curve, [Slo("ttft", "mean", 1.0), Slo("ttft", "mean", 1.0, "each_llm")]
    )
    assert pieces is not None
    assert pieces.low.tolist() == pieces.high.tolist() == [0.0]
    assert at(pieces, 0.0).tolist() == [0.0]
    points = EnvelopeArm(pieces, 0.0, 0.0).coarse(np.array([0.1])).points()
    assert points[0].tolist() == [0.0]


def test_a_falling_curve_has_gaps_under_each_llm() -> None:
    """L = 1, 0.4, 1 at 1, 2, 3 req/s under a limit of 0.7 leaves 1.5 ..

    2.5; a limit of 0.4 leaves the one rate 2.
    """
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", "mean"): np.array([1.0, 0.4, 1.0])}, ("measured",) * 3
    )
    pieces = latency_budget_pieces(curve, [Slo("ttft", "mean", 0.7, "each_llm")])
    assert pieces is not None
    assert (float(pieces.low[0]), float(pieces.high[-1])) == pytest.approx((1.5, 2.5))
    lone = latency_budget_pieces(curve, [Slo("ttft", "mean", 0.4, "each_llm")])
    assert lone is not None
    assert lone.low.tolist() == lone.high.tolist() == [2.0]
    assert latency_budget_pieces(curve, [Slo("ttft", "mean", 0.39, "each_llm")]) is None


def test_two_intervals_on_a_curve_that_falls_twice() -> None:
    """L = 0.2, 1, 0.2 at 1, 2, 3: under 0.6 the rates 0 .. 1.5 and 2.5 .. 3 remain."""
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", "mean"): np.array([0.2, 1.0, 0.2])}, ("measured",) * 3
    )
    pieces = latency_budget_pieces(
        curve, [Slo("ttft", "mean", 0.6, "each_llm"), Slo("ttft", "mean", 9.0)]
    )
    assert pieces is not None
    assert np.isinf(at(pieces, 2.0)[0])
    assert float(at(pieces, 1.5)[0]) == pytest.approx(0.9)
    assert float(at(pieces, 2.5)[0]) == pytest.approx(1.5)


def test_percentile_shares_jump_as_the_contract_says() -> None:
    """p50 and p99 only: below p50 all are late, above p99 the tail runs on to one in a thousand."""
    columns = {("ttft", "p50"): np.array([0.2, 0.6]), ("ttft", "p99"): np.array([0.3, 1.3])}
    curve = Curve(np.array([0.0, 1.0]), columns, ("measured",) * 2)
    pieces = latency_budget_pieces(curve, [Slo("ttft", "p95", 0.4)])
    assert pieces is not None
    # p99 crosses 0.4 at r = 0.1, p50 at r = 0.5. At r = 0.01 the last point, 0.31 + 0.106 ln(10) /
    # ln(50) = 0.37239, is passed. At r = 0.05 (0.22 and 0.35) 0.4 lies between the points of 0.005
    # and 0.002, 0.37303 and 0.40348; at r = 0.3 (0.32 and 0.6) between those of 0.2 and 0.15,
    # 0.38558 and 0.40617.
    for rate, share in (
        (0.01, 0.001),
        (0.05, 0.005 - 0.003 * (0.4 - 0.373034) / (0.403482 - 0.373034)),
        (0.1, 0.01),
        (0.3, 0.2 - 0.05 * (0.4 - 0.385583) / (0.406173 - 0.385583)),
        (0.5, 0.5),
        (0.50001, 1.0),
        (1.0, 1.0),
    ):
        assert float(at(pieces, rate)[0]) == pytest.approx(rate * share, rel=1e-4), rate


def test_a_share_that_is_lower_at_one_rate_alone_counts_there() -> None:
    """p50 = p95 dip to the limit at r = 2, and p90 falls to it at the last rate of a curve."""
    dip = np.array([0.5, 0.4, 0.5])
    columns = {("ttft", "p50"): dip, ("ttft", "p95"): dip}
    pieces = latency_budget_pieces(
        Curve(np.array([1.0, 2.0, 3.0]), columns, ("measured",) * 3), [Slo("ttft", "p90", 0.4)]
    )
    assert pieces is not None
    assert [float(at(pieces, r)[0]) for r in (1.99, 2.0, 2.01)] == pytest.approx(
        [1.99, 0.002, 2.01]
    )
    grid, budgets = safe_latency_points(pieces, 2.0, 1)
    assert (grid.tolist(), budgets.tolist()) == ([2.0], [[0.002]])
    arm = EnvelopeArm(pieces, 0.0, 3.0).coarse(np.array([1e-6]))
    assert float(arm.under(2.0)[0]) <= 0.002
    falling = Curve(
        np.array([1.0, 3.0]), {("ttft", "p90"): np.array([0.6, 0.4])}, ("measured",) * 2
    )
    pieces = latency_budget_pieces(falling, [Slo("ttft", "p90", 0.4)])
    assert pieces is not None
    assert float(at(pieces, 3.0)[0]) == pytest.approx(0.3)
    assert float(at(pieces, 2.9)[0]) == pytest.approx(2.9)


@many
@given(seeds)
def test_safe_points_never_lie_below_and_are_exact_at_the_rate(seed: int) -> None:
    curve, slos, pieces, rng = random_case(seed)
    if pieces is None or pieces.budgets == 0:
        return
    for rate in rng.choice(domain(pieces), 4):
        for side in (-1, 1):
            grid, budgets = safe_latency_points(pieces, float(rate), side)
            assert np.all(np.diff(grid) > 0) or grid.size == 1
            assert budgets.shape == (pieces.budgets, grid.size)
            dense = np.linspace(grid[0], grid[-1], 200)
            assert all(allowed(curve, slos, r, 1e-9) for r in dense), "a polyline spans no gap"
            exact = np.array([at(pieces, r) for r in dense]).T
            over = np.array([np.interp(dense, grid, row) for row in budgets])
            assert np.all(over >= exact - 1e-9 * np.maximum(np.abs(exact), 1e-9)), (
                float(rate),
                side,
            )
    for rate in rng.uniform(0, curve.max_rate, 4):
        if np.isfinite(at(pieces, rate)).all():
            grid, budgets = safe_latency_points(pieces, float(rate))
            interpolated = [float(np.interp(rate, grid, row)) for row in budgets]
            assert interpolated == pytest.approx(
                [spent(curve, slo, rate) for slo in shared(slos)], rel=1e-8, abs=1e-10
            )


def test_safe_points_take_the_requested_side_of_a_jump() -> None:
    """At the rate where p50 crosses the limit the share jumps from 0.5 to 1: side -1 ends there,
    side +1 starts there.
    """
    curve = Curve(np.array([0.0, 1.0]), {("ttft", "p50"): np.array([0.2, 0.6])}, ("measured",) * 2)
    pieces = latency_budget_pieces(curve, [Slo("ttft", "p95", 0.4)])
    assert pieces is not None
    below, above = safe_latency_points(pieces, 0.5, -1), safe_latency_points(pieces, 0.5, 1)
    assert (float(below[0][-1]), float(above[0][0])) == pytest.approx((0.5, 0.5))
    assert float(below[1][0, -1]) == pytest.approx(0.25)
    assert float(above[1][0, 0]) == pytest.approx(0.5)
