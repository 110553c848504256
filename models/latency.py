"""Latency curves as budgets: exact pieces, convex or concave each. What a linear program holds of
them: `models.envelope`.

A service-level objective over all requests is a budget that every replica spends. With r the rate
of one replica (req/s):

    mean, scope all    B(r) = r * L(r)            requests in flight (Little's law)
                       sum_o n_o B_o(x_o / n_o) <= limit * arrival rate

    pNN,  scope all    B(r) = r * share_above(r)  late requests per second
                       sum_o n_o B_o(x_o / n_o) <= (1 - NN/100) * arrival rate

L and the percentile columns are linear between two load points, flat below the lowest (the
contract's semantics). Between two *knots* (load points, and rates where a percentile crosses the
limit) both kinds of budget are

    B(r) = r (c + d r) / (e + g r),    e + g r > 0
    B''(r) = 2 e (d e - c g) / (e + g r)^3                                                       (1)

so every piece is either convex or concave, which is why the program can be exact.
Objectives of scope each_llm cut the domain: only rates with L(r) <= limit stay, possibly several
intervals.

Units: seconds, req/s. Arrays: J pieces, S budgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Slo
from profiles.records import Curve

PERCENTILE_SHARE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of requests above each percentile."""

SAME_RATE = 1e-12
"""Knots closer than this, relative to the highest rate, are one."""


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
        c, d, e, g = np.moveaxis(self.coef[budget, piece], -1, 0)
        return rate * (c + d * rate) / (e + g * rate)

    def slope(self, budget: int, piece: np.ndarray | int, rate: np.ndarray | float) -> np.ndarray:
        """dB/dr inside the given pieces."""
        c, d, e, g = np.moveaxis(self.coef[budget, piece], -1, 0)
        below = e + g * rate
        return ((c + 2 * d * rate) * below - g * rate * (c + d * rate)) / below**2

    def convex(self, budget: int) -> np.ndarray:
        """(J,) whether the budget is convex (or linear) on each piece."""
        c, d, e, g = np.moveaxis(self.coef[budget], -1, 0)
        return e * (d * e - c * g) >= 0

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
    knots = _latency_knots(curve, shared, private)
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
    lone = knots[points & ~covered]
    low, high = np.concatenate([low[allowed], lone]), np.concatenate([high[allowed], lone])
    if low.size == 0:
        return None
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    coef = np.array(
        [_latency_budget_coefficients(curve, slo, low, high) for slo in shared]
    ).reshape(len(shared), low.size, 4)
    return LatencyPieces(low, high, coef)


def _latency_knots(curve: Curve, shared: Sequence[Slo], private: Sequence[Slo]) -> np.ndarray:
    rates = curve.rates if curve.rates[0] <= 0 else np.concatenate([[0.0], curve.rates])
    crossings = [rates]
    columns = [(slo.metric, slo.statistic, slo.limit) for slo in private]
    columns += [
        (slo.metric, p, slo.limit)
        for slo in shared
        if slo.statistic != "mean"
        for p in PERCENTILE_SHARE
    ]
    for metric, statistic, limit in columns:
        column = curve.latency.get((metric, statistic))
        if column is not None:
            crossings.append(_crossings(curve.rates, column, limit))
    knots = np.sort(np.concatenate(crossings))
    keep = np.concatenate([[True], np.diff(knots) > SAME_RATE * max(knots[-1], 1e-300)])
    return knots[keep]


def _crossings(rates: np.ndarray, column: np.ndarray, limit: float) -> np.ndarray:
    left, right = column[:-1] - limit, column[1:] - limit
    at = np.flatnonzero(left * right < 0)
    return rates[at] + (rates[at + 1] - rates[at]) * left[at] / (left[at] - right[at])


def _latency_line(
    curve: Curve, column: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Intercept and slope in the rate of a column on each piece."""
    at_low, at_high = np.interp(low, curve.rates, column), np.interp(high, curve.rates, column)
    width = high - low
    slope = np.divide(at_high - at_low, width, out=np.zeros_like(width), where=width > 0)
    return at_low - slope * low, slope


def _latency_budget_coefficients(
    curve: Curve, slo: Slo, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """(J, 4) numbers c, d, e, g of one SLO's budget on the pieces [low, high]."""
    one, zero = np.ones(low.size), np.zeros(low.size)
    if slo.statistic == "mean":
        intercept, slope = _latency_line(curve, curve.latency[slo.metric, "mean"], low, high)
        return np.stack([intercept, slope, one, zero], axis=1)
    present = [
        (p, share) for p, share in PERCENTILE_SHARE.items() if (slo.metric, p) in curve.latency
    ]
    lines = [_latency_line(curve, curve.latency[slo.metric, p], low, high) for p, _ in present]
    shares = [share for _, share in present]
    middle = (low + high) / 2
    reached = [
        intercept + slope * middle <= slo.limit * (1 + SAME_RATE) for intercept, slope in lines
    ]
    coef = np.stack([one, zero, one, zero], axis=1)
    for k, share in enumerate(shares):
        coef[reached[k]] = [share, 0.0, 1.0, 0.0]
        if k + 1 == len(shares):
            break
        (a0, a1), (b0, b1) = lines[k], lines[k + 1]
        between = reached[k] & ~reached[k + 1]
        step = shares[k + 1] - share
        e, g = b0 - a0, b1 - a1
        c, d = share * e + step * (slo.limit - a0), share * g - step * a1
        coef[between] = np.stack([c, d, e, g], axis=1)[between]
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
    at = int(holds[0] if side < 0 else holds[-1])
    convex = (
        np.all([pieces.convex(s) for s in range(pieces.budgets)], axis=0)
        if pieces.budgets
        else np.ones(pieces.low.size, dtype=bool)
    )
    if not convex[at]:
        return at, at
    first = last = at
    while first > 0 and convex[first - 1] and _joins_latency_pieces(pieces, first - 1):
        first -= 1
    while last + 1 < pieces.low.size and convex[last + 1] and _joins_latency_pieces(pieces, last):
        last += 1
    return first, last


def _joins_latency_pieces(pieces: LatencyPieces, left: int) -> bool:
    """Whether every budget goes on convexly from a piece to the next."""
    knot = float(pieces.high[left])
    if abs(float(pieces.low[left + 1]) - knot) > SAME_RATE * max(knot, 1e-300) * 4:
        return False
    for s in range(pieces.budgets):
        before, after = float(pieces.at(s, left, knot)), float(pieces.at(s, left + 1, knot))
        if abs(before - after) > 1e-9 * max(abs(before), 1e-12):
            return False
        rising = float(pieces.slope(s, left, knot))
        if float(pieces.slope(s, left + 1, knot)) < rising - 1e-12 * abs(rising):
            return False
    return True
