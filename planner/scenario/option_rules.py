"""The rules by which a profiled option may be considered in a pool; the memory of its shards."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.instance import Pool
from planner.scenario.demand.class_curves import OwnRows, profiled_option_key
from planner.scenario.demand.slo_columns import build_slos, lack_for_slos
from planner.scenario.inputs import InputFindings, add_once
from planner.scenario.schema.specification import ScenarioSpec, SloSpec
from profiles.curves import ProfiledOption
from profiles.records import MigProfile

__all__ = [
    "UnjudgedSlo",
    "columns_missing_by_rule",
    "memory_rule_reason",
    "option_excluded_by_rule",
    "shard_memory_by_rule",
]

SLACK_GIB = 1e-9
"""By which memory may exceed what may be filled: the rounding of (1 - headroom) * memory."""


@dataclass(frozen=True)
class UnjudgedSlo:
    """An SLO by which an option cannot be judged: its dotted path, itself, what is lacking."""

    place: str
    slo: SloSpec
    lacking: str


def option_excluded_by_rule(profiled: ProfiledOption, spec: ScenarioSpec, pool: Pool) -> str:
    """Why `setups`, the pool's nodes or the classes rule the option out; "" when they do not."""
    degrees, shares = spec.setups.tp_degrees, spec.setups.mps_shares_pct
    if degrees is not None and profiled.tp_degree not in degrees:
        return f"{profiled.tp_degree} is not among setups.tp_degrees"
    profiles = spec.setups.mig_profiles
    if profiled.mig_profile:
        if profiles is not None and profiled.mig_profile not in profiles:
            return f"{profiled.mig_profile} is not among setups.mig_profiles"
    elif shares is not None and profiled.mps_share_pct not in shares:
        return f"{profiled.mps_share_pct:g} is not among setups.mps_shares_pct"
    if profiled.tp_degree > pool.gpus_per_node:
        return (
            f"needs {profiled.tp_degree} GPUs in one node, but a node of {pool.name} has"
            f" {pool.gpus_per_node}"
        )
    classes = spec.classes or ()
    needless = not any(llm.name == profiled.llm and llm.min_replicas for llm in spec.llms)
    if classes and needless and all(one.llms and profiled.llm not in one.llms for one in classes):
        return f"no class may use {profiled.llm}"
    return ""


def columns_missing_by_rule(
    profiled: ProfiledOption, spec: ScenarioSpec, own: OwnRows
) -> UnjudgedSlo | None:
    """The first SLO over all requests that the option cannot be judged by, else the first of a
    class where every class that may use the LLM has one. own: rows of classes.
    """
    lack = lack_for_slos(profiled.latency_ms, build_slos(spec.slo))
    if lack is not None:
        return UnjudgedSlo(f"slo.{lack[0]}", spec.slo[lack[0]], lack[1])
    lacks = []
    for c, one in enumerate(spec.classes or ()):
        if one.llms is None or profiled.llm in one.llms:
            place = f"classes.{c}.slo"
            rows = own.get((one.name, profiled_option_key(profiled)), profiled)
            lack = lack_for_slos(rows.latency_ms, build_slos(one.slo), one.name)
            if lack is None:
                return None
            lacks.append(UnjudgedSlo(f"{place}.{lack[0]}", one.slo[lack[0]], lack[1]))
    return lacks[0] if lacks else None


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
        f"{profiled.llm}: where the profile states no memory, weights / TP degree is counted on"
        " each GPU, and no KV cache",
    )
    return known / profiled.tp_degree


def memory_rule_reason(
    memory: float, spec: ScenarioSpec, pool: Pool, instance: MigProfile | None
) -> str:
    """Why one shard of `memory` GiB does not fit with the headroom, on a GPU or on a MIG instance;
    "" when it does, or where the pool's memory is not known (a separate fault).
    """
    kept = 1.0 - spec.setups.memory_headroom_pct / 100
    if instance is not None and memory > kept * instance.memory + SLACK_GIB:
        return (
            f"needs {memory:.4g} GiB, but {kept * instance.memory:.4g} of {instance.memory:.4g} GiB"
            f" of an instance {instance.name} may be filled (memory_headroom_pct)"
        )
    fillable = kept * pool.memory
    if not pool.memory or memory <= fillable + SLACK_GIB:
        return ""
    return (
        f"needs {memory:.4g} GiB on each GPU, but {fillable:.4g} of {pool.memory:.4g} GiB"
        " may be filled (memory_headroom_pct)"
    )
