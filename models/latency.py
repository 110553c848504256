"""Latency curves as budgets: exact pieces, convex or concave each. What a linear program holds of
them: `models.envelope`.

A service-level objective over all requests is a budget that every replica spends. With r the rate
of one replica (req/s):

    mean, scope all    B(r) = r * L(r)            requests in flight (Little's law)
                       sum_o n_o B_o(x_o / n_o) <= limit * arrival rate

    pNN,  scope all    B(r) = r * share_above(r)  late requests per second
                       sum_o n_o B_o(x_o / n_o) <= (1 - NN/100) * arrival rate

L is linear between two load points, flat below the lowest (the contract's semantics), and so are
the latencies L_s that a share s of the requests exceeds (`models.curves.percentile_tails`).
Between two *knots* (load points, and rates where an L_s crosses the limit) the limit lies between
the same two of them, share_above(r) = s + (t - s) (limit - L_s(r)) / (L_t(r) - L_s(r)), and both
kinds of budget are

    B(r) = r (c + d r) / (e + g r),    e + g r > 0
    B''(r) = 2 e (d e - c g) / (e + g r)^3                                                       (1)

so every piece is either convex or concave, which is why the program can be exact.
Objectives of scope each_llm cut the domain: only rates with L(r) <= limit stay, possibly several
intervals.

Units: seconds, req/s. Arrays: J pieces, S budgets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.curves.percentile_tails import PercentileTails, percentile_tails, rates_of_zeros
from models.instance import Slo
from profiles.records import Curve

SAME_RATE = 1e-12
"""Knots closer than this, relative to the highest rate, are one."""

SAME_SHARE = 1e-9
"""Two latencies that come this close at an end of a piece, relative to its middle, meet there."""


@dataclass(frozen=True)
class LatencyPieces:
    """The exact budgets of one option.

    low, high: (J,) req/s, pieces in rising order, low <= high; gaps between pieces are rates that
    may not be run.
    coef: (S, J, 4) the numbers c, d, e, g of (1).
    """

    low: np.ndarray
    high: np.ndarray
    coef: np.ndarray

    @property
    def budgets(self) -> int:
        """S."""
        return self.coef.shape[0]

    def at(self, budget: int, piece: np.ndarray | int, rate: np.ndarray | float) -> np.ndarray:
        """B of one budget at rates that lie in the given pieces."""
        coef = self.coef[budget, piece]
        c, d, e, g = coef[..., 0], coef[..., 1], coef[..., 2], coef[..., 3]
        return np.asarray(rate * (c + d * rate) / (e + g * rate))

    def slope(self, budget: int, piece: np.ndarray | int, rate: np.ndarray | float) -> np.ndarray:
        """dB/dr inside the given pieces."""
        coef = self.coef[budget, piece]
        c, d, e, g = coef[..., 0], coef[..., 1], coef[..., 2], coef[..., 3]
        below = e + g * rate
        return np.asarray(((c + 2 * d * rate) * below - g * rate * (c + d * rate)) / below**2)

    def convex(self, budget: int) -> np.ndarray:
        """(J,) whether the budget is convex (or linear) on each piece."""
        coef = self.coef[budget]
        c, d, e, g = coef[:, 0], coef[:, 1], coef[:, 2], coef[:, 3]
        return np.asarray(e * (d * e - c * g) >= 0)

    @cached_property
    def convex_runs(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last piece (J,), (J,) of the run around each piece on which every budget is
        convex and goes on convexly from piece to piece; where it is not convex, the piece itself.

        Routing asks for them around every rate that it looks at.
        """
        first, last = np.arange(self.low.size), np.arange(self.low.size)
        convex = np.ones(self.low.size, dtype=bool)
        for s in range(self.budgets):
            convex &= self.convex(s)
        joined = convex[:-1] & convex[1:] & self._joins()
        for left in np.flatnonzero(joined):
            first[left + 1] = first[left]
        for left in np.flatnonzero(joined)[::-1]:
            last[left] = last[left + 1]
        return first, last

    def _joins(self) -> np.ndarray:
        """(J - 1,) whether every budget goes on convexly from a piece to the next."""
        joins = np.abs(self.low[1:] - self.high[:-1]) <= 4 * SAME_RATE * np.maximum(
            self.high[:-1], 1e-300
        )
        left = np.flatnonzero(joins)
        knot = self.high[left]
        for s in range(self.budgets):
            before, after = self.at(s, left, knot), self.at(s, left + 1, knot)
            joins[left] &= np.abs(before - after) <= 1e-9 * np.maximum(np.abs(before), 1e-12)
            rising = self.slope(s, left, knot)
            joins[left] &= self.slope(s, left + 1, knot) >= rising - 1e-12 * np.abs(rising)
        return np.asarray(joins)

    def spend(self, rate: float) -> np.ndarray:
        """(S,) exact budgets of one replica at a rate; inf outside the domain.

        At a jump the lower value holds.
        """
        slack = SAME_RATE * max(self.high[-1], 1e-300) * 16
        inside = np.flatnonzero((self.low - slack <= rate) & (rate <= self.high + slack))
        if inside.size == 0:
            return np.full(self.budgets, np.inf)
        at = np.clip(rate, self.low[inside], self.high[inside])
        return np.array([self.at(s, inside, at).min() for s in range(self.budgets)])


def latency_budget_pieces(curve: Curve, slos: Sequence[Slo]) -> LatencyPieces | None:
    """Exact pieces of one option under the SLOs; None when an each_llm SLO leaves no rate at
    all.
    """
    shared = [slo for slo in slos if slo.scope == "all"]
    private = [slo for slo in slos if slo.scope != "all"]
    tails = {
        slo.metric: percentile_tails(curve, slo.metric) for slo in shared if slo.statistic != "mean"
    }
    knots = _latency_knots(curve, tails, shared, private)
    low, high = (knots[:-1], knots[1:]) if knots.size > 1 else (knots, knots)
    allowed = np.ones(low.size, dtype=bool)
    points = np.ones(knots.size, dtype=bool)
    for slo in private:
        column = curve.latency[slo.metric, slo.statistic]
        ends = np.interp(knots, curve.rates, column)
        within = ends <= slo.limit * (1 + SAME_RATE * 16)
        allowed &= within[:-1] & within[1:] if knots.size > 1 else within
        points &= within
    # A knot that keeps the limits between two stretches that do not is a domain of one rate.
    covered = np.zeros(knots.size, dtype=bool)
    covered[np.searchsorted(knots, low[allowed])] = covered[
        np.searchsorted(knots, high[allowed])
    ] = True
    lone = knots[points & (~covered | _touched_latency_knots(knots, tails, shared))]
    low, high = np.concatenate([low[allowed], lone]), np.concatenate([high[allowed], lone])
    if low.size == 0:
        return None
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    coef = np.empty((len(shared), low.size, 4))
    for s, slo in enumerate(shared):
        coef[s] = (
            _mean_latency_coefficients(curve, slo.metric, low, high)
            if slo.statistic == "mean"
            else _late_requests_coefficients(tails[slo.metric], slo.limit, low, high)
        )
    return _joined_latency_pieces(LatencyPieces(low, high, coef))


def _touched_latency_knots(
    knots: np.ndarray, tails: Mapping[str, PercentileTails], shared: Sequence[Slo]
) -> np.ndarray:
    """(K,) load points at which a latency is exactly at the limit: the only ones where a share may
    jump to a lower value at one rate alone, as where a curve dips to the limit.
    """
    touched = np.zeros(knots.size, dtype=bool)
    for slo in shared:
        if slo.statistic != "mean":
            tail = tails[slo.metric]
            met = np.abs(tail.latency - slo.limit) <= SAME_RATE * slo.limit
            rates = tail.rates[met.any(axis=0)]
            apart = np.abs(knots[:, None] - rates)
            touched |= (apart <= SAME_RATE * max(knots[-1], 1e-300)).any(axis=1)
    return touched


def _joined_latency_pieces(pieces: LatencyPieces) -> LatencyPieces:
    """The same budgets in fewer pieces."""
    low, high, coef = pieces.low, pieces.high, pieces.coef
    keep = np.ones(low.size, dtype=bool)
    for j in np.flatnonzero(low == high).tolist():
        beside = np.flatnonzero((low <= low[j]) & (high >= low[j]) & (low < high))
        # One rate inside another piece counts where a budget jumps down there.
        keep[j] = beside.size == 0 or any(
            pieces.at(s, j, low[j]) < (1 - 1e-9) * pieces.at(s, beside, low[j]).min()
            for s in range(pieces.budgets)
        )
    low, high, coef = low[keep], high[keep], coef[:, keep]
    # Where every share is 1 or the last one, load points are no knots: their pieces are one.
    same = np.all(coef[:, 1:] == coef[:, :-1], axis=(0, 2)) & (low[1:] == high[:-1])
    first, last = np.concatenate([[True], ~same]), np.concatenate([~same, [True]])
    return LatencyPieces(low[first], high[last], coef[:, first])


def _latency_knots(
    curve: Curve,
    tails: Mapping[str, PercentileTails],
    shared: Sequence[Slo],
    private: Sequence[Slo],
) -> np.ndarray:
    rates = curve.rates if curve.rates[0] <= 0 else np.concatenate([[0.0], curve.rates])
    knots = [rates]
    for slo in private:
        column = curve.latency[slo.metric, slo.statistic]
        knots.append(rates_of_zeros(curve.rates, column - slo.limit))
    for slo in shared:
        if slo.statistic != "mean":
            tail = tails[slo.metric]
            # Only the two latencies next to the limit matter at a rate, so the rates where one of
            # them crosses it are all the knots there are, however many shares are read.
            knots += [tail.rates, rates_of_zeros(tail.rates, tail.latency - slo.limit)]
    sorted_knots = np.sort(np.concatenate(knots))
    apart = np.diff(sorted_knots) > SAME_RATE * max(sorted_knots[-1], 1e-300)
    return sorted_knots[np.concatenate([[True], apart])]


def _mean_latency_coefficients(
    curve: Curve, metric: str, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """(J, 4) numbers c, d, e, g of a mean's requests in flight on the pieces [low, high]: c + d r
    is the mean latency.
    """
    column, width = curve.latency[metric, "mean"], high - low
    at_low, at_high = np.interp(low, curve.rates, column), np.interp(high, curve.rates, column)
    slope = np.divide(at_high - at_low, width, out=np.zeros_like(width), where=width > 0)
    one, zero = np.ones(low.size), np.zeros(low.size)
    return np.stack([at_low - slope * low, slope, one, zero], axis=1)


def _late_requests_coefficients(
    tails: PercentileTails, limit: float, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """(J, 4) numbers c, d, e, g of the requests above the limit (s) on the pieces [low, high]."""
    one, zero, piece = np.ones(low.size), np.zeros(low.size), np.arange(low.size)
    middle = (low + high) / 2
    intercept, slope = tails.lines(middle)
    # Latencies rise with the row: the last one reached and the next hold the limit between them.
    reached = intercept + slope * middle <= limit * (1 + SAME_RATE)
    count = np.count_nonzero(reached, axis=0)
    share = np.concatenate([[1.0], tails.shares])[count]
    coef = np.stack([share, zero, one, zero], axis=1)
    left = np.maximum(count - 1, 0)
    right = np.minimum(count, tails.shares.size - 1)
    between = (count > 0) & (count < tails.shares.size)
    a0, a1 = intercept[left, piece], slope[left, piece]
    e, g = intercept[right, piece] - a0, slope[right, piece] - a1
    step = tails.shares[right] - share
    c, d = share * e + step * (limit - a0), share * g - step * a1
    coef[between] = np.stack([c, d, e, g], axis=1)[between]
    # Where both latencies meet at an end of the piece, the limit between them meets them there too,
    # and the share is the same all along: 0 / 0 at that end, so it is put as a constant.
    width, end = e + g * middle, np.minimum(e + g * low, e + g * high)
    narrow = between & ((end <= SAME_SHARE * width) | (width <= 4 * SAME_RATE * limit))
    alike = np.divide(c + d * middle, width, out=np.zeros_like(width), where=width > 0)
    alike = np.clip(alike, tails.shares[right], share)
    coef[narrow] = np.stack([alike, zero, one, zero], axis=1)[narrow]
    return coef


def safe_latency_points(
    pieces: LatencyPieces, rate: float, side: int = -1
) -> tuple[np.ndarray, np.ndarray]:
    """Rates (K,) and budgets (S, K) of a polyline that nowhere lies below B, exact at `rate`: an
    inner approximation around it.

    It spans the piece that holds the rate, or the whole convex run of pieces around it. Where B is
    convex the polyline is a chord through its own points, where B is concave the tangent at the
    rate. side: the piece to take when the rate is a knot (-1 the lower).
    """
    first, last = _convex_latency_run(pieces, rate, side)
    low, high = float(pieces.low[first]), float(pieces.high[last])
    rate = min(max(rate, low), high)
    # Dense at the rate, where the plan will run, and coarse further out: 14 points per curve.
    steps = (high - low) * np.array([0.0, 1e-4, 1e-3, 1e-2, 0.05, 0.2])
    grid = np.concatenate([[low, high], rate - steps, rate + steps[1:]])
    grid = np.unique(np.clip(grid, low, high))
    inner = pieces.high[first:last]
    grid = np.unique(np.concatenate([grid, inner[(inner > low) & (inner < high)]]))
    where = np.clip(np.searchsorted(pieces.high[first : last + 1], grid), 0, last - first) + first
    budgets = np.empty((pieces.budgets, grid.size))
    for s in range(pieces.budgets):
        if first == last and not pieces.convex(s)[first]:
            budgets[s] = pieces.at(s, first, rate) + pieces.slope(s, first, rate) * (grid - rate)
        else:
            budgets[s] = pieces.at(s, where, grid)
    return grid, budgets


def _convex_latency_run(pieces: LatencyPieces, rate: float, side: int) -> tuple[int, int]:
    """First and last piece of the run around a rate on which every budget is convex, or the one
    piece that holds it.
    """
    near = 1e-9 * max(float(pieces.high[-1]), 1e-300)
    holds = np.flatnonzero((pieces.low <= rate + near) & (rate - near <= pieces.high))
    if holds.size == 0:
        holds = np.array([int(np.argmin(np.maximum(pieces.low - rate, rate - pieces.high)))])
    alone = holds[pieces.low[holds] == pieces.high[holds]]
    # Where the budgets are lower at one rate alone, that rate counts as the upper side.
    at = int(holds[0] if side < 0 else (alone if alone.size else holds)[-1])
    first, last = pieces.convex_runs
    return int(first[at]), int(last[at])
