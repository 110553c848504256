"""Latency curves as budgets: exact pieces, and convex under-estimates that a linear program can hold.

A service-level objective over all requests is a budget that every replica spends. With r the rate of one replica (req/s):

    mean, scope all    B(r) = r * L(r)            requests in flight (Little)    sum_o n_o B_o(x_o / n_o) <= limit * arrival rate
    pNN,  scope all    B(r) = r * share_above(r)  late requests per second       sum_o n_o B_o(x_o / n_o) <= (1 - NN/100) * arrival rate

L and the percentile columns are linear between two load points, flat below the lowest (the contract's semantics). Between two
*knots* (load points, and rates where a percentile crosses the limit) both kinds of budget are

    B(r) = r (c + d r) / (e + g r),    e + g r > 0,    B''(r) = 2 e (d e - c g) / (e + g r)^3                                    (1)

so every piece is either convex or concave: the whole reason why the program can be exact. `scope: each_llm` objectives cut the
domain: only rates with L(r) <= limit stay, possibly several intervals.

The program holds, per *arm* (an interval of rates of one option), the lower envelope of supporting lines of B's convex hull.
It never lies above B, so the program's optimum is a bound. Where the hull and B differ at an operating rate the arm is split
there; where only the envelope is coarse a line is added. Both are finite steps that make the bound exact where it matters.

Units: seconds, req/s. Arrays: J pieces, S budgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from models.instance import Slo
from profiles.records import Curve

PERCENTILE_SHARE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of requests above each percentile."""

SAME_RATE = 1e-12
"""Knots closer than this, relative to the highest rate, are one."""


@dataclass(frozen=True)
class Pieces:
    """The exact budgets of one option.

    low, high: (J,) req/s, pieces in rising order, low <= high; gaps between pieces are rates that may not be run.
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
        """(S,) exact budgets of one replica at a rate; inf outside the domain. At a jump the lower value holds."""
        slack = SAME_RATE * max(self.high[-1], 1e-300) * 16
        inside = np.flatnonzero((self.low - slack <= rate) & (rate <= self.high + slack))
        if inside.size == 0:
            return np.full(self.budgets, np.inf)
        at = np.clip(rate, self.low[inside], self.high[inside])
        return np.array([self.at(s, inside, at).min() for s in range(self.budgets)])


def budget_pieces(curve: Curve, slos: Sequence[Slo]) -> Pieces | None:
    """Exact pieces of one option under the SLOs; None when an each_llm SLO leaves no rate at all."""
    shared = [slo for slo in slos if slo.scope == "all"]
    private = [slo for slo in slos if slo.scope != "all"]
    knots = _knots(curve, shared, private)
    low, high = (knots[:-1], knots[1:]) if knots.size > 1 else (knots, knots)
    allowed = np.ones(low.size, dtype=bool)
    points = np.ones(knots.size, dtype=bool)
    for slo in private:
        column = curve.latency[slo.metric, slo.statistic]
        ends = np.interp(knots, curve.rates, column)
        within = ends <= slo.limit * (1 + SAME_RATE * 16)
        allowed &= within[:-1] & within[1:] if knots.size > 1 else within
        points &= within
    covered = np.zeros(knots.size, dtype=bool)
    covered[np.searchsorted(knots, low[allowed])] = covered[np.searchsorted(knots, high[allowed])] = True
    lone = knots[points & ~covered]
    low, high = np.concatenate([low[allowed], lone]), np.concatenate([high[allowed], lone])
    if low.size == 0:
        return None
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    coef = np.array([_budget_coefficients(curve, slo, low, high) for slo in shared]).reshape(len(shared), low.size, 4)
    return Pieces(low, high, coef)


def _knots(curve: Curve, shared: Sequence[Slo], private: Sequence[Slo]) -> np.ndarray:
    rates = curve.rates if curve.rates[0] <= 0 else np.concatenate([[0.0], curve.rates])
    crossings = [rates]
    watched = [(slo.metric, slo.statistic, slo.limit) for slo in private]
    watched += [(slo.metric, p, slo.limit) for slo in shared if slo.statistic != "mean" for p in PERCENTILE_SHARE]
    for metric, statistic, limit in watched:
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


def _line(curve: Curve, column: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intercept and slope in the rate of a column on each piece."""
    at_low, at_high = np.interp(low, curve.rates, column), np.interp(high, curve.rates, column)
    width = high - low
    slope = np.divide(at_high - at_low, width, out=np.zeros_like(width), where=width > 0)
    return at_low - slope * low, slope


def _budget_coefficients(curve: Curve, slo: Slo, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(J, 4) numbers c, d, e, g of one SLO's budget on the pieces [low, high]."""
    one, zero = np.ones(low.size), np.zeros(low.size)
    if slo.statistic == "mean":
        intercept, slope = _line(curve, curve.latency[slo.metric, "mean"], low, high)
        return np.stack([intercept, slope, one, zero], axis=1)
    present = [(p, share) for p, share in PERCENTILE_SHARE.items() if (slo.metric, p) in curve.latency]
    lines = [_line(curve, curve.latency[slo.metric, p], low, high) for p, _ in present]
    shares = [share for _, share in present]
    middle = (low + high) / 2
    reached = [intercept + slope * middle <= slo.limit * (1 + SAME_RATE) for intercept, slope in lines]
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


@dataclass
class Arm:
    """An interval of rates of one option, with the supporting lines that the program holds for it.

    lines: per budget (L, 2) slope and intercept, all at or below B on [low, high] minus gaps. touches: rates at which the hull is exact.
    """

    pieces: Pieces
    low: float
    high: float
    touches: tuple[float, ...] = ()
    lines: list[np.ndarray] = field(default_factory=list)
    _points: tuple[np.ndarray, np.ndarray] | None = None

    def __post_init__(self) -> None:
        self.lines = [np.zeros((0, 2)) for _ in range(self.pieces.budgets)]

    def coarse(self, error: np.ndarray) -> "Arm":
        """Choose lines so that the envelope lies at most error[s] * r below the hull. Returns self."""
        for s in range(self.pieces.budgets):
            self.lines[s] = _coarse_lines(*self._hull(s), float(error[s]))
        self._points = None
        return self

    def touch(self, rate: float) -> bool:
        """Add the supporting lines at a rate; True when the envelope rose there by a relative 1e-9."""
        rate = float(np.clip(rate, self.low, self.high))
        before = self.under(rate)
        self.touches = (*self.touches, rate)
        for s in range(self.pieces.budgets):
            hull_rate, hull_value = self._hull(s)
            self.lines[s] = np.unique(np.concatenate([self.lines[s], _lines_at(hull_rate, hull_value, rate)]), axis=0)
        self._points = None
        return bool(np.any(self.under(rate) > before + 1e-9 * np.maximum(np.abs(before), 1e-12)))

    def holds(self, rate: float) -> bool:
        """Whether the rate lies on the arm."""
        near = 1e-9 * max(self.high, 1e-300)
        return bool(self.low - near <= rate <= self.high + near)

    def under(self, rate: float) -> np.ndarray:
        """(S,) the envelope at a rate."""
        return np.array([(line[:, 0] * rate + line[:, 1]).max() if line.size else 0.0 for line in self.lines])

    def hull(self, rate: float) -> np.ndarray:
        """(S,) the convex hull of B on this arm at a rate (as fine as the touches make it)."""
        return np.array([np.interp(rate, *self._hull(s)) for s in range(self.pieces.budgets)])

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Rates (K,) and budgets (S, K) of the envelope's vertices, the ends included."""
        if self._points is None:
            corners = [np.array([self.low, self.high])]
            corners += [_vertices(line, self.low, self.high) for line in self.lines if line.size]
            rates = np.unique(np.concatenate(corners))
            if rates.size > 2:
                keep = np.concatenate([[True], np.diff(rates) > 1e-9 * max(self.high, 1e-300)])
                keep[-1] = True
                rates = rates[keep]
            value = np.array([(line[:, :1] * rates + line[:, 1:]).max(axis=0) for line in self.lines])
            self._points = rates, value.reshape(self.pieces.budgets, rates.size)
        return self._points

    def split(self, rate: float, error: np.ndarray) -> tuple["Arm", "Arm"]:
        """Two arms that meet at a rate strictly inside."""
        keep = [t for t in self.touches if t != rate]
        left = Arm(self.pieces, self.low, rate, tuple(t for t in keep if t < rate))
        right = Arm(self.pieces, rate, self.high, tuple(t for t in keep if t > rate))
        return left.coarse(error), right.coarse(error)

    def splits(self, rate: float, tolerance: np.ndarray) -> list[float]:
        """Rates inside the bridge around `rate` where B lies above the hull by more than tolerance (S,): split there.

        Kinks first; a concave piece (or a gap) is split at the rate itself, or in its middle when the rate is at an end.
        """
        chosen: set[float] = set()
        for s in range(self.pieces.budgets):
            hull_rate, hull_value = self._hull(s)
            at = int(np.clip(np.searchsorted(hull_rate, rate), 1, hull_rate.size - 1))
            left, right = hull_rate[at - 1], hull_rate[at]
            ends = np.unique(np.concatenate([self.pieces.low, self.pieces.high]))
            kinks = ends[(ends > left) & (ends < right) & (ends > self.low) & (ends < self.high)]
            above = [t for t in kinks if self.pieces.spend(t)[s] > np.interp(t, hull_rate, hull_value) + tolerance[s]]
            chosen.update(float(t) for t in above)
            if not above and self.pieces.spend(rate)[s] > np.interp(rate, hull_rate, hull_value) + tolerance[s]:
                inner = min(max(rate, left + 0.1 * (right - left)), right - 0.1 * (right - left))
                if self.low < inner < self.high:
                    chosen.add(float(inner))
        return sorted(chosen)

    def _hull(self, budget: int) -> tuple[np.ndarray, np.ndarray]:
        """Vertices of the lower convex hull of a piecewise-linear under-estimate of B: tangents where convex, chords where concave."""
        pieces = self.pieces
        inside = np.flatnonzero((pieces.high >= self.low) & (pieces.low <= self.high))
        low, high = np.maximum(pieces.low[inside], self.low), np.minimum(pieces.high[inside], self.high)
        if self.touches:
            inside, low, high = _split_at(inside, low, high, np.array(self.touches))
        rates, values = [low, high], [pieces.at(budget, inside, low), pieces.at(budget, inside, high)]
        slope_low, slope_high = pieces.slope(budget, inside, low), pieces.slope(budget, inside, high)
        bend = pieces.convex(budget)[inside] & (slope_high - slope_low > 1e-9 * (np.abs(slope_high) + np.abs(slope_low)))
        if bend.any():
            meet = (values[1] - values[0] + slope_low * low - slope_high * high)[bend] / (slope_low - slope_high)[bend]
            meet = np.clip(meet, low[bend], high[bend])
            rates.append(meet)
            values.append(values[0][bend] + slope_low[bend] * (meet - low[bend]))
        return lower_hull(np.concatenate(rates), np.concatenate(values))


def _split_at(inside: np.ndarray, low: np.ndarray, high: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide pieces at inner rates."""
    for rate in at:
        hit = np.flatnonzero((low < rate) & (rate < high))
        if hit.size:
            j = int(hit[0])
            inside, low, high = np.insert(inside, j, inside[j]), np.insert(low, j + 1, rate), np.insert(high, j, rate)
    return inside, low, high


def lower_hull(rates: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower convex hull of points: rates rising, slopes strictly rising."""
    order = np.lexsort((values, rates))
    rates, values = rates[order], values[order]
    first = np.concatenate([[True], np.diff(rates) > 0])
    rates, values = rates[first], values[first]
    if rates.size > 2:
        slope = np.diff(values) / np.diff(rates)
        if np.all(np.diff(slope) > 0):
            return rates, values
    hull: list[tuple[float, float]] = []
    for r, v in zip(rates.tolist(), values.tolist(), strict=True):
        while len(hull) >= 2:
            (r1, v1), (r2, v2) = hull[-2], hull[-1]
            if (v2 - v1) * (r - r1) < (v - v1) * (r2 - r1):
                break
            hull.pop()
        hull.append((r, v))
    kept = np.array(hull)
    return kept[:, 0], kept[:, 1]


def _edges(rates: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(K-1, 2) slope and intercept of a polyline's edges; a single point gives a flat line through it."""
    if rates.size == 1:
        return np.array([[0.0, values[0]]])
    slope = np.diff(values) / np.diff(rates)
    return np.stack([slope, values[:-1] - slope * rates[:-1]], axis=1)


def _lines_at(rates: np.ndarray, values: np.ndarray, rate: float) -> np.ndarray:
    """The hull's edges that hold the rate: one, or two at a vertex."""
    edges = _edges(rates, values)
    if rates.size == 1:
        return edges
    near = 1e-9 * max(rates[-1], 1e-300)
    return edges[(rates[:-1] <= rate + near) & (rate - near <= rates[1:])]


def _coarse_lines(rates: np.ndarray, values: np.ndarray, error: float) -> np.ndarray:
    """Few of the hull's edges whose envelope stays within error * rate of the hull."""
    edges = _edges(rates, values)
    if len(edges) <= 2:
        return edges
    slope, intercept = edges.T.tolist()
    rate, value = rates.tolist(), values.tolist()
    kept = {0, len(edges) - 1}
    stack = [(0, len(edges) - 1)]
    while stack:
        i, j = stack.pop()
        if j - i < 2 or slope[j] <= slope[i]:
            continue
        meet = (intercept[i] - intercept[j]) / (slope[j] - slope[i])
        k = int(np.searchsorted(rates, meet)) - 1
        k = min(max(k, i + 1), j - 1)
        at = min(max(meet, rate[k]), rate[k + 1])
        gap = slope[k] * at + intercept[k] - max(slope[i] * at + intercept[i], slope[j] * at + intercept[j])
        if gap > error * max(at, 1e-3 * rate[-1]) + 1e-12 * abs(value[-1]):
            kept.add(k)
            stack += [(i, k), (k, j)]
    return edges[sorted(kept)]


def _vertices(lines: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rates inside (low, high) where the upper envelope of lines bends. lines: (L, 2), any order."""
    order = np.lexsort((lines[:, 1], lines[:, 0]))
    stack: list[tuple[float, float, float]] = []
    for slope, intercept in lines[order].tolist():
        start = -np.inf
        while stack:
            top_slope, top_intercept, top_start = stack[-1]
            if slope - top_slope <= 1e-12 * (abs(slope) + abs(top_slope)):
                if intercept <= top_intercept:
                    break
                stack.pop()
                continue
            start = (top_intercept - intercept) / (slope - top_slope)
            if start > top_start:
                break
            stack.pop()
            start = -np.inf
        else:
            stack.append((slope, intercept, -np.inf))
            continue
        if start > -np.inf or not stack:
            stack.append((slope, intercept, start))
    starts = np.array([start for _, _, start in stack])
    return starts[(starts > low) & (starts < high)]


def safe_points(pieces: Pieces, rate: float, side: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Rates (K,) and budgets (S, K) of a polyline that nowhere lies below B, exact at `rate`: an inner approximation around it.

    It spans the piece that holds the rate, or the whole convex run of pieces around it. Where B is convex the polyline is a chord
    through its own points, where B is concave the tangent at the rate. side: the piece to take when the rate is a knot (-1 the lower).
    """
    first, last = _run(pieces, rate, side)
    low, high = float(pieces.low[first]), float(pieces.high[last])
    rate = min(max(rate, low), high)
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


def _run(pieces: Pieces, rate: float, side: int) -> tuple[int, int]:
    """First and last piece of the run around a rate on which every budget is convex, or the one piece that holds it."""
    near = 1e-9 * max(float(pieces.high[-1]), 1e-300)
    holds = np.flatnonzero((pieces.low <= rate + near) & (rate - near <= pieces.high))
    if holds.size == 0:
        holds = np.array([int(np.argmin(np.maximum(pieces.low - rate, rate - pieces.high)))])
    at = int(holds[0] if side < 0 else holds[-1])
    convex = np.all([pieces.convex(s) for s in range(pieces.budgets)], axis=0) if pieces.budgets else np.ones(pieces.low.size, dtype=bool)
    if not convex[at]:
        return at, at
    first = last = at
    while first > 0 and convex[first - 1] and _joins(pieces, first - 1):
        first -= 1
    while last + 1 < pieces.low.size and convex[last + 1] and _joins(pieces, last):
        last += 1
    return first, last


def _joins(pieces: Pieces, left: int) -> bool:
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
