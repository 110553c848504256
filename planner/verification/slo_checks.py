"""The verifier's own reading of the curves: latencies and SLOs recomputed from the raw points.
numpy only, nothing of the optimiser.

With x_o the routed rate of option o (req/s), n_o its replicas, r_o = x_o / n_o, lambda the arrival
rate and L the raw curve (ms here)::

    mean, all       achieved = sum_o x_o L_o(r_o) / lambda
    pNN, all        achieved = smallest T with sum_o x_o share_o(T, r_o) <= (1 - NN/100) lambda
    each_llm        achieved = max over deployed o of L_o(r_o)

share_o(T, r) is read off the line through (latency, share) = (p50, 0.5), (p90, 0.1), (p95, 0.05),
(p99, 0.01), as many as there are: 1 below the lowest, the last one's own share above the highest.
It is right-continuous, so the smallest T exists where any does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.instance import Instance, Slo
from profiles.records import PROVENANCES, Column, Curve

__all__ = [
    "RESTATE_TOL",
    "Deployed",
    "achieved_percentile",
    "check_latencies",
    "check_provenance",
    "check_slos",
]

SLO_TOL = 1e-7
"""Relative excess over an SLO's limit that is forgiven: what a linear solver leaves after scaling,
far below any measurement.
"""
RESTATE_TOL = 1e-6
"""Relative difference allowed in numbers that the plan only restates (latencies, memory, cost):
above 12-digit printing, below any use.
"""
BINDING_BAND = (5e-4, 2e-3)
"""An SLO is binding within about 0.1 % of its limit: surely binding below the first relative slack,
surely not above the second.
"""
ABOVE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of the requests above each percentile, from the lowest percentile to the highest."""


@dataclass(frozen=True)
class Deployed:
    """One entry of plan["options"] read back.

    position: in Instance.options; rate: req/s of all replicas together.
    """

    entry: Mapping[str, Any]
    position: int
    replicas: int
    rate: float
    name: str

    @property
    def rate_per_replica(self) -> float:
        """req/s of one replica."""
        return self.rate / self.replicas


def latency_ms(curve: Curve, column: Column, rate: float) -> float:
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


def percentile_points(curve: Curve, metric: str, rate: float) -> tuple[list[float], list[float]]:
    """Latencies (ms) of the present percentiles at the rate, as their running maximum, and the
    shares above them.
    """
    present = [p for p in ABOVE if (metric, p) in curve.latency]
    latencies = [latency_ms(curve, (metric, p), rate) for p in present]
    return [max(latencies[: k + 1]) for k in range(len(latencies))], [ABOVE[p] for p in present]


def share_above(limit: float, latencies: Sequence[float], shares: Sequence[float]) -> float:
    """Share of requests above the limit (ms), by the rule in the module's docstring."""
    if limit < latencies[0]:
        return 1.0
    k = max(j for j, latency in enumerate(latencies) if latency <= limit)
    if k == len(latencies) - 1:
        return shares[k]
    part = (limit - latencies[k]) / (latencies[k + 1] - latencies[k])
    return shares[k] + part * (shares[k + 1] - shares[k])


def achieved_percentile(
    instance: Instance, deployed: Sequence[Deployed], metric: str, budget: float
) -> float:
    """Smallest latency T (ms) with at most `budget` req/s above it, over all requests together; inf
    where no T has that.

    Between two neighbouring percentile latencies the sum is linear in T, at one of them it may jump
    down.
    """
    lines = [
        (d.rate, *percentile_points(instance.options[d.position].curve, metric, d.rate_per_replica))
        for d in deployed
        if d.rate > 0
    ]

    def above(limit: float) -> float:
        return sum(
            rate * share_above(limit, latencies, shares) for rate, latencies, shares in lines
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


def achieved_range(
    instance: Instance, deployed: Sequence[Deployed], slo: Slo
) -> tuple[float, float]:
    """(Least, most) latency in ms that may be called achieved: they differ only where a percentile
    jumps within the tolerance.
    """
    if slo.scope == "each_llm" or slo.statistic == "mean":
        column = (slo.metric, slo.statistic)
        at_rate = [
            latency_ms(instance.options[d.position].curve, column, d.rate_per_replica)
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
        achieved_percentile(instance, deployed, slo.metric, budget * (1 + sign * SLO_TOL))
        for sign in (1, -1)
    )
    return low, high


def check_slos(
    plan: Mapping[str, Any], instance: Instance, deployed: Sequence[Deployed]
) -> Iterator[str]:
    """Every SLO is restated, its achieved latency recomputed, its limit kept and `binding` told as
    it is.
    """
    if len(plan["slo"]) != len(instance.slos):
        yield f"slo: {len(plan['slo'])} entries for {len(instance.slos)} SLOs"
        return
    for k, (entry, slo) in enumerate(zip(plan["slo"], instance.slos, strict=True)):
        where = f"slo.{k} ({slo.metric} {slo.statistic}, {slo.scope})"
        if (entry["metric"], entry["statistic"], entry["scope"]) != (
            slo.metric,
            slo.statistic,
            slo.scope,
        ):
            yield f"{where}: stated as {entry['metric']} {entry['statistic']}, {entry['scope']}"
        limit = 1e3 * slo.limit
        if abs(entry["limit_ms"] - limit) > RESTATE_TOL * limit:
            yield f"{where}: limit_ms {entry['limit_ms']} but the scenario says {limit:.6g}"
        yield from _check_one_slo(where, entry, limit, *achieved_range(instance, deployed, slo))


def _check_one_slo(
    where: str, entry: Mapping[str, Any], limit: float, low: float, high: float
) -> Iterator[str]:
    if low > limit * (1 + SLO_TOL):
        yield f"{where}: SLO violated, achieved {low:.9g} ms is above the limit {limit:.9g} ms"
    stated = entry["achieved_ms"]
    if stated is None or not low * (1 - RESTATE_TOL) <= stated <= high * (1 + RESTATE_TOL):
        yield f"{where}: achieved_ms {stated} but recomputed {low:.9g} ms"
    surely, surely_not = (limit * (1 - slack) for slack in BINDING_BAND)
    if entry["binding"] and high < surely_not:
        yield (
            f"{where}: called binding, but achieved {high:.6g} ms is well below the limit"
            f" {limit:.6g} ms"
        )
    if not entry["binding"] and low >= surely:
        yield (
            f"{where}: not called binding, but achieved {low:.6g} ms is at the limit {limit:.6g} ms"
        )


def check_latencies(instance: Instance, deployed: Sequence[Deployed]) -> Iterator[str]:
    """latency_ms of every option holds every profiled column, read off the raw curve at the rate
    per replica.
    """
    for d in deployed:
        curve, stated = instance.options[d.position].curve, d.entry["latency_ms"]
        expected = {
            f"{m}_{s}": latency_ms(curve, (m, s), d.rate_per_replica) for m, s in curve.latency
        }
        if set(stated) != set(expected):
            yield (
                f"{d.name}: latency_ms has columns {sorted(stated)} but profiled are"
                f" {sorted(expected)}"
            )
        for column in sorted(set(stated) & set(expected)):
            if abs(stated[column] - expected[column]) > RESTATE_TOL * expected[column]:
                yield (
                    f"{d.name}: latency {column} stated {stated[column]:.9g} ms, the curve says"
                    f" {expected[column]:.9g} ms at {d.rate_per_replica:.6g} req/s"
                )


def check_provenance(instance: Instance, deployed: Sequence[Deployed]) -> Iterator[str]:
    """Provenance is the weaker of the two bracketing points; at a point that point alone, or with
    either neighbour, is as good.
    """
    for d in deployed:
        curve = instance.options[d.position].curve
        close = RESTATE_TOL * curve.max_rate
        rank = [PROVENANCES.index(p) for p in curve.provenance]
        at = [k for k, rate in enumerate(curve.rates) if abs(rate - d.rate_per_replica) <= close]
        right = int(np.searchsorted(curve.rates, d.rate_per_replica))
        pairs = [(k + a, k + b) for k in at for a, b in ((0, 0), (-1, 0), (0, 1))] or [
            (right - 1, right)
        ]
        last = len(rank) - 1
        allowed = {PROVENANCES[max(rank[min(max(j, 0), last)] for j in pair)] for pair in pairs}
        if d.rate_per_replica <= curve.rates[0]:
            allowed.add(PROVENANCES[rank[0]])
        if d.entry["provenance"] not in allowed:
            told = " or ".join(sorted(allowed))
            yield (
                f"{d.name}: provenance {d.entry['provenance']} but the points at"
                f" {d.rate_per_replica:.6g} req/s say {told}"
            )
