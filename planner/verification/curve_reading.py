"""The verifier's own reading of the curves: latencies recomputed from the raw points. numpy only,
nothing of the optimiser.

With x_o the routed rate of option o (req/s), n_o its replicas, r_o = x_o / n_o, lambda the arrival
rate and L the raw curve (ms here)::

    mean, all       achieved = sum_o x_o L_o(r_o) / lambda
    pNN, all        achieved = smallest T with sum_o x_o share_o(T, r_o) <= (1 - NN/100) lambda
    each_llm        achieved = max over deployed o of L_o(r_o)

share_o(T, r) is read off the line through (latency, share) = (p50, 0.5), (p90, 0.1), (p95, 0.05),
(p99, 0.01), as many as there are: 1 below the lowest, the last one's own share above the highest.
It is right-continuous, so the smallest T exists where any does.
"""

from collections.abc import Sequence

import numpy as np

from models.instance import Instance, Slo
from planner.verification.deployed_options import StatedOption
from planner.verification.tolerances import SLO_TOL
from profiles.records import Column, Curve

__all__ = [
    "percentile_achieved_on_curves",
    "range_achieved_on_curves",
    "read_curve_latency",
    "read_curve_percentiles",
    "read_curve_share_above",
]

ABOVE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of the requests above each percentile, from the lowest percentile to the highest."""


def read_curve_latency(curve: Curve, column: Column, rate: float) -> float:
    """Latency (ms) at the rate (req/s of one replica): linear between points, flat below the lowest
    (and, for messages, above).
    """
    rates, values = curve.rates, curve.latency[column]
    if rate <= rates[0]:
        return 1e3 * float(values[0])
    if rate >= rates[-1]:
        return 1e3 * float(values[-1])
    k = int(np.searchsorted(rates, rate, side="right"))
    part = (rate - rates[k - 1]) / (rates[k] - rates[k - 1])
    return 1e3 * float((1.0 - part) * values[k - 1] + part * values[k])


def read_curve_percentiles(
    curve: Curve, metric: str, rate: float
) -> tuple[list[float], list[float]]:
    """Latencies (ms) of the present percentiles at the rate, as their running maximum, and the
    shares above them.
    """
    present = [p for p in ABOVE if (metric, p) in curve.latency]
    latencies = [read_curve_latency(curve, (metric, p), rate) for p in present]
    return [max(latencies[: k + 1]) for k in range(len(latencies))], [ABOVE[p] for p in present]


def read_curve_share_above(
    limit: float, latencies: Sequence[float], shares: Sequence[float]
) -> float:
    """Share of requests above the limit (ms), by the rule in the module's docstring."""
    if limit < latencies[0]:
        return 1.0
    k = max(j for j, latency in enumerate(latencies) if latency <= limit)
    if k == len(latencies) - 1:
        return shares[k]
    part = (limit - latencies[k]) / (latencies[k + 1] - latencies[k])
    return shares[k] + part * (shares[k + 1] - shares[k])


def percentile_achieved_on_curves(
    instance: Instance, deployed: Sequence[StatedOption], metric: str, budget: float
) -> float:
    """Smallest latency T (ms) with at most `budget` req/s above it, over all requests together; inf
    where no T has that.

    Between two neighbouring percentile latencies the sum is linear in T, at one of them it may jump
    down.
    """
    lines = [
        (
            d.rate,
            *read_curve_percentiles(instance.options[d.position].curve, metric, d.rate_per_replica),
        )
        for d in deployed
        if d.rate > 0
    ]

    def above(limit: float) -> float:
        return sum(
            rate * read_curve_share_above(limit, latencies, shares)
            for rate, latencies, shares in lines
        )

    knots = sorted({latency for _, latencies, _ in lines for latency in latencies})
    for k, knot in enumerate(knots):
        if above(knot) > budget:
            continue
        if k == 0:
            return knot
        start, middle = above(knots[k - 1]), above((knots[k - 1] + knot) / 2)
        before_jump = 2 * middle - start
        if before_jump > budget or start <= before_jump:
            return knot
        return knots[k - 1] + (knot - knots[k - 1]) * (start - budget) / (start - before_jump)
    return float("inf")


def range_achieved_on_curves(
    instance: Instance, deployed: Sequence[StatedOption], slo: Slo
) -> tuple[float, float]:
    """(Least, most) latency in ms that may be called achieved: they differ only where a percentile
    jumps within the tolerance.
    """
    if slo.scope == "each_llm" or slo.statistic == "mean":
        column = (slo.metric, slo.statistic)
        at_rate = [
            read_curve_latency(instance.options[d.position].curve, column, d.rate_per_replica)
            for d in deployed
        ]
        if slo.scope == "each_llm":
            return max(at_rate), max(at_rate)
        mean = (
            sum(d.rate * latency for d, latency in zip(deployed, at_rate, strict=True))
            / instance.arrival_rate
        )
        return mean, mean
    budget = (1.0 - int(slo.statistic[1:]) / 100) * instance.arrival_rate
    low, high = (
        percentile_achieved_on_curves(instance, deployed, slo.metric, budget * (1 + sign * SLO_TOL))
        for sign in (1, -1)
    )
    return low, high
