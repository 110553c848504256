"""What a setup achieves at its rates: latency of a replica, share of requests above a limit,
achieved latency of an SLO.

Rates in req/s, latencies in s, shares in 0..1. Written for reports alone, apart from
`models.latency`, which plans. The semantics are the same.

    latency of option o        L_o(r_o), linear between points, that of the lowest point below it;
                               r_o = x_o / n_o
    mean, scope all            sum_o x_o L_o(r_o) / sum_o x_o
    share above a limit        on the line through (p50, 0.5), (p90, 0.1), (p95, 0.05), (p99, 0.01),
                               as many as there are; 1 below the lowest, the last remainder above
                               the highest; latencies as their running maximum
    pNN, scope all             smallest latency t with sum_o x_o above_o(t) <= (1 - NN/100) sum_o
                               x_o
    each_llm                   max_o L_o(r_o)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Slo
from profiles.records import PROVENANCES, Column, Curve

__all__ = [
    "SHARE_ABOVE",
    "OperatingPoint",
    "achieved_latency",
    "latencies_at",
    "latency_provenance_at",
    "share_above_latency",
]

SHARE_ABOVE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of requests above each percentile."""

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
    """(latency in s, share above it) of the percentile columns present, from p50 to p99; latencies
    as their running maximum.
    """
    points: list[tuple[float, float]] = []
    for percentile, rest in SHARE_ABOVE.items():
        if (metric, percentile) in latencies:
            points.append(
                (max(latencies[metric, percentile], points[-1][0] if points else 0.0), rest)
            )
    return points


def share_above_latency(points: Sequence[tuple[float, float]], limit: float) -> float:
    """Share (0..1) of the requests that take longer than `limit` s, read off the line through
    `points`.
    """
    within = [k for k, (latency, _) in enumerate(points) if latency <= limit]
    if not within:
        return 1.0
    low = within[-1]
    latency, rest = points[low]
    if low + 1 == len(points):
        return rest
    next_latency, next_rest = points[low + 1]
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
    before, before_share = 0.0, 1.0
    for step in steps:
        share = above(step)
        if share <= promised + SLACK:
            left = _left_limit_latency(points, weights, step)
            if left >= promised or before_share <= left:
                return step
            return before + (before_share - promised) / (before_share - left) * (step - before)
        before, before_share = step, share
    return None


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
