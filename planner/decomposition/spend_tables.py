"""Curves in the decomposition: what a replica at a rate spends of every shared SLO, read off the
raw points. numpy only.

A shared SLO s (scope all) is a budget; one replica at rate r spends, in shares of the whole budget,

    mean   D(r) / (lambda tau),             D(r) = r L(r)
    pNN    E(r) / ((1 - NN/100) lambda),    E(r) = r above(r),  above = share of requests above the
                                            limit at rate r

so that a setup of n_o replicas at rates r_o keeps the SLO when the n_o-fold spends sum to at most
1. above(r) is read off the line through the points (L_s(r), s) of the shares s in GRID: 1 below the
lowest, the last share beyond. L_s is a mean of two columns weighted by ln s (p50 = 0.5, p90 = 0.1,
p95 = 0.05, p99 = 0.01, as their running maximum), below the last column's share on the line of the
last two, and there is none above the first's; a single column is its own only point. A scope
each_llm admits only rates with L(r) <= limit.

A table lists rates from 0 to the highest profiled one: an even grid, the raw points, and every rate
at which an L_s meets the limit or two columns meet. Between two neighbours each L_s is linear and
one formula holds, so the worst distance of the chord above the curve is known: h^2 / 8 times the
largest second derivative (D'' = 2 L'; with above = a + b u / v, u = limit - L_low, v = L_high -
L_low both linear, E'' = 2 b (u' v - u v') v(0) / v^3, of one sign). Spends lowered by it give
chords that are never above the curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from models.instance import Instance, Slo
from profiles.records import Curve

__all__ = ["SpendTable", "admissible_spend", "shared_slos", "spend_table", "spends_at"]

ABOVE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
GRID = np.array([0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001])
LIMIT_NOISE = 1e-12
"""Relative: a latency this little above its limit is at it."""


@dataclass(frozen=True)
class SpendTable:
    """rates: (K,) req/s of one replica at which it may run, rising.

    lower: (S, K) spends, lowered so that chords stay below the curve.
    """

    rates: np.ndarray
    lower: np.ndarray


def shared_slos(instance: Instance) -> tuple[Slo, ...]:
    """SLOs over all requests together."""
    return tuple(slo for slo in instance.slos if slo.scope == "all")


def allowed_spend(slo: Slo, arrival_rate: float) -> float:
    """The whole budget: requests in flight (mean), or req/s above the limit (percentile)."""
    return arrival_rate * (
        slo.limit if slo.statistic == "mean" else 1.0 - int(slo.statistic[1:]) / 100.0
    )


def _spend_columns(curve: Curve, metric: str, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile columns (P, K) at the rates, and the shares (P,) above them."""
    present = [p for p in ABOVE if (metric, p) in curve.latency]
    values = np.array([np.interp(rates, curve.rates, curve.latency[metric, p]) for p in present])
    return values, np.array([ABOVE[p] for p in present])


def _spend_percentiles(
    curve: Curve, metric: str, rates: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Latencies L_s (G, K) at the rates, rising in G, and their shares (G,)."""
    columns, above = _spend_columns(curve, metric, rates)
    columns = np.maximum.accumulate(columns, axis=0)
    if above.size == 1:
        return columns, above
    shares = GRID[GRID <= above[0]]
    weights = np.array(
        [np.interp(-np.log(shares), -np.log(above), unit) for unit in np.eye(above.size)]
    ).T
    beyond = shares < above[-1]
    past = np.log(above[-1] / shares[beyond]) / np.log(above[-2] / above[-1])
    weights[beyond, -1], weights[beyond, -2] = 1.0 + past, -past
    return np.maximum.accumulate(weights @ columns, axis=0), shares


def spends_at(curve: Curve, slos: Sequence[Slo], arrival_rate: float, rate: float) -> np.ndarray:
    """(S,) what one replica at `rate` spends of each shared SLO, on the raw curve."""
    spent = np.zeros(len(slos))
    for s, slo in enumerate(slos):
        if slo.statistic == "mean":
            share = float(np.interp(rate, curve.rates, curve.latency[slo.metric, "mean"]))
        else:
            values, above = _spend_percentiles(curve, slo.metric, np.array([rate]))
            share = _share_late(slo.limit, values[:, 0], above)
        spent[s] = rate * share / allowed_spend(slo, arrival_rate)
    return spent


def _share_late(limit: float, latencies: np.ndarray, above: np.ndarray) -> float:
    """Share of requests above the limit at one rate, of latencies (G,) and their shares (G,)."""
    reached = np.flatnonzero(latencies <= limit * (1 + LIMIT_NOISE))
    if not reached.size:
        return 1.0
    k = int(reached[-1])
    if k + 1 == above.size:
        return float(above[k])
    part = (limit - latencies[k]) / (latencies[k + 1] - latencies[k])
    return float(above[k] + part * (above[k + 1] - above[k]))


def admissible_spend(curve: Curve, slos: Sequence[Slo], rate: float) -> bool:
    """Whether a replica may run at `rate`: profiled so far, and every each_llm SLO kept."""
    own = [slo for slo in slos if slo.scope == "each_llm"]
    kept = all(
        np.interp(rate, curve.rates, curve.latency[s.metric, s.statistic])
        <= s.limit * (1 + LIMIT_NOISE)
        for s in own
    )
    return bool(kept) and 0.0 <= rate <= curve.max_rate


def spend_table(curve: Curve, slos: Sequence[Slo], arrival_rate: float, points: int) -> SpendTable:
    """Tabulate one option; about `points` even steps plus the curve's own corners."""
    rates = _spend_grid(curve, slos, points)
    lower = np.empty((0, rates.size))
    for slo in slos:
        if slo.scope == "all":
            spent = (
                _lowered_mean_spend(curve, slo, rates)
                if slo.statistic == "mean"
                else _lowered_percentile_spend(curve, slo, rates)
            )
            lower = np.vstack([lower, spent / allowed_spend(slo, arrival_rate)])
    keep = (
        np.array([admissible_spend(curve, slos, rate) for rate in rates])
        if any(s.scope == "each_llm" for s in slos)
        else slice(None)
    )
    return SpendTable(rates[keep], lower[:, keep])


def _spend_grid(curve: Curve, slos: Sequence[Slo], points: int) -> np.ndarray:
    """Rates from 0 to the highest, with every rate at which the formula of a spend or the admission
    changes.
    """
    corners = np.unique(np.concatenate([[0.0], curve.rates]))
    meetings = [np.zeros(0)]
    for slo in slos:
        if slo.scope == "each_llm":
            line = np.interp(corners, curve.rates, curve.latency[slo.metric, slo.statistic])
            meetings.append(_spend_crossings(corners, line - slo.limit))
        elif slo.statistic != "mean":
            columns, _ = _spend_columns(curve, slo.metric, corners)
            bends = [_spend_crossings(corners, a - b) for a, b in combinations(columns, 2)]
            finer = np.unique(np.concatenate([corners, *bends]))
            tails, _ = _spend_percentiles(curve, slo.metric, finer)
            meetings += [*bends, *(_spend_crossings(finer, tail - slo.limit) for tail in tails)]
    # Even steps bound the chord's distance, corners and meetings keep one formula valid in a cell.
    even = np.linspace(0.0, curve.max_rate, points + 1)
    rates = np.unique(np.concatenate([even, corners, *meetings]))
    exact = np.unique(np.concatenate([corners, *meetings]))
    gap = np.abs(rates[:, None] - exact[None, :]).min(axis=1)
    return rates[(gap == 0.0) | (gap > 1e-9 * max(curve.max_rate, 1e-300))]


def _spend_crossings(rates: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Rates at which the polyline through (rates, heights) is 0."""
    a, b = heights[:-1], heights[1:]
    k = np.flatnonzero(a * b < 0)
    return rates[k] + a[k] / (a[k] - b[k]) * (rates[k + 1] - rates[k])


def _lowered_mean_spend(curve: Curve, slo: Slo, rates: np.ndarray) -> np.ndarray:
    """D at the rates, less the chord's worst distance on the wider of the neighbouring cells."""
    latency = np.interp(rates, curve.rates, curve.latency[slo.metric, "mean"])
    excess = np.maximum(np.diff(latency) * np.diff(rates), 0.0) / 4.0  # h^2 / 8 * 2 L'
    return np.maximum(rates * latency - _spends_at_points(excess), 0.0)


def _lowered_percentile_spend(curve: Curve, slo: Slo, rates: np.ndarray) -> np.ndarray:
    """E at the rates (the lower side of a jump), less the chord's worst distance on the
    neighbouring cells.
    """
    values, above = _spend_percentiles(curve, slo.metric, rates)
    low, high = values[:, :-1], values[:, 1:]
    # At the middle of a cell: one formula holds on all of it.
    reached = (low + high) / 2.0 <= slo.limit * (1 + LIMIT_NOISE)
    k = reached.sum(axis=0) - 1
    cells = np.arange(k.size)
    between = (k >= 0) & (k + 1 < above.size)
    a, b = np.where(between, k, 0), np.where(between, k + 1, 0)
    slope = np.where(between, above[b] - above[a], 0.0)
    flat = np.where(k < 0, 1.0, above[np.maximum(k, 0)])
    shares, v = [], []
    for side in (low, high):
        v.append(np.where(between, side[b, cells] - side[a, cells], 1.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(between, (slo.limit - side[a, cells]) / v[-1], 0.0)
        shares.append(flat + slope * np.clip(np.nan_to_num(part, nan=0.0), 0.0, 1.0))
    r0, r1 = rates[:-1], rates[1:]
    h = r1 - r0
    excess = _spend_curvature_excess(
        slope, [slo.limit - side[a, cells] for side in (low, high)], v, r0, h
    )
    coarse = r1 * np.abs(
        shares[1] - shares[0]
    )  # the share is monotone on a cell: always valid, where v meets 0 the only one
    excess = np.where(np.isfinite(excess), np.minimum(excess, coarse), coarse)
    lower = np.full(rates.size, np.inf)
    lower[:-1] = np.minimum(lower[:-1], r0 * shares[0] - excess)
    lower[1:] = np.minimum(lower[1:], r1 * shares[1] - excess)
    # Where a latency is at the limit at one rate alone, the share is lower there than beside it.
    touches = np.flatnonzero((np.abs(values - slo.limit) <= LIMIT_NOISE * slo.limit).any(axis=0))
    for at in touches.tolist():
        lower[at] = min(lower[at], rates[at] * _share_late(slo.limit, values[:, at], above))
    return np.where(rates > 0.0, np.maximum(lower, 0.0), 0.0)


def _spend_curvature_excess(
    slope: np.ndarray,
    u: Sequence[np.ndarray],
    v: Sequence[np.ndarray],
    r0: np.ndarray,
    h: np.ndarray,
) -> np.ndarray:
    """h^2 / 8 * max E'' of every cell; inf or nan where v meets 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        du, dv = (u[1] - u[0]) / h, (v[1] - v[0]) / h
        at_zero = v[0] - r0 * dv
        second = 2.0 * slope * (du * v[0] - u[0] * dv) * at_zero / np.minimum(v[0], v[1]) ** 3
        return h**2 / 8.0 * np.maximum(second, 0.0)


def _spends_at_points(cells: np.ndarray) -> np.ndarray:
    """For every point the larger value of its two cells."""
    if not cells.size:
        return np.zeros(1)
    return np.maximum(np.concatenate([cells[:1], cells]), np.concatenate([cells, cells[-1:]]))
