"""Which options may be considered: every profiled option in every pool of its GPU type, less those
that fail a rule, each with its reason.

The rules in their order; the first that an option fails is the reason why it is dropped: `setups`
lists its degree and share, or its MIG profile; its degree fits a node; it has the columns the SLOs
need; its memory fits with the headroom (`planner.scenario.option_rules`). Units change here: ms ->
s, per cent -> 0..1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.instance import Dropped, Option, Pool, option_order
from planner.scenario.demand.class_curves import OwnRows
from planner.scenario.inputs import InputFindings
from planner.scenario.load import Scenario
from planner.scenario.option_rules import (
    UnjudgedSlo,
    columns_missing_by_rule,
    memory_rule_reason,
    option_excluded_by_rule,
    shard_memory_by_rule,
)
from planner.scenario.unused_options import (
    no_used_option_fault,
    note_unused_options,
    unjudged_slo_fault,
)
from profiles.curves import ProfiledOption, ProfileTable
from profiles.io.faults import Fault
from profiles.mig_geometry import mig_geometry
from profiles.records import Curve

__all__ = ["build_option_curve", "build_options"]


@dataclass
class _Sorted:
    """Options sorted out by the rules.

    unjudged: one of each option that lacks an SLO's columns; unsized: LLMs with an
    option whose memory is not known.
    """

    kept: list[Option] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    unjudged: list[UnjudgedSlo] = field(default_factory=list)
    unsized: set[str] = field(default_factory=set)


def build_options(
    scenario: Scenario,
    pools: Sequence[Pool],
    weights: Mapping[str, float | None],
    table: ProfileTable,
    findings: InputFindings,
    own: OwnRows,
) -> tuple[tuple[Option, ...], tuple[Dropped, ...]]:
    """Options that pass every rule, sorted by `option_order`, and those that do not, with the
    reason.

    weights: GiB of each LLM's weights, all shards together, None where not known. own: rows of
    classes, by which options are judged where they have columns that others lack. Faults and
    notices go to the findings; where nothing is left to choose from, both results are empty.
    """
    position = {llm.name: i for i, llm in enumerate(scenario.spec.cluster_llms)}
    by_rule = _sort_out_options(scenario, pools, weights, table, findings, own)
    kept, dropped = by_rule.kept, by_rule.dropped
    for name in (name for name in position if name in by_rule.unsized):
        where = f"{scenario.spec.llm_place(name)}.weights_gib"
        fix = "state weights_gib, or memory_gib_per_gpu in the profile table"
        findings.scenario.append(
            Fault(str(scenario.path), where, "", f"the memory of {name} is not known", fix)
        )
    # Sorted by content, so that the order of the table's rows changes no plan.
    kept.sort(key=option_order)
    dropped.sort(
        key=lambda drop: (
            *(position[drop.llm], drop.pool, drop.tp_degree, drop.mps_share_pct),
            drop.mig_profile,
        )
    )
    nothing_left = not kept and not by_rule.unsized
    if nothing_left and not findings.profiles:
        fault = no_used_option_fault(scenario, table, dropped)
        if fault is not None:
            findings.scenario.append(fault)
            return (), ()
    if nothing_left and by_rule.unjudged and len(by_rule.unjudged) == len(dropped):
        findings.scenario.append(unjudged_slo_fault(scenario, table, by_rule.unjudged[0]))
        return (), ()
    note_unused_options(scenario, table, kept, dropped, by_rule.unsized, findings)
    return tuple(kept), tuple(dropped)


def _sort_out_options(
    scenario: Scenario,
    pools: Sequence[Pool],
    weights: Mapping[str, float | None],
    table: ProfileTable,
    findings: InputFindings,
    own: OwnRows,
) -> _Sorted:
    """Apply the rules to every option in every pool."""
    spec, by_rule = scenario.spec, _Sorted()
    position = {llm.name: i for i, llm in enumerate(spec.cluster_llms)}
    for profiled, p in _offered_options(table, position, pools):
        instance = mig_geometry(profiled.gpu).get(profiled.mig_profile)
        reason = option_excluded_by_rule(profiled, spec, pools[p])
        if not reason and (lack := columns_missing_by_rule(profiled, spec, own)):
            by_rule.unjudged.append(lack)
            reason = lack.lacking
        memory = None if reason else shard_memory_by_rule(profiled, weights, table.file, findings)
        if not reason and memory is None:
            by_rule.unsized.add(profiled.llm)
            continue
        if memory is not None:
            reason = memory_rule_reason(memory, spec, pools[p], instance)
        if reason:
            identity = (profiled.llm, pools[p].name, profiled.tp_degree, profiled.mps_share_pct)
            by_rule.dropped.append(Dropped(*identity, reason, profiled.mig_profile))
        elif memory is not None:
            share = profiled.mps_share_pct / 100 if instance is None else instance.share
            curve = build_option_curve(profiled)
            by_rule.kept.append(
                Option(
                    llm=position[profiled.llm],
                    pool=p,
                    tp_degree=profiled.tp_degree,
                    mps_share=share,
                    memory=memory,
                    curve=curve,
                    mig=instance,
                )
            )
    return by_rule


def _offered_options(
    table: ProfileTable, llms: Mapping[str, int], pools: Sequence[Pool]
) -> Iterator[tuple[ProfiledOption, int]]:
    for profiled in table.options:
        if profiled.llm in llms:
            for p, pool in enumerate(pools):
                if pool.gpu == profiled.gpu:
                    yield profiled, p


def build_option_curve(profiled: ProfiledOption) -> Curve:
    """The curve in SI units."""
    latency = {
        column: np.asarray(values) / 1000.0 for column, values in profiled.latency_ms.items()
    }
    return Curve(
        *(profiled.rates, latency, profiled.provenance, profiled.source, profiled.tokens),
        neighbours=profiled.neighbours,
    )
