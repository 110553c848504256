"""The rules by which a profiled option may be considered in a pool; the memory of its shards."""

from collections.abc import Mapping

from models.instance import Pool, Slo
from planner.scenario.inputs import InputFindings, add_once
from planner.scenario.schema.specification import ScenarioSpec
from profiles.curves import ProfiledOption
from profiles.records import STATISTICS, Column

__all__ = [
    "build_slos",
    "columns_missing_by_rule",
    "columns_needed_by_rules",
    "memory_rule_reason",
    "option_excluded_by_rule",
    "shard_memory_by_rule",
]

SLACK_GIB = 1e-9
"""By which memory may exceed what may be filled: the rounding of (1 - headroom) * memory."""


def build_slos(spec: ScenarioSpec) -> tuple[Slo, ...]:
    """SLOs of the scenario, limits in s."""
    return tuple(Slo(slo.metric, slo.statistic, slo.limit_ms / 1000, slo.scope) for slo in spec.slo)


def columns_needed_by_rules(slo: Slo) -> tuple[Column, ...]:
    """Columns of which an option needs one to be judged: its own, or any percentile of the metric
    for a percentile over all requests.
    """
    if slo.statistic == "mean" or slo.scope == "each_llm":
        return ((slo.metric, slo.statistic),)
    return tuple((slo.metric, statistic) for statistic in STATISTICS[1:])


def option_excluded_by_rule(profiled: ProfiledOption, spec: ScenarioSpec, pool: Pool) -> str:
    """Why `setups` or the pool's nodes rule the option out; "" when they do not."""
    degrees, shares = spec.setups.tp_degrees, spec.setups.mps_shares_pct
    if degrees is not None and profiled.tp_degree not in degrees:
        return f"{profiled.tp_degree} is not among setups.tp_degrees"
    if shares is not None and profiled.mps_share_pct not in shares:
        return f"{profiled.mps_share_pct:g} is not among setups.mps_shares_pct"
    if profiled.tp_degree > pool.gpus_per_node:
        return (
            f"needs {profiled.tp_degree} GPUs in one node, but a node of {pool.name} has"
            f" {pool.gpus_per_node}"
        )
    return ""


def columns_missing_by_rule(profiled: ProfiledOption, spec: ScenarioSpec) -> tuple[int, str] | None:
    """The first SLO that the option cannot be judged by, and what it lacks for it.

    A single percentile says nothing of the tail beyond it, so it is one that the SLO's promise
    allows or higher.
    """
    for i, slo in enumerate(build_slos(spec)):
        columns = columns_needed_by_rules(slo)
        present = [column for column in columns if column in profiled.latency_ms]
        names = [f"{metric}_{statistic}_ms" for metric, statistic in present or columns]
        if not present:
            lacking = (
                f"lacks the column {names[0]}"
                if len(names) == 1
                else f"lacks every one of {', '.join(names)}"
            )
            return i, f"{lacking} for slo.{i}"
        if len(columns) > 1 and len(present) == 1:
            late, promised = _share_above(present[0][1]), _share_above(slo.statistic)
            if late > promised:
                return i, (
                    f"has {names[0]} alone for slo.{i}: {100 * late:g} % of its requests count as"
                    f" late at any limit, and {slo.statistic} allows {100 * promised:g} %"
                )
    return None


def _share_above(percentile: str) -> float:
    """Share of the requests above a percentile, e.g. 0.05 of p95."""
    return (100 - int(percentile[1:])) / 100


def shard_memory_by_rule(
    profiled: ProfiledOption,
    weights: Mapping[str, float | None],
    file: str,
    findings: InputFindings,
) -> float | None:
    """GiB of one shard: as profiled (the largest), else the weights alone; None when neither is
    known.

    weights: GiB of each LLM's weights, all shards together. file: the profile table, for warnings.
    """
    if profiled.memory_gib:
        if len(profiled.memory_gib) > 1:
            values = ", ".join(f"{value:g}" for value in profiled.memory_gib)
            add_once(
                findings.warnings,
                f"{file}: memory_gib_per_gpu of {profiled.words} differs between rows"
                f" ({values}); the largest is taken",
            )
        return profiled.memory_gib[-1]
    known = weights[profiled.llm]
    if known is None:
        return None
    add_once(
        findings.warnings,
        f"{profiled.llm}: its memory is weights_gib / tp_degree where the profile states none; no"
        " KV cache is counted",
    )
    return known / profiled.tp_degree


def memory_rule_reason(memory: float, spec: ScenarioSpec, pool: Pool) -> str:
    """Why one shard of `memory` GiB does not fit with the headroom; "" when it does, or where
    the pool's memory is not known (a separate fault).
    """
    fillable = (1.0 - spec.setups.memory_headroom_pct / 100) * pool.memory
    if not pool.memory or memory <= fillable + SLACK_GIB:
        return ""
    return (
        f"needs {memory:.4g} GiB on each GPU, but {fillable:.4g} of {pool.memory:.4g} GiB"
        " may be filled (memory_headroom_pct)"
    )
