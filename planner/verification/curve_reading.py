"""The verifier's own reading of the curves: latencies recomputed from the raw points. numpy only,
nothing of the optimiser.

With x_o the routed rate of option o (req/s), n_o its replicas, r_o = x_o / n_o, lambda the arrival
rate (with the headroom) and L the raw curve (ms here)::

    mean, all       achieved = sum_o x_o L_o(r_o) / lambda
    pNN, all        achieved = smallest T with sum_o x_o share_o(T, r_o) <= (1 - NN/100) lambda
    each_llm        achieved = max over deployed o of L_o(r_o)

share_o(T, r) is read off the polyline through (latency, share) at the shares of TAIL: 1 below its
first point, the last share from its last point on. It is right-continuous, so the smallest T exists
where any does. The latency at a share s is, with the columns present as points (ln share, latency)
and their running maximum as latencies, linear in ln s between two of them, past the last as between
the last two; shares above the first column's have no point. One column is its own only point.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Instance, Slo
from planner.verification.deployed_options import StatedOption
from planner.verification.headroom import rate_to_verify
from planner.verification.tolerances import SLO_TOL
from profiles.records import Column, Curve

__all__ = [
    "CurveLoad",
    "percentile_achieved",
    "percentile_achieved_on_curves",
    "range_achieved",
    "range_achieved_on_curves",
    "read_curve_latency",
    "read_curve_percentiles",
    "read_curve_share_above",
]

ABOVE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of the requests above each percentile, from the lowest percentile to the highest."""

TAIL = np.array([0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001])
"""Shares at which a latency is read off the columns."""


@dataclass(frozen=True)
class CurveLoad:
    """Requests at one load of one curve: rate (req/s of them all), load (req/s of one replica)."""

    curve: Curve
    rate: float
    load: float

    def latency(self, column: Column) -> float:
        """Latency (ms) of the column at the load."""
        return read_curve_latency(self.curve, column, self.load)


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
    """Latencies (ms) at the rate, rising, and the shares above them, by the module's docstring."""
    present = [p for p in ABOVE if (metric, p) in curve.latency]
    latencies = [read_curve_latency(curve, (metric, p), rate) for p in present]
    latencies = [max(latencies[: k + 1]) for k in range(len(latencies))]
    shares = [ABOVE[p] for p in present]
    if len(present) == 1:
        return latencies, shares
    tail = TAIL[TAIL <= shares[0]]
    read = np.interp(-np.log(tail), -np.log(shares), latencies)
    per_log = (latencies[-1] - latencies[-2]) / np.log(shares[-2] / shares[-1])
    beyond = tail < shares[-1]
    read[beyond] = latencies[-1] + per_log * np.log(shares[-1] / tail[beyond])
    return read.tolist(), tail.tolist()


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
    """`percentile_achieved` of the options that a plan deploys."""
    return percentile_achieved(_loads_of_options(instance, deployed), metric, budget)


def percentile_achieved(loads: Sequence[CurveLoad], metric: str, budget: float) -> float:
    """Smallest latency T (ms) with at most `budget` req/s above it, over all requests together; inf
    where no T has that.

    Between two neighbouring percentile latencies the sum is linear in T, at one of them it may jump
    down.
    """
    lines = [
        (entry.rate, *read_curve_percentiles(entry.curve, metric, entry.load))
        for entry in loads
        if entry.rate > 0
    ]

    def above(limit: float) -> float:
        return sum(
            rate * read_curve_share_above(limit, latencies, shares)
            for rate, latencies, shares in lines
        )

    knots = sorted({latency for _, latencies, _ in lines for latency in latencies})
    # The sum falls with T: the first knot that keeps the budget is found by halving.
    k = bisect_left(knots, -budget, key=lambda knot: -above(knot))
    if k == len(knots):
        return float("inf")
    if k == 0:
        return knots[0]
    start, middle = above(knots[k - 1]), above((knots[k - 1] + knots[k]) / 2)
    before_jump = 2 * middle - start
    if before_jump > budget or start <= before_jump:
        return knots[k]
    return knots[k - 1] + (knots[k] - knots[k - 1]) * (start - budget) / (start - before_jump)


def range_achieved_on_curves(
    instance: Instance, deployed: Sequence[StatedOption], slo: Slo
) -> tuple[float, float]:
    """(Least, most) latency in ms that may be called achieved: they differ only where a percentile
    jumps within the tolerance.
    """
    loads = _loads_of_options(instance, deployed)
    if slo.scope == "each_llm":
        highest = max(entry.latency((slo.metric, slo.statistic)) for entry in loads)
        return highest, highest
    return range_achieved(loads, slo, rate_to_verify(instance))


def range_achieved(loads: Sequence[CurveLoad], slo: Slo, served: float) -> tuple[float, float]:
    """(Least, most) latency in ms that `served` req/s together may be called to have, by the
    statistic of the SLO.
    """
    if slo.statistic == "mean":
        column = (slo.metric, slo.statistic)
        mean = sum(entry.rate * entry.latency(column) for entry in loads) / served
        return mean, mean
    budget = (1.0 - int(slo.statistic[1:]) / 100) * served
    low, high = (
        percentile_achieved(loads, slo.metric, budget * (1 + sign * SLO_TOL)) for sign in (1, -1)
    )
    return low, high


def _loads_of_options(instance: Instance, deployed: Sequence[StatedOption]) -> list[CurveLoad]:
    return [
        CurveLoad(instance.options[d.position].curve, d.rate, d.rate_per_replica) for d in deployed
    ]
