"""Arms: envelopes that never lie above the budget, and are exact where they are refined."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.envelope import EnvelopeArm, lower_hull_envelope
from models.instance import Slo
from models.latency import LatencyPieces, latency_budget_pieces
from profiles.records import Curve
from tests.support.instances.random_curves import (
    at,
    domain,
    latency,
    many,
    random_case,
    random_curve,
    seeds,
)


def envelope(arm: EnvelopeArm, rates: np.ndarray) -> np.ndarray:
    at_points, budgets = arm.points()
    return np.array([np.interp(rates, at_points, row) for row in budgets]).reshape(
        arm.pieces.budgets, rates.size
    )


def check_never_above(arm: EnvelopeArm, pieces: LatencyPieces) -> None:
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
    arms = [EnvelopeArm(pieces, float(pieces.low[0]), float(pieces.high[-1])).coarse(error)]
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
    arm = EnvelopeArm(pieces, float(pieces.low[0]), float(pieces.high[-1])).coarse(error)
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
    pieces = latency_budget_pieces(rising, [Slo("ttft", "mean", 1.0)])
    assert pieces is not None
    arm = EnvelopeArm(pieces, 0.0, rising.max_rate).coarse(np.array([0.1]))
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
    arms = [EnvelopeArm(pieces, float(pieces.low[0]), float(pieces.high[-1])).coarse(error)]
    for _ in range(12):
        around = [arm for arm in arms if arm.low <= rate <= arm.high]
        for arm in around:
            arm.touch(rate)
        if all(np.all(arm.under(rate) >= exact - wanted) for arm in around):
            break
        after: list[EnvelopeArm] = []
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


def check_cover(arms: Sequence[EnvelopeArm], pieces: LatencyPieces) -> None:
    """Arms follow one another without overlap and leave nothing of the domain out."""
    assert arms[0].low == pieces.low[0]
    assert arms[-1].high == pieces.high[-1]
    assert all(left.high == right.low for left, right in pairwise(arms))
    assert all(any(arm.low <= rate <= arm.high for arm in arms) for rate in domain(pieces))


def test_split_arms_meet_at_the_rate_and_are_exact_there() -> None:
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", "mean"): np.array([1.0, 0.4, 1.0])}, ("measured",) * 3
    )
    pieces = latency_budget_pieces(curve, [Slo("ttft", "mean", 1.0)])
    assert pieces is not None
    left, right = (
        EnvelopeArm(pieces, 0.0, 3.0).coarse(np.array([0.01])).split(1.5, np.array([0.01]))
    )
    assert (left.low, left.high, right.low, right.high) == (0.0, 1.5, 1.5, 3.0)
    # L(1.5) = 0.7, so B = 1.05
    assert float(left.under(1.5)[0]) == pytest.approx(1.05)
    assert float(right.under(1.5)[0]) == pytest.approx(1.05)


@many
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-50, 50)), min_size=1, max_size=15))
def test_lower_hull_is_the_largest_convex_function_below(points: list[tuple[int, int]]) -> None:
    rates, values = np.array(points, dtype=float).T
    hull_rates, hull_values = lower_hull_envelope(rates, values)
    assert hull_rates[0] == rates.min()
    assert hull_rates[-1] == rates.max()
    assert np.all(np.diff(hull_rates) > 0)
    slopes = np.diff(hull_values) / np.diff(hull_rates)
    assert np.all(np.diff(slopes) > -1e-9)
    assert np.all(np.interp(rates, hull_rates, hull_values) <= values + 1e-9)
    assert all((r, v) in set(points) for r, v in zip(hull_rates, hull_values, strict=True))


def valley() -> LatencyPieces:
    """L falls from 1 s at 1 req/s to 0.4 s at 2 req/s and rises to 1 s at 3: B is r up to 1,
    concave up to 2 and convex up to 3, with B(1) = 1, B(2) = 0.8, B(3) = 3.
    """
    mean = {("ttft", "mean"): np.array([1.0, 0.4, 1.0])}
    curve = Curve(np.array([1.0, 2.0, 3.0]), mean, ("measured",) * 3)
    pieces = latency_budget_pieces(curve, [Slo("ttft", "mean", 1.0)])
    assert pieces is not None
    return pieces


def test_splits_at_kinks_first_and_then_near_the_rate() -> None:
    """The hull bridges from 0 to 2 req/s and passes below the kink at 1; on [1, 2] there is none,
    and a split keeps a tenth of the bridge from its ends.
    """
    error, close = np.array([0.01]), np.array([1e-6])
    whole = EnvelopeArm(valley(), 0.0, 3.0).coarse(error)
    assert whole.splits(0.5, close) == [1.0]
    assert whole.splits(1.5, close) == [1.0]
    assert whole.splits(2.0, close) == [1.0]
    assert whole.splits(1.5, np.array([0.7])) == []
    concave = EnvelopeArm(valley(), 1.0, 2.0).coarse(error)
    for rate, split in ((1.5, 1.5), (1.02, 1.1), (1.98, 1.9)):
        assert concave.splits(rate, close) == pytest.approx([split])
    assert concave.splits(1.0, close) == concave.splits(2.0, close) == []
    # B(1.5) = 1.05 and the chord says 0.9.
    assert concave.splits(1.5, np.array([0.149])) == [1.5]
    assert concave.splits(1.5, np.array([0.151])) == []


def test_an_arm_holds_its_ends_up_to_rounding() -> None:
    """1e-9 of its highest rate."""
    arm = EnvelopeArm(valley(), 1.0, 3.0)
    for rate, inside in (
        (1.0, True),
        (2.0, True),
        (3.0, True),
        (1.0 - 2.9e-9, True),
        (3.0 + 2.9e-9, True),
        (1.0 - 3.1e-9, False),
        (3.0 + 3.1e-9, False),
    ):
        assert arm.holds(rate) == inside


def test_a_rate_beyond_an_arm_touches_its_end() -> None:
    arm = EnvelopeArm(valley(), 2.0, 3.0).coarse(np.array([0.5]))
    arm.touch(9.0)
    arm.touch(0.5)
    assert arm.touches == (3.0, 2.0)
    assert arm.under(2.0)[0] == pytest.approx(0.8)
    assert arm.under(3.0)[0] == pytest.approx(3.0)
