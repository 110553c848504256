"""Lines, vertices and splits of arms on polylines and parabolas whose numbers are known."""

import numpy as np
import pytest

from models.envelope import EnvelopeArm, lower_hull_envelope
from models.instance import Slo
from models.latency import LatencyPieces, latency_budget_pieces
from profiles.records import Curve


def polyline(rates: list[float], *values: list[float]) -> LatencyPieces:
    """Budgets that are straight between points: r (c + d r) / (0 + 1 r), at rates above 0."""
    at = np.array(rates)
    slope = np.array([np.diff(value) / np.diff(at) for value in values])
    intercept = np.array(values)[:, :-1] - slope * at[:-1]
    zero = np.zeros_like(slope)
    return LatencyPieces(at[:-1], at[1:], np.stack([intercept, slope, zero, 1.0 + zero], axis=2))


def parabola(tenfold: float = 1.0) -> LatencyPieces:
    """L = 0.4 s at 2 req/s rises to 1 s at 3: B(r) = 0.6 r^2 - 0.8 r, from 0.8 to 3."""
    mean = {("ttft", "mean"): tenfold * np.array([0.4, 1.0])}
    pieces = latency_budget_pieces(
        Curve(np.array([2.0, 3.0]), mean, ("measured",) * 2), [Slo("ttft", "mean", 1.0)]
    )
    assert pieces is not None
    return pieces


def with_lines(low: float, high: float, *budgets: list[tuple[float, float]]) -> EnvelopeArm:
    pieces = polyline([low, high], *([[0.0, 1.0]] * len(budgets)))
    arm = EnvelopeArm(pieces, low, high)
    for s, lines in enumerate(budgets):
        for slope, intercept in lines:
            arm.add_line(s, slope, intercept)
    return arm


# ------------------------------------------------------------------------------------- vertices


@pytest.mark.parametrize(
    ("lines", "inner"),
    [
        ([(0, 1)], []),
        ([(0, 1), (1, -2)], [3]),
        ([(2, -7), (0, 1), (1, -2)], [3, 5]),
        # Hidden by both, or touching where they meet.
        ([(0, 1), (1, -4), (2, -3)], [2]),
        ([(0, 1), (1, -1), (2, -3)], [2]),
        # Two are hidden at once; the last one hides all.
        ([(0, 1), (0.5, -3), (1, -4), (2, -3)], [2]),
        ([(0, 1), (1, -2), (2, 0)], []),
        # Of parallel ones the highest counts, however they are ordered.
        ([(1, -3), (1, -2), (0, 1)], [3]),
        ([(1, -2), (1, -3), (1, -2), (0, 1), (0, 0)], [3]),
        ([(-1, 5), (-1, 4), (1, 0)], [2.5]),
        # Steeper by no more than noise, and lower: as good as parallel.
        ([(0, 1), (1, -2), (1 + 1e-13, -3), (2, -7)], [3, 5]),
        ([(0, 1), (1, -3), (1 + 1e-13, -2), (2, -7)], [3, 5]),
        ([(0, 1), (1, -2), (1 + 1e-13, -3), (1 + 2e-13, -2.5), (2, -7)], [3, 5]),
        ([(1, -2), (1 + 1e-13, -3), (2, -7)], [5]),
        # Slopes are compared with their own size.
        ([(1e-3, 0), (1.0000002e-3, -6e-10)], [3]),
        ([(-1e-3, 0), (-0.9999998e-3, -6e-10)], [3]),
        # At the ends, and beyond them, are no inner vertices.
        ([(0, 1), (1, 0), (2, -6), (3, -13)], []),
    ],
)
def test_vertices_are_where_the_highest_line_changes(
    lines: list[tuple[float, float]], inner: list[float]
) -> None:
    arm = with_lines(1.0, 6.0, lines)
    rates, ((values),) = arm.points()
    assert rates.tolist() == pytest.approx([1.0, *inner, 6.0], rel=1e-9)
    for rate in np.linspace(1.0, 6.0, 41):
        highest = max(slope * rate + intercept for slope, intercept in lines)
        assert np.interp(rate, rates, values) == pytest.approx(highest, abs=1e-12)
        assert arm.under(rate)[0] == pytest.approx(highest, abs=1e-12)


def test_points_are_those_of_all_budgets() -> None:
    rates, values = with_lines(1.0, 6.0, [(0, 1), (1, -2)], [(0, 2), (2, -2)]).points()
    assert rates.tolist() == [1.0, 2.0, 3.0, 6.0]
    assert values.tolist() == [[1, 1, 1, 4], [2, 2, 4, 10]]


@pytest.mark.parametrize("high", [4.0, 0.25])
def test_vertices_closer_than_rounding_are_one(high: float) -> None:
    """1e-9 of the highest rate; the ends stay."""
    for apart, both in ((0.9e-9, False), (1.1e-9, True)):
        gap, half = apart * high, high / 2
        lines = [(0.0, 0.0), (1.0, -half), (2.0, -high - gap)]
        rates, _ = with_lines(high / 8, high, lines).points()
        expected = [high / 8, half, half + gap, high] if both else [high / 8, half, high]
        assert rates.tolist() == pytest.approx(expected, abs=1e-12 * high)
        near_high = with_lines(high / 8, high, [(0.0, 0.0), (1.0, gap - high)]).points()[0]
        assert near_high[-1] == high
        assert near_high[0] == high / 8
        near_low = with_lines(high / 8, high, [(0.0, 0.0), (1.0, -high / 8 - gap)]).points()[0]
        assert near_low.size == 2 + both
        assert near_low[-1] == high


def test_a_new_line_moves_the_points() -> None:
    arm = with_lines(1.0, 6.0, [(0, 1)])
    assert arm.points()[1].tolist() == [[1, 1]]
    arm.add_line(0, 1, -2)
    assert arm.points()[0].tolist() == [1, 3, 6]
    assert arm.points()[0] is arm.points()[0], "made once"
    arm.coarse(np.array([0.1]))
    assert arm.points()[0].tolist() == [1, 6]
    assert arm.points()[1][0] == pytest.approx([0, 1])
    bent = EnvelopeArm(parabola(), 2.0, 3.0).coarse(np.array([0.5]))
    assert bent.points()[0] == pytest.approx([2.0, 2.5, 3.0])
    bent.touch(2.5)
    assert bent.points()[0] == pytest.approx([2.0, 2.25, 2.75, 3.0])


# ---------------------------------------------------------------------------------------- lines


STAIRS = polyline([1, 2, 3, 4, 5, 6], [5, 5, 6, 8, 11, 15])
"""Slopes 0 to 4 from 1 req/s on. Of the lines the first and the last meet at 3.5, where the middle
one is 2 above them; its neighbours are 0.5 above it and the ends at 2.5 and at 4.5.
"""


@pytest.mark.parametrize(
    ("error", "slopes"),
    [
        (2.01 / 3.5, [0, 4]),
        (1.99 / 3.5, [0, 2, 4]),
        (0.51 / 2.5, [0, 2, 4]),
        (0.49 / 2.5, [0, 1, 2, 4]),
        (0.51 / 4.5, [0, 1, 2, 4]),
        (0.49 / 4.5, [0, 1, 2, 3, 4]),
        (0.0, [0, 1, 2, 3, 4]),
    ],
)
def test_coarse_lines_are_left_out_while_the_error_allows_it(
    error: float, slopes: list[float]
) -> None:
    arm = EnvelopeArm(STAIRS, 1.0, 6.0).coarse(np.array([error]))
    lines = {0: 5, 1: 3, 2: 0, 3: -4, 4: -9}
    assert arm.lines[0] == pytest.approx(np.array([[m, lines[int(m)]] for m in slopes]))


def test_coarse_lines_of_every_budget_have_their_own_error() -> None:
    two = polyline([1, 2, 3, 4, 5, 6], [5, 5, 6, 8, 11, 15], [5, 5, 6, 8, 11, 15])
    arm = EnvelopeArm(two, 1.0, 6.0).coarse(np.array([0.0, 9.0]))
    assert [len(lines) for lines in arm.lines] == [5, 2]
    again = arm.coarse(np.array([9.0, 0.0]))
    assert again is arm
    assert [len(lines) for lines in arm.lines] == [2, 5]


def test_near_zero_the_error_is_that_of_a_thousandth_of_the_range() -> None:
    """Lines of slope -1 and 1 meet 1e-6 below one of slope 0, at 3e-6 of 4 req/s: what counts is
    the error at 4e-3.
    """
    t = 1e-6
    pieces = polyline([t, 2 * t, 4 * t, 4.0], [t, 0.0, 0.0, 4.0 - 4 * t])
    for error, kept in ((0.99 * t / 4e-3, 3), (1.01 * t / 4e-3, 2)):
        assert len(EnvelopeArm(pieces, t, 4.0).coarse(np.array([error])).lines[0]) == kept


def test_what_is_noise_beside_the_last_budget_is_left_out() -> None:
    """1e-12 of it, also where no error is allowed: lines of slope 0 and 1000 meet at 2, one of
    slope 500 passes so far above.
    """
    for above, kept in ((1.5e-12, 3), (0.5e-12, 2)):
        low, high = 2.0 - 2 * above, 2.0 + 2 * above
        values = [0.0, 0.0, 1000 * (high - 2.0), 1000.0]
        arm = EnvelopeArm(polyline([1.0, low, high, 3.0], values), 1.0, 3.0).coarse(np.zeros(1))
        assert len(arm.lines[0]) == kept


def test_a_single_rate_has_a_flat_line() -> None:
    one = LatencyPieces(np.array([2.0]), np.array([2.0]), np.array([[[1.5, 0.0, 1.0, 0.0]]]))
    arm = EnvelopeArm(one, 2.0, 2.0).coarse(np.array([0.1]))
    assert arm.lines[0].tolist() == [[0.0, 3.0]]
    assert arm.hull(2.0).tolist() == [3.0]
    assert not arm.touch(2.0)
    assert arm.splits(2.0, np.array([0.0])) == []


@pytest.mark.parametrize("scale", [1.0, 0.125])
def test_touched_lines_are_those_beside_a_vertex_or_the_one_at_the_rate(scale: float) -> None:
    """Within 1e-9 of the last rate of the vertex, both."""
    stairs = polyline([scale * r for r in range(1, 7)], [5, 5, 6, 8, 11, 15])
    near = 1e-9 * 6.0 * scale
    for rate, slopes in (
        (2.5 * scale, [1]),
        (3.0 * scale, [1, 2]),
        (3.0 * scale - near, [1, 2]),
        (3.0 * scale + near, [1, 2]),
        (3.0 * scale - 1.02 * near, [1]),
        (3.0 * scale + 1.02 * near, [2]),
        (1.0 * scale, [0]),
        (6.0 * scale, [4]),
    ):
        arm = EnvelopeArm(stairs, 1.0 * scale, 6.0 * scale)
        assert arm.touch(rate)
        assert arm.touches == (rate,)
        assert np.unique(np.round(arm.lines[0][:, 0] * scale, 6)).tolist() == slopes
        assert arm.under(rate) == pytest.approx(arm.hull(rate), abs=1e-12)


def test_touch_says_whether_the_envelope_rose() -> None:
    arm = EnvelopeArm(parabola(), 2.0, 3.0).coarse(np.array([0.5]))
    assert arm.touch(2.5)
    assert not arm.touch(2.5)
    before = len(arm.lines[0])
    arm.touch(2.5)
    assert len(arm.lines[0]) == before, "a line is kept once"
    small = EnvelopeArm(parabola(1e-11), 2.0, 3.0)
    assert small.under(2.5).tolist() == [0.0]
    assert small.touch(2.5), "from nothing to very little is a rise"


# ----------------------------------------------------------------------------------------- hull


def test_the_hull_of_a_convex_piece_is_that_of_its_tangents() -> None:
    """B' is 1.6, 2.2 and 2.8 at 2, 2.5 and 3: tangents at the ends meet at 2.5 below B, those of
    the halves at 2.25 and 2.75.
    """
    arm = EnvelopeArm(parabola(), 2.0, 3.0)
    assert arm.hull(2.5)[0] == pytest.approx(1.6)
    assert arm.hull(2.25)[0] == pytest.approx(1.2)
    assert arm.hull(2.0)[0] == pytest.approx(0.8)
    assert arm.hull(3.0)[0] == pytest.approx(3.0)
    arm.touch(2.5)
    assert arm.hull(2.5)[0] == pytest.approx(1.75)
    assert arm.hull(2.25)[0] == pytest.approx(1.2)
    assert arm.hull(2.75)[0] == pytest.approx(2.3)
    assert arm.hull(2.125)[0] == pytest.approx(1.0)
    arm.touch(2.25)
    assert arm.hull(2.25)[0] == pytest.approx(1.2375)
    assert arm.hull(2.125)[0] == pytest.approx(1.0)
    assert arm.hull(2.375)[0] == pytest.approx(1.2375 + 1.9 * 0.125)


def test_hulls_of_small_budgets_are_small() -> None:
    arm = EnvelopeArm(parabola(1e-9), 2.0, 3.0)
    assert arm.hull(2.5)[0] == pytest.approx(1.6e-9)


def test_where_a_budget_jumps_the_lower_value_holds_on_both_sides() -> None:
    """5 on [1, 2] and 1 on [2, 3], and the other way round."""
    for first, second in ((5.0, 1.0), (1.0, 5.0)):
        coef = np.array([[[first, 0.0, 0.0, 1.0], [second, 0.0, 0.0, 1.0]]])
        pieces = LatencyPieces(np.array([1.0, 2.0]), np.array([2.0, 3.0]), coef)
        left, right = EnvelopeArm(pieces, 1.0, 2.0), EnvelopeArm(pieces, 2.0, 3.0)
        assert left.hull(2.0).tolist() == right.hull(2.0).tolist() == [1.0]
        assert (left.hull(1.0).tolist(), right.hull(3.0).tolist()) == ([first], [second])


def test_tangents_of_a_narrow_piece_meet_on_it() -> None:
    """Slopes that differ by little more than noise: the quotient may lie anywhere."""
    for low in np.linspace(1000.0, 1001.0, 40):
        high = low + 1e-5
        narrow = LatencyPieces(
            np.array([low]), np.array([high]), np.array([[[1.0, 5e-3, 1.0, 0.0]]])
        )
        rates, _ = EnvelopeArm(narrow, low, high)._hull(0)
        assert (rates[0], rates[-1]) == (low, high)


def test_the_hull_of_part_of_a_piece_has_its_own_tangents() -> None:
    arm = EnvelopeArm(parabola(), 2.5, 2.75)
    # B' 2.2 at 2.5 (1.75), 2.5 at 2.75 (2.3375); they meet in the middle.
    assert arm.hull(2.5)[0] == pytest.approx(1.75)
    assert arm.hull(2.75)[0] == pytest.approx(2.3375)
    assert arm.hull(2.625)[0] == pytest.approx(1.75 + 2.2 * 0.125)


def test_the_hull_of_a_concave_piece_is_its_chord_and_a_gap_is_bridged() -> None:
    """B(r) = 2 r - 0.25 r^2 on [1, 2] and [3, 4], nothing between."""
    coef = np.tile([2.0, -0.25, 1.0, 0.0], (1, 2, 1))
    gap = LatencyPieces(np.array([1.0, 3.0]), np.array([2.0, 4.0]), coef)
    low = EnvelopeArm(gap, 1.0, 2.0)
    assert low.hull(1.5)[0] == pytest.approx((1.75 + 3.0) / 2)
    whole = EnvelopeArm(gap, 1.0, 4.0)
    assert whole.hull(2.5)[0] == pytest.approx(1.75 + 1.5 * (4.0 - 1.75) / 3)
    whole.touch(2.5)
    assert whole.hull(2.5)[0] == pytest.approx(1.75 + 1.5 * (4.0 - 1.75) / 3)


@pytest.mark.parametrize(
    ("points", "hull"),
    [
        ([(1, 5)], [(1, 5)]),
        ([(2, 1), (1, 5)], [(1, 5), (2, 1)]),
        ([(1, 5), (1, 4), (2, 1), (2, 3)], [(1, 4), (2, 1)]),
        ([(1, 4), (2, 1), (3, 0)], [(1, 4), (2, 1), (3, 0)]),
        # On a line: the ends.
        ([(1, 4), (2, 3), (3, 2)], [(1, 4), (3, 2)]),
        ([(1, 4), (2, 3), (3, 2), (4, 2), (5, 2)], [(1, 4), (3, 2), (5, 2)]),
        # Above it, one and two in turn.
        ([(1, 4), (2, 4), (3, 2)], [(1, 4), (3, 2)]),
        ([(1, 0), (2, 1), (3, 3), (4, 1), (5, 0.5)], [(1, 0), (5, 0.5)]),
        ([(3, 3), (5, 0), (1, 0), (4, 1), (2, -1)], [(1, 0), (2, -1), (5, 0)]),
        # Steps of unlike widths.
        ([(0, 0), (1, 2), (4, 3), (4.5, 3), (10, 4)], [(0, 0), (10, 4)]),
        ([(0, 0), (8, 1), (9, 3), (10, 2)], [(0, 0), (8, 1), (10, 2)]),
    ],
)
def test_lower_hulls(points: list[tuple[float, float]], hull: list[tuple[float, float]]) -> None:
    rates, values = np.array(points, dtype=float).T
    assert list(zip(*lower_hull_envelope(rates, values), strict=True)) == hull


# --------------------------------------------------------------------------------------- splits


def test_a_split_arm_keeps_its_touches_on_either_side() -> None:
    error = np.array([0.01])
    arm = EnvelopeArm(parabola(), 2.0, 3.0).coarse(error)
    for rate in (2.2, 2.5, 2.8):
        arm.touch(rate)
    left, right = arm.split(2.5, error)
    assert (left.touches, right.touches) == ((2.2,), (2.8,))
    left, right = arm.split(2.3, error)
    assert (left.touches, right.touches) == ((2.2,), (2.5, 2.8))
    assert left.hull(2.2)[0] == pytest.approx(0.6 * 2.2**2 - 0.8 * 2.2)
    assert right.hull(2.3)[0] == pytest.approx(0.6 * 2.3**2 - 0.8 * 2.3)


KINKS = polyline([1, 2, 3, 4, 5], [0, 2, 1, 3, 0])
"""Kinks at 2 and 4 above the chord, one at 3 on either side of which the hull goes straight on."""


def test_splits_lie_within_the_bridge_alone() -> None:
    close = np.array([1e-6])
    bridged = EnvelopeArm(polyline([1, 2, 3, 4, 5], [1, 2, 0, 2, 1]), 1.0, 5.0)
    assert bridged.splits(1.5, close) == [2.0]
    assert bridged.splits(1.0, close) == [2.0]
    assert bridged.splits(4.5, close) == [4.0]
    assert bridged.splits(5.0, close) == [4.0]
    assert EnvelopeArm(KINKS, 1.0, 5.0).splits(2.5, close) == [2.0, 3.0, 4.0]
    # 2 is 2 above the chord, 3 is 1 above, 4 is 3 above: to the last bit, and no farther.
    for tolerance, kinks in (
        (0.999, [2, 3, 4]),
        (1.0, [2, 4]),
        (2.0, [4]),
        (3.0, []),
    ):
        assert EnvelopeArm(KINKS, 1.0, 5.0).splits(3.0, np.array([tolerance])) == kinks


def test_splits_of_all_budgets_are_taken_together() -> None:
    two = polyline([1, 2, 3, 4], [0, 2, 1, 0], [0, 0, 2, 0])
    arm = EnvelopeArm(two, 1.0, 4.0)
    assert arm.splits(2.5, np.array([0.1, 0.1])) == [2.0, 3.0]
    assert arm.splits(2.5, np.array([1.5, 0.1])) == [2.0, 3.0]
    assert arm.splits(2.5, np.array([1.5, 3.0])) == [2.0]
    assert arm.splits(2.5, np.array([9.0, 0.1])) == [3.0]


def test_concave_pieces_are_split_where_they_run_to_the_last_bit() -> None:
    """B(r) = 2 r - 0.5 r^2 from 1 to 2 is 1.5, 1.875, 2: an eighth above the chord's middle."""
    concave = LatencyPieces(np.array([1.0]), np.array([2.0]), np.array([[[2.0, -0.5, 1.0, 0.0]]]))
    arm = EnvelopeArm(concave, 1.0, 2.0)
    assert arm.splits(1.5, np.array([0.125])) == []
    assert arm.splits(1.5, np.array([0.124])) == [1.5]
    assert arm.splits(np.nextafter(2.0, 3.0), np.array([1e-6])) == []
    assert arm.splits(np.nextafter(1.0, 0.0), np.array([1e-6])) == []


def test_an_arm_holds_what_its_rounding_holds() -> None:
    for low, high in ((1.0, 3.0), (0.125, 0.25)):
        arm = EnvelopeArm(polyline([low, high], [0.0, 1.0]), low, high)
        near = 1e-9 * high
        assert arm.holds(low - near)
        assert arm.holds(high + near)
        assert not arm.holds(low - 1.1 * near)
        assert not arm.holds(high + 1.1 * near)
