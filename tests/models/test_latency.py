"""Curves as budgets: exact against `np.interp` and a plain reading of the contract; under-estimates
never above, safe points never below.

The oracle here knows nothing of pieces, knots or lines: it reads latencies off the load points and
applies the contract's sentences.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.envelope import Arm, lower_hull
from models.instance import Slo
from models.latency import Pieces, budget_pieces, safe_points
from profiles.records import Curve

SHAPES = ("rising", "falling first", "noisy", "concave", "one point", "flat")
ABOVE_MEAN = {"mean": 1.0, "p50": 0.85, "p90": 1.7, "p95": 2.2, "p99": 3.5}
REMAINDER = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
ROUND = 1e-9
"""Relative float noise of a few additions."""


# ---------------------------------------------------------------- the oracle


def latency(curve: Curve, statistic: str, rate: float) -> float:
    """Linear between points, flat below the lowest (the contract)."""
    return float(np.interp(rate, curve.rates, curve.latency["ttft", statistic]))


def share_late(curve: Curve, limit: float, rate: float) -> float:
    """Read the share above the limit off the line through (latency, share) of the percentiles that
    are present.
    """
    points = [
        (latency(curve, p, rate), share)
        for p, share in REMAINDER.items()
        if ("ttft", p) in curve.latency
    ]
    if limit < points[0][0]:
        return 1.0
    if limit >= points[-1][0]:
        return points[-1][1]
    for (left, more), (right, fewer) in pairwise(points):
        if left <= limit < right:
            return more + (fewer - more) * (limit - left) / (right - left)
    raise AssertionError("a limit lies somewhere")


def spent(curve: Curve, slo: Slo, rate: float) -> float:
    """What one replica spends of a budget over all requests."""
    return rate * (
        latency(curve, "mean", rate)
        if slo.statistic == "mean"
        else share_late(curve, slo.limit, rate)
    )


def allowed(curve: Curve, slos: Sequence[Slo], rate: float, slack: float = 0.0) -> bool:
    private = [slo for slo in slos if slo.scope == "each_llm"]
    return rate <= curve.max_rate and all(
        latency(curve, slo.statistic, rate) <= slo.limit * (1 + slack) for slo in private
    )


def shared(slos: Sequence[Slo]) -> list[Slo]:
    return [slo for slo in slos if slo.scope == "all"]


# ---------------------------------------------------------------- random cases


def random_curve(rng: np.random.Generator, shape: str, *, from_zero: bool = False) -> Curve:
    points = 1 if shape == "one point" else int(rng.integers(2, 8))
    rates = np.cumsum(rng.uniform(0.3, 3.0, points))
    if from_zero and points > 1:
        rates[0] = 0.0
    u = rates / rates[-1]
    mean = {
        "rising": 0.2 + 0.8 * u**3,
        "falling first": 0.3 + (u - 0.45) ** 2 * 2.0,
        "noisy": (0.2 + u**2) * np.exp(rng.normal(0, 0.4, points)),
        "concave": 0.1 + 0.9 * u**0.3,
        "one point": np.array([0.3]),
        "flat": np.full(points, 0.25),
    }[shape] * rng.uniform(0.5, 2.0)
    columns = {("ttft", "mean"): mean}
    present = [p for p in REMAINDER if rng.random() < 0.75] or ["p95"]
    below = np.zeros(points)
    for p in present:
        below = np.maximum(below * 1.05, mean * ABOVE_MEAN[p] * rng.uniform(0.8, 1.25, points))
        columns["ttft", p] = below
    return Curve(rates, columns, ("measured",) * points)


def random_slos(rng: np.random.Generator, curve: Curve) -> list[Slo]:
    """One to three: mean or percentile over all requests, or each LLM; limits cross the curve as a
    rule.
    """
    statistics = [s for _, s in curve.latency]
    slos = []
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.random()
        statistic = str(rng.choice(statistics)) if kind < 0.75 else "mean"
        column = curve.latency["ttft", statistic]
        limit = float(rng.uniform(0.8 * column.min(), 1.1 * column.max()))
        slos.append(Slo("ttft", statistic, limit, "each_llm" if 0.5 < kind < 0.75 else "all"))
    return slos


def random_case(seed: int) -> tuple[Curve, list[Slo], Pieces | None, np.random.Generator]:
    rng = np.random.default_rng(seed)
    curve = random_curve(rng, SHAPES[seed % len(SHAPES)], from_zero=rng.random() < 0.3)
    slos = random_slos(rng, curve)
    return curve, slos, budget_pieces(curve, slos), rng


def domain(pieces: Pieces, dense: int = 25) -> np.ndarray:
    """Rates all over the allowed intervals, their ends included."""
    return np.unique(
        np.concatenate(
            [np.linspace(a, b, dense) for a, b in zip(pieces.low, pieces.high, strict=True)]
        )
    )


def at(pieces: Pieces, rate: float) -> np.ndarray:
    return pieces.spend(float(rate))


seeds = st.integers(0, 10**6)
many = settings(max_examples=40, deadline=None, derandomize=True)


# ---------------------------------------------------------------- exact budgets


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
    """At a knot the budget is the lowest of the values there and just beside it."""
    curve, slos, pieces, _ = random_case(seed)
    if pieces is None:
        return
    for knot in np.unique(np.concatenate([pieces.low, pieces.high])):
        assert allowed(curve, slos, knot, 1e-9)
        beside = [
            r
            for r in (knot * (1 - 1e-9), knot, knot * (1 + 1e-9))
            if r <= curve.max_rate and allowed(curve, slos, r)
        ]
        for s, slo in enumerate(shared(slos)):
            told, around = at(pieces, knot)[s], [spent(curve, slo, r) for r in beside]
            if around:
                assert told <= min(around) + 1e-6 * max(abs(told), 1e-9)
                assert told >= min(around) - 1e-6 * max(abs(told), 1e-9)


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
    pieces = budget_pieces(curve, [Slo("ttft", "mean", 1.0)])
    assert pieces is not None
    assert [float(at(pieces, r)[0]) for r in (0.0, 2.0, 4.0)] == [0.0, 1.0, 2.0]
    assert np.isinf(at(pieces, 4.01)[0])


def test_a_lone_point_at_rate_zero_may_be_deployed_but_carries_nothing() -> None:
    curve = Curve(np.array([0.0]), {("ttft", "mean"): np.array([0.5])}, ("measured",))
    pieces = budget_pieces(curve, [Slo("ttft", "mean", 1.0), Slo("ttft", "mean", 1.0, "each_llm")])
    assert pieces is not None
    assert pieces.low.tolist() == pieces.high.tolist() == [0.0]
    assert at(pieces, 0.0).tolist() == [0.0]
    points = Arm(pieces, 0.0, 0.0).coarse(np.array([0.1])).points()
    assert points[0].tolist() == [0.0]


def test_a_falling_curve_has_gaps_under_each_llm() -> None:
    """L = 1, 0.4, 1 at 1, 2, 3 req/s under a limit of 0.7 leaves 1.5 ..

    2.5; a limit of 0.4 leaves the one rate 2.
    """
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", "mean"): np.array([1.0, 0.4, 1.0])}, ("measured",) * 3
    )
    pieces = budget_pieces(curve, [Slo("ttft", "mean", 0.7, "each_llm")])
    assert pieces is not None
    assert (float(pieces.low[0]), float(pieces.high[-1])) == pytest.approx((1.5, 2.5))
    lone = budget_pieces(curve, [Slo("ttft", "mean", 0.4, "each_llm")])
    assert lone is not None
    assert lone.low.tolist() == lone.high.tolist() == [2.0]
    assert budget_pieces(curve, [Slo("ttft", "mean", 0.39, "each_llm")]) is None


def test_two_intervals_on_a_curve_that_falls_twice() -> None:
    """L = 0.2, 1, 0.2 at 1, 2, 3: under 0.6 the rates 0 .. 1.5 and 2.5 .. 3 remain."""
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", "mean"): np.array([0.2, 1.0, 0.2])}, ("measured",) * 3
    )
    pieces = budget_pieces(curve, [Slo("ttft", "mean", 0.6, "each_llm"), Slo("ttft", "mean", 9.0)])
    assert pieces is not None
    assert np.isinf(at(pieces, 2.0)[0])
    assert float(at(pieces, 1.5)[0]) == pytest.approx(0.9)
    assert float(at(pieces, 2.5)[0]) == pytest.approx(1.5)


def test_percentile_shares_jump_as_the_contract_says() -> None:
    """p50 and p99 only: below p50 all are late, from p99 on one in a hundred, never none."""
    columns = {("ttft", "p50"): np.array([0.2, 0.6]), ("ttft", "p99"): np.array([0.3, 1.3])}
    curve = Curve(np.array([0.0, 1.0]), columns, ("measured",) * 2)
    pieces = budget_pieces(curve, [Slo("ttft", "p95", 0.4)])
    assert pieces is not None
    # p99 crosses 0.4 at r = 0.1, p50 at r = 0.5; at r = 0.3 they are 0.32 and 0.6, and 0.4 lies 2/7
    # of the way: 0.5 - 0.49 * 2/7 = 0.36
    for rate, share in (
        (0.05, 0.01),
        (0.1, 0.01),
        (0.3, 0.36),
        (0.5, 0.5),
        (0.50001, 1.0),
        (1.0, 1.0),
    ):
        assert float(at(pieces, rate)[0]) == pytest.approx(rate * share, rel=1e-4), rate


# ---------------------------------------------------------------- under-estimates


def envelope(arm: Arm, rates: np.ndarray) -> np.ndarray:
    at_points, budgets = arm.points()
    return np.array([np.interp(rates, at_points, row) for row in budgets]).reshape(
        arm.pieces.budgets, rates.size
    )


def check_never_above(arm: Arm, pieces: Pieces) -> None:
    rates = domain(pieces)
    rates = rates[(rates >= arm.low) & (rates <= arm.high)]
    if rates.size == 0 or pieces.budgets == 0:
        return
    exact = np.array([at(pieces, r) for r in rates]).T
    noise = 1e-9 * np.maximum(np.abs(exact), 1e-3 * np.abs(exact).max() + 1e-12)
    under = np.array([arm.under(float(r)) for r in rates]).T
    hull = np.array([arm.hull(float(r)) for r in rates]).T
    assert np.all(hull <= exact + noise)
    assert np.all(under <= hull + noise)
    assert envelope(arm, rates) == pytest.approx(under, rel=1e-6, abs=1e-7 * np.abs(exact).max())
    assert np.all(envelope(arm, rates) <= exact + noise + 1e-8 * np.abs(exact).max())


@many
@given(seeds)
def test_arms_never_lie_above_the_budget(seed: int) -> None:
    """Coarse, touched and split arms, at random rates, many times over."""
    _curve, _slos, pieces, rng = random_case(seed)
    if pieces is None:
        return
    error = rng.uniform(1e-4, 0.2, pieces.budgets)
    arms = [Arm(pieces, float(pieces.low[0]), float(pieces.high[-1])).coarse(error)]
    for _ in range(4):
        for arm in arms:
            check_never_above(arm, pieces)
            rate = float(rng.uniform(arm.low, arm.high))
            before = arm.under(rate)
            arm.touch(rate)
            assert np.all(arm.under(rate) >= before - 1e-12)
            assert arm.under(rate) == pytest.approx(arm.hull(rate), rel=1e-7, abs=1e-9)
        inner = float(rng.choice(domain(pieces)))
        arms = [
            part
            for arm in arms
            for part in (
                arm.split(inner, error) if arm.low + 1e-6 < inner < arm.high - 1e-6 else (arm,)
            )
        ]


@many
@given(seeds)
def test_coarse_lines_stay_within_the_stated_error_of_the_hull(seed: int) -> None:
    _curve, _slos, pieces, rng = random_case(seed)
    if pieces is None or pieces.budgets == 0:
        return
    error = rng.uniform(1e-3, 0.2, pieces.budgets)
    arm = Arm(pieces, float(pieces.low[0]), float(pieces.high[-1])).coarse(error)
    for rate in np.linspace(arm.low, arm.high, 60):
        gap = arm.hull(float(rate)) - arm.under(float(rate))
        assert np.all(gap <= error * max(rate, 1e-3 * arm.high) + 1e-9)


@many
@given(seeds)
def test_touch_is_exact_on_convex_budgets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curve = random_curve(rng, "rising", from_zero=True)
    rates, mean = curve.rates, curve.latency["ttft", "mean"]
    slopes = np.sort(np.diff(mean) / np.diff(rates))
    rising = Curve(
        rates,
        {("ttft", "mean"): mean[0] + np.concatenate([[0.0], np.cumsum(slopes * np.diff(rates))])},
        curve.provenance,
    )
    pieces = budget_pieces(rising, [Slo("ttft", "mean", 1.0)])
    assert pieces is not None
    arm = Arm(pieces, 0.0, rising.max_rate).coarse(np.array([0.1]))
    for rate in rng.uniform(0.0, rising.max_rate, 5):
        arm.touch(float(rate))
        assert arm.under(float(rate))[0] == pytest.approx(
            rate * latency(rising, "mean", rate), rel=1e-8, abs=1e-10
        )
    assert not arm.touch(float(rate)), "a second touch at the same rate has nothing to raise"


@many
@given(seeds)
def test_touch_and_splits_make_any_budget_exact_where_it_matters(seed: int) -> None:
    """The search's loop: at one rate, split where the hull bridges and touch, until the bound of
    the program is the curve itself.
    """
    _curve, _slos, pieces, rng = random_case(seed)
    if pieces is None or pieces.budgets == 0:
        return
    rate = float(rng.choice(domain(pieces)))
    error = np.full(pieces.budgets, 0.03)
    exact = at(pieces, rate)
    wanted = 1e-6 * np.maximum(exact, 1e-3 * max(pieces.high[-1], 1.0))
    arms = [Arm(pieces, float(pieces.low[0]), float(pieces.high[-1])).coarse(error)]
    for _ in range(12):
        around = [arm for arm in arms if arm.low <= rate <= arm.high]
        for arm in around:
            arm.touch(rate)
        if all(np.all(arm.under(rate) >= exact - wanted) for arm in around):
            break
        after: list[Arm] = []
        for arm in arms:
            for cut in arm.splits(rate, wanted) if arm in around else []:
                left, arm = arm.split(cut, error)
                after.append(left)
            after.append(arm)
        arms = after
    else:
        pytest.fail(f"not exact at {rate}: {[arm.under(rate) for arm in around]} against {exact}")
    check_cover(arms, pieces)
    for arm in arms:
        check_never_above(arm, pieces)


def check_cover(arms: Sequence[Arm], pieces: Pieces) -> None:
    """Arms follow one another without overlap and leave nothing of the domain out."""
    assert arms[0].low == pieces.low[0]
    assert arms[-1].high == pieces.high[-1]
    assert all(left.high == right.low for left, right in pairwise(arms))
    assert all(any(arm.low <= rate <= arm.high for arm in arms) for rate in domain(pieces))


def test_split_arms_meet_at_the_rate_and_are_exact_there() -> None:
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", "mean"): np.array([1.0, 0.4, 1.0])}, ("measured",) * 3
    )
    pieces = budget_pieces(curve, [Slo("ttft", "mean", 1.0)])
    assert pieces is not None
    left, right = Arm(pieces, 0.0, 3.0).coarse(np.array([0.01])).split(1.5, np.array([0.01]))
    assert (left.low, left.high, right.low, right.high) == (0.0, 1.5, 1.5, 3.0)
    # L(1.5) = 0.7, so B = 1.05
    assert float(left.under(1.5)[0]) == pytest.approx(1.05)
    assert float(right.under(1.5)[0]) == pytest.approx(1.05)


@many
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-50, 50)), min_size=1, max_size=15))
def test_lower_hull_is_the_largest_convex_function_below(points: list[tuple[int, int]]) -> None:
    rates, values = np.array(points, dtype=float).T
    hull_rates, hull_values = lower_hull(rates, values)
    assert hull_rates[0] == rates.min()
    assert hull_rates[-1] == rates.max()
    assert np.all(np.diff(hull_rates) > 0)
    slopes = np.diff(hull_values) / np.diff(hull_rates)
    assert np.all(np.diff(slopes) > -1e-9)
    assert np.all(np.interp(rates, hull_rates, hull_values) <= values + 1e-9)
    assert all((r, v) in set(points) for r, v in zip(hull_rates, hull_values, strict=True))


# ---------------------------------------------------------------- safe points


@many
@given(seeds)
def test_safe_points_never_lie_below_and_are_exact_at_the_rate(seed: int) -> None:
    curve, slos, pieces, rng = random_case(seed)
    if pieces is None or pieces.budgets == 0:
        return
    for rate in rng.choice(domain(pieces), 4):
        for side in (-1, 1):
            grid, budgets = safe_points(pieces, float(rate), side)
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
            grid, budgets = safe_points(pieces, float(rate))
            told = [float(np.interp(rate, grid, row)) for row in budgets]
            assert told == pytest.approx(
                [spent(curve, slo, rate) for slo in shared(slos)], rel=1e-8, abs=1e-10
            )


def test_safe_points_take_the_asked_side_of_a_jump() -> None:
    """At the rate where p50 crosses the limit the share jumps from 0.5 to 1: side -1 ends there,
    side +1 starts there.
    """
    curve = Curve(np.array([0.0, 1.0]), {("ttft", "p50"): np.array([0.2, 0.6])}, ("measured",) * 2)
    pieces = budget_pieces(curve, [Slo("ttft", "p95", 0.4)])
    assert pieces is not None
    below, above = safe_points(pieces, 0.5, -1), safe_points(pieces, 0.5, 1)
    assert (float(below[0][-1]), float(above[0][0])) == pytest.approx((0.5, 0.5))
    assert float(below[1][0, -1]) == pytest.approx(0.25)
    assert float(above[1][0, 0]) == pytest.approx(0.5)
