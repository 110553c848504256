"""Checks of what a plan states about latency: columns of every option, provenance, SLOs achieved
and kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from models.instance import Instance, Slo
from planner.verification.curve_reading import range_achieved_on_curves, read_curve_latency
from planner.verification.deployed_options import StatedOption
from planner.verification.headroom import limit_to_verify
from planner.verification.tolerances import BINDING_BAND, RESTATE_TOL, SLO_TOL
from profiles.records import PROVENANCES, Curve

__all__ = [
    "check_achieved_slo",
    "check_restated_slo",
    "check_slo_columns",
    "check_slo_latencies",
    "check_slo_provenance",
    "check_slos",
    "provenance_at_load",
]


def check_slos(
    plan: Mapping[str, Any], instance: Instance, deployed: Sequence[StatedOption]
) -> Iterator[str]:
    """Every SLO is restated, its achieved latency recomputed, its limit less the headroom kept, and
    `binding` stated as it is.
    """
    if len(plan["slo"]) != len(instance.slos):
        yield f"slo: {len(plan['slo'])} entries for {len(instance.slos)} SLOs"
        return
    for k, (entry, slo) in enumerate(zip(plan["slo"], instance.slos, strict=True)):
        where = f"slo.{k} ({slo.metric} {slo.statistic}, {slo.scope})"
        yield from check_restated_slo(where, entry, slo, instance)
        yield from check_achieved_slo(
            where,
            entry,
            limit_to_verify(instance, slo),
            *range_achieved_on_curves(instance, deployed, slo),
        )


def check_restated_slo(
    where: str, entry: Mapping[str, Any], slo: Slo, instance: Instance
) -> Iterator[str]:
    """Metric, statistic, scope and limit are the scenario's, and the limit less the headroom where
    there is one.
    """
    if (entry["metric"], entry["statistic"], entry["scope"]) != (
        slo.metric,
        slo.statistic,
        slo.scope,
    ):
        yield f"{where}: stated as {entry['metric']} {entry['statistic']}, {entry['scope']}"
    limit = 1e3 * slo.limit
    if abs(entry["limit_ms"] - limit) > RESTATE_TOL * limit:
        yield f"{where}: limit_ms {entry['limit_ms']} but the scenario says {limit:.6g}"
    planned = limit_to_verify(instance, slo)
    # A scenario without headroom needs no second limit; one that is stated must be right.
    restated = entry.get("planned_limit_ms", None if instance.headroom else planned)
    if restated is None or abs(restated - planned) > RESTATE_TOL * planned:
        yield f"{where}: planned_limit_ms {restated} but with the headroom it is {planned:.6g}"


def check_achieved_slo(
    where: str, entry: Mapping[str, Any], limit: float, low: float, high: float
) -> Iterator[str]:
    """The limit (ms) is kept by an achieved latency of low to high (ms), which is restated, and
    `binding` is stated as it is.
    """
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


def check_slo_latencies(instance: Instance, deployed: Sequence[StatedOption]) -> Iterator[str]:
    """latency_ms of every option holds every profiled column, read off the raw curve at the rate
    per replica.
    """
    for d in deployed:
        curve = instance.options[d.position].curve
        yield from check_slo_columns(d.name, d.entry["latency_ms"], curve, d.rate_per_replica)


def check_slo_columns(
    where: str, stated: Mapping[str, float], curve: Curve, load: float
) -> Iterator[str]:
    """Stated latencies (ms) are all columns of the raw curve at the load (req/s of one replica)."""
    expected = {f"{m}_{s}": read_curve_latency(curve, (m, s), load) for m, s in curve.latency}
    if set(stated) != set(expected):
        yield (
            f"{where}: latency_ms has columns {sorted(stated)} but profiled are {sorted(expected)}"
        )
    for column in sorted(set(stated) & set(expected)):
        if abs(stated[column] - expected[column]) > RESTATE_TOL * expected[column]:
            yield (
                f"{where}: latency {column} stated {stated[column]:.9g} ms, the curve says"
                f" {expected[column]:.9g} ms at {load:.6g} req/s"
            )


def check_slo_provenance(instance: Instance, deployed: Sequence[StatedOption]) -> Iterator[str]:
    """Provenance is the weaker of the two bracketing points; at a point that point alone, or with
    either neighbour, is as good.
    """
    for d in deployed:
        allowed = provenance_at_load(instance.options[d.position].curve, d.rate_per_replica)
        if d.entry["provenance"] not in allowed:
            expected = " or ".join(sorted(allowed))
            yield (
                f"{d.name}: provenance {d.entry['provenance']} but the points at"
                f" {d.rate_per_replica:.6g} req/s say {expected}"
            )


def provenance_at_load(curve: Curve, load: float) -> set[str]:
    """What the points beside the load (req/s of one replica) may be called."""
    close = RESTATE_TOL * curve.max_rate
    rank = [PROVENANCES.index(p) for p in curve.provenance]
    at = [k for k, rate in enumerate(curve.rates) if abs(rate - load) <= close]
    right = int(np.searchsorted(curve.rates, load))
    pairs = [(k + a, k + b) for k in at for a, b in ((0, 0), (-1, 0), (0, 1))] or [
        (right - 1, right)
    ]
    last = len(rank) - 1
    allowed = {PROVENANCES[max(rank[min(max(j, 0), last)] for j in pair)] for pair in pairs}
    if load <= curve.rates[0]:
        allowed.add(PROVENANCES[rank[0]])
    return allowed
