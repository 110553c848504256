"""Arms: what a linear program holds of a budget, supporting lines of its convex hull over an
interval of rates.

The program holds, per *arm* (an interval of rates of one option), the lower envelope of supporting
lines of the convex hull of B (`models.latency`). It never lies above B, so the program's optimum is
a bound. Where the hull and B differ at an operating rate the arm is split there; where only the
envelope is coarse a line is added. Both are finite steps that make the bound exact where it
matters.

Units: seconds, req/s. Arrays: J pieces, S budgets.
"""

from dataclasses import dataclass, field

import numpy as np

from models.latency import LatencyPieces

__all__ = ["EnvelopeArm", "lower_hull_envelope"]


@dataclass
class EnvelopeArm:
    """An interval of rates of one option, with the supporting lines that the program holds for it.

    lines: per budget (L, 2) slope and intercept, all at or below B on [low, high] minus gaps.
    touches: rates at which the hull is exact.
    """

    pieces: LatencyPieces
    low: float
    high: float
    touches: tuple[float, ...] = ()
    lines: list[np.ndarray] = field(default_factory=list)
    _points: tuple[np.ndarray, np.ndarray] | None = None
    _hulls: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lines = [np.zeros((0, 2)) for _ in range(self.pieces.budgets)]

    def coarse(self, error: np.ndarray) -> "EnvelopeArm":
        """Choose lines so that the envelope lies at most error[s] * r below the hull.

        Returns self.
        """
        for s in range(self.pieces.budgets):
            self.lines[s] = _coarse_envelope_lines(*self._hull(s), float(error[s]))
        self._points = None
        return self

    def touch(self, rate: float) -> bool:
        """Add the supporting lines at a rate; True when the envelope rose there by a relative
        1e-9.
        """
        rate = float(np.clip(rate, self.low, self.high))
        before = self.under(rate)
        self.touches = (*self.touches, rate)
        self._hulls.clear()
        for s in range(self.pieces.budgets):
            hull_rate, hull_value = self._hull(s)
            self.lines[s] = np.unique(
                np.concatenate([self.lines[s], _envelope_lines_at(hull_rate, hull_value, rate)]),
                axis=0,
            )
        self._points = None
        return bool(np.any(self.under(rate) > before + 1e-9 * np.maximum(np.abs(before), 1e-12)))

    def add_line(self, budget: int, slope: float, intercept: float) -> None:
        """Add a line that lies nowhere above B on the arm."""
        self.lines[budget] = np.vstack([self.lines[budget], [[slope, intercept]]])
        self._points = None

    def holds(self, rate: float) -> bool:
        """Whether the rate lies on the arm."""
        near = 1e-9 * max(self.high, 1e-300)
        return bool(self.low - near <= rate <= self.high + near)

    def under(self, rate: float) -> np.ndarray:
        """(S,) the envelope at a rate."""
        return np.array(
            [(line[:, 0] * rate + line[:, 1]).max() if line.size else 0.0 for line in self.lines]
        )

    def hull(self, rate: float) -> np.ndarray:
        """(S,) the convex hull of B on this arm at a rate (as fine as the touches make it)."""
        return np.array([np.interp(rate, *self._hull(s)) for s in range(self.pieces.budgets)])

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Rates (K,) and budgets (S, K) of the envelope's vertices, the ends included."""
        if self._points is None:
            corners = [np.array([self.low, self.high])]
            corners += [
                _envelope_vertices(line, self.low, self.high) for line in self.lines if line.size
            ]
            rates = np.unique(np.concatenate(corners))
            if rates.size > 2:
                keep = np.concatenate([[True], np.diff(rates) > 1e-9 * max(self.high, 1e-300)])
                keep[-1] = True
                rates = rates[keep]
            value = np.array(
                [(line[:, :1] * rates + line[:, 1:]).max(axis=0) for line in self.lines]
            )
            self._points = rates, value.reshape(self.pieces.budgets, rates.size)
        return self._points

    def split(self, rate: float, error: np.ndarray) -> tuple["EnvelopeArm", "EnvelopeArm"]:
        """Two arms that meet at a rate strictly inside."""
        left = EnvelopeArm(self.pieces, self.low, rate, tuple(t for t in self.touches if t < rate))
        right = EnvelopeArm(
            self.pieces, rate, self.high, tuple(t for t in self.touches if t > rate)
        )
        return left.coarse(error), right.coarse(error)

    def splits(self, rate: float, tolerance: np.ndarray) -> list[float]:
        """Rates inside the bridge around `rate` where B lies above the hull by more than tolerance
        (S,): split there.

        Kinks first; a concave piece (or a gap) is split at the rate itself, or in its middle when
        the rate is at an end.
        """
        chosen: set[float] = set()
        for s in range(self.pieces.budgets):
            hull_rate, hull_value = self._hull(s)
            at = int(np.clip(np.searchsorted(hull_rate, rate), 1, hull_rate.size - 1))
            left, right = hull_rate[at - 1], hull_rate[at]
            ends = np.unique(np.concatenate([self.pieces.low, self.pieces.high]))
            # At a kink above the bridge both sides get tighter hulls at once, whatever the rate.
            above = [
                t
                for t in ends[(ends > left) & (ends < right)]
                if self.pieces.spend(t)[s] > np.interp(t, hull_rate, hull_value) + tolerance[s]
            ]
            chosen.update(float(t) for t in above)
            if (
                not above
                and self.pieces.spend(rate)[s]
                > np.interp(rate, hull_rate, hull_value) + tolerance[s]
            ):
                # A split close to an end would shrink the arm by next to nothing: a tenth at least.
                inner = min(max(rate, left + 0.1 * (right - left)), right - 0.1 * (right - left))
                if self.low < inner < self.high:
                    chosen.add(float(inner))
        return sorted(chosen)

    def _hull(self, budget: int) -> tuple[np.ndarray, np.ndarray]:
        """The hull of a budget; made once for all rates that are asked for between two touches."""
        if budget not in self._hulls:
            self._hulls[budget] = self._touched_hull(budget)
        return self._hulls[budget]

    def _touched_hull(self, budget: int) -> tuple[np.ndarray, np.ndarray]:
        """Vertices of the lower convex hull of a piecewise-linear under-estimate of B: tangents
        where convex, chords where concave.
        """
        pieces = self.pieces
        inside = np.flatnonzero((pieces.high >= self.low) & (pieces.low <= self.high))
        low, high = (
            np.maximum(pieces.low[inside], self.low),
            np.minimum(pieces.high[inside], self.high),
        )
        # At a touched rate a piece counts as two: their tangents meet on the curve itself.
        if self.touches:
            inside, low, high = _split_envelope_at(inside, low, high, np.array(self.touches))
        rates, values = (
            [low, high],
            [pieces.at(budget, inside, low), pieces.at(budget, inside, high)],
        )
        slope_low, slope_high = (
            pieces.slope(budget, inside, low),
            pieces.slope(budget, inside, high),
        )
        bend = pieces.convex(budget)[inside] & (
            slope_high - slope_low > 1e-9 * (np.abs(slope_high) + np.abs(slope_low))
        )
        # Where convex the tangents at both ends meet below the curve; the polyline through that
        # point is the outer approximation. Nearly straight pieces are left out: where nearly equal
        # slopes meet is noise.
        if bend.any():
            meet = (values[1] - values[0] + slope_low * low - slope_high * high)[bend] / (
                slope_low - slope_high
            )[bend]
            meet = np.clip(meet, low[bend], high[bend])
            rates.append(meet)
            values.append(values[0][bend] + slope_low[bend] * (meet - low[bend]))
        return lower_hull_envelope(np.concatenate(rates), np.concatenate(values))


def _split_envelope_at(
    inside: np.ndarray, low: np.ndarray, high: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide pieces at inner rates."""
    for rate in at:
        hit = np.flatnonzero((low < rate) & (rate < high))
        if hit.size:
            j = int(hit[0])
            inside, low, high = (
                np.insert(inside, j, inside[j]),
                np.insert(low, j + 1, rate),
                np.insert(high, j, rate),
            )
    return inside, low, high


def lower_hull_envelope(rates: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def _envelope_edges(rates: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(K-1, 2) slope and intercept of a polyline's edges; a single point gives a flat line through
    it.
    """
    if rates.size == 1:
        return np.array([[0.0, values[0]]])
    slope = np.diff(values) / np.diff(rates)
    return np.stack([slope, values[:-1] - slope * rates[:-1]], axis=1)


def _envelope_lines_at(rates: np.ndarray, values: np.ndarray, rate: float) -> np.ndarray:
    """The hull's edges that hold the rate: one, or two at a vertex."""
    edges = _envelope_edges(rates, values)
    if rates.size == 1:
        return edges
    near = 1e-9 * max(rates[-1], 1e-300)
    return edges[(rates[:-1] <= rate + near) & (rate - near <= rates[1:])]


def _coarse_envelope_lines(rates: np.ndarray, values: np.ndarray, error: float) -> np.ndarray:
    """Few of the hull's edges whose envelope stays within error * rate of the hull."""
    edges = _envelope_edges(rates, values)
    if len(edges) <= 2:
        return edges
    slope, intercept = edges.T.tolist()
    rate, value = rates.tolist(), values.tolist()
    # Divide and conquer, as in Douglas and Peucker's line simplification: the edge that lies above
    # two kept ones where these meet is kept too, while that matters.
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
        gap = (
            slope[k] * at
            + intercept[k]
            - max(slope[i] * at + intercept[i], slope[j] * at + intercept[j])
        )
        if gap > error * max(at, 1e-3 * rate[-1]) + 1e-12 * abs(value[-1]):
            kept.add(k)
            stack += [(i, k), (k, j)]
    return edges[sorted(kept)]


def _envelope_vertices(lines: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rates inside (low, high) where the upper envelope of lines bends.

    lines: (L, 2), any order.
    """
    stack: list[tuple[float, float, float]] = []
    for slope, intercept in lines[np.lexsort((lines[:, 1], lines[:, 0]))].tolist():
        while stack:
            top_slope, top_intercept, top_start = stack[-1]
            start = -np.inf
            if slope - top_slope > 1e-12 * (abs(slope) + abs(top_slope)):
                start = (top_intercept - intercept) / (slope - top_slope)
            elif intercept <= top_intercept:
                start = np.inf
            # A line that is not the highest anywhere before the new one is goes.
            if start > top_start:
                break
            stack.pop()
        stack.append((slope, intercept, start if stack else -np.inf))
    starts = np.array([start for _, _, start in stack])
    return starts[(starts > low) & (starts < high)]
