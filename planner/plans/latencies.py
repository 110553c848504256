"""What a setup achieves at its rates: latency of a replica, share of requests above a limit,
achieved latency of an SLO.

Rates in req/s, latencies in s, shares in 0..1. Written for reports alone, apart from
`models.latency`, which plans. The semantics are the same.

    latency of option o        L_o(r_o), linear between points, that of the lowest point below it;
                               r_o = x_o / n_o
    mean, scope all            sum_o x_o L_o(r_o) / sum_o x_o
    share above a limit        on the line through the points (L_s, s), s of TAIL_SHARES; 1 below
                               the lowest, the last share from the highest on
    L_s                        linear in ln s between the percentiles present (p50 0.5, p90 0.1, p95
                               0.05, p99 0.01; latencies as their running maximum), beyond the last
                               as between the last two, none above the first's share; of one
                               percentile its own latency alone
    pNN, scope all             smallest latency t with sum_o x_o above_o(t) <= (1 - NN/100) sum_o
                               x_o
    each_llm                   max_o L_o(r_o)
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from models.instance import Slo
from profiles.records import PROVENANCES, Column, Curve

__all__ = [
    "SHARE_ABOVE",
    "OperatingPoint",
    "achieved_latency",
    "latencies_at",
    "latency_percentile_points",
    "latency_provenance_at",
    "share_above_latency",
]

SHARE_ABOVE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of requests above each percentile."""

TAIL_SHARES = (0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001)
"""Shares whose latencies are read off the percentiles; between them a share is linear."""

SLACK = 1e-12
"""Rounding allowed when a share is compared with the promised one."""

POINT_MATCH = 1e-9
"""Relative distance within which a rate counts as that of a profiled point."""


@dataclass(frozen=True)
class OperatingPoint:
    """One deployed option at its rate.

    rate: req/s over all its replicas; replica_rate: req/s of one replica.
    """

    curve: Curve
    rate: float
    replica_rate: float


def latencies_at(curve: Curve, rate: float) -> dict[Column, float]:
    """Latency in s of every profiled column at `rate` req/s of one replica (clamped to the profiled
    range).
    """
    return {
        column: float(np.interp(rate, curve.rates, values))
        for column, values in curve.latency.items()
    }


def latency_provenance_at(curve: Curve, rate: float) -> str:
    """Return the weaker provenance of the two points that bracket `rate`; of the one point when the
    rate is a point's or out of range.
    """
    rates = curve.rates
    nearest = int(np.argmin(np.abs(rates - rate)))
    if (
        rate <= rates[0]
        or rate >= rates[-1]
        or abs(rates[nearest] - rate) <= POINT_MATCH * max(1.0, abs(rate))
    ):
        return curve.provenance[nearest]
    above = int(np.searchsorted(rates, rate))
    return max(curve.provenance[above - 1], curve.provenance[above], key=PROVENANCES.index)


def latency_percentile_points(
    latencies: Mapping[Column, float], metric: str
) -> list[tuple[float, float]]:
    """(latency in s, share above it) at the shares of TAIL_SHARES that the percentile columns
    present reach, latencies rising; the column's own where there is one column.
    """
    columns: list[tuple[float, float]] = []
    for percentile, rest in SHARE_ABOVE.items():
        if (metric, percentile) in latencies:
            columns.append(
                (max(latencies[metric, percentile], columns[-1][0] if columns else 0.0), rest)
            )
    if len(columns) == 1:
        return columns
    points = []
    for share in TAIL_SHARES:
        reached = [k for k, (_, rest) in enumerate(columns) if rest >= share]
        if reached:
            latency, rest = columns[reached[-1]]
            first = min(reached[-1], len(columns) - 2)
            (left, more), (right, fewer) = columns[first], columns[first + 1]
            part = math.log(rest / share) / math.log(more / fewer)
            points.append((latency + part * (right - left), share))
    return points


def share_above_latency(points: Sequence[tuple[float, float]], limit: float) -> float:
    """Share (0..1) of the requests that take longer than `limit` s, read off the line through
    `points`.
    """
    ahead = bisect_right(points, limit, key=itemgetter(0))
    if ahead == 0:
        return 1.0
    latency, rest = points[ahead - 1]
    if ahead == len(points):
        return rest
    next_latency, next_rest = points[ahead]
    return rest + (limit - latency) / (next_latency - latency) * (next_rest - rest)


def achieved_latency(options: Sequence[OperatingPoint], slo: Slo) -> float | None:
    """Latency in s that the deployed options achieve in the sense of `slo`; None when nothing runs
    or no latency keeps the promised share.

    Every option must carry the column (metric, statistic), as the instance promises; KeyError
    otherwise.
    """
    if not options:
        return None
    column = (slo.metric, slo.statistic)
    if slo.scope == "each_llm":
        return max(latencies_at(one.curve, one.replica_rate)[column] for one in options)
    served = [one for one in options if one.rate > 0.0]
    total = sum(one.rate for one in served)
    if total == 0.0:
        return None
    if slo.statistic == "mean":
        return (
            sum(one.rate * latencies_at(one.curve, one.replica_rate)[column] for one in served)
            / total
        )
    lines = [
        latency_percentile_points(latencies_at(one.curve, one.replica_rate), slo.metric)
        for one in served
    ]
    weights = [one.rate / total for one in served]
    return _smallest_latency(lines, weights, SHARE_ABOVE[slo.statistic])


def _smallest_latency(
    points: Sequence[Sequence[tuple[float, float]]], weights: Sequence[float], promised: float
) -> float | None:
    """Smallest t with sum_o weight_o * above_o(t) <= promised.

    The sum falls, is linear between points and jumps down at some.
    """

    def above(limit: float) -> float:
        return sum(w * share_above_latency(p, limit) for p, w in zip(points, weights, strict=True))

    steps = sorted({latency for option in points for latency, _ in option})
    at = bisect_left(steps, -(promised + SLACK), key=lambda step: -above(step))
    if at == len(steps):
        return None
    step = steps[at]
    before, before_share = (steps[at - 1], above(steps[at - 1])) if at else (0.0, 1.0)
    left = _left_limit_latency(points, weights, step)
    if left >= promised or before_share <= left:
        return step
    return before + (before_share - promised) / (before_share - left) * (step - before)


def _left_limit_latency(
    points: Sequence[Sequence[tuple[float, float]]], weights: Sequence[float], limit: float
) -> float:
    """Share above a latency just below `limit`: as at `limit`, but points at `limit` itself are not
    yet reached.
    """
    total = 0.0
    for option, weight in zip(points, weights, strict=True):
        reached = [point for point in option if point[0] < limit]
        ahead = option[len(reached) :]
        if not reached:
            share = 1.0
        elif not ahead:
            share = reached[-1][1]
        else:
            (x0, y0), (x1, y1) = reached[-1], ahead[0]
            share = y0 + (limit - x0) / (x1 - x0) * (y1 - y0)
        total += weight * share
    return total
