"""Which options may be considered: every profiled option in every pool of its GPU type, less those
that fail a rule, each with its reason.

The rules in their order; the first that an option fails is the reason why it is dropped: `setups`
lists its degree and share; its degree fits a node; it has the columns the SLOs need; its memory
fits beside the headroom. Units change here: ms -> s, per cent -> 0..1.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from models.instance import Dropped, Option, Pool, Slo
from planner.scenario.inputs import InputFindings, add_once
from planner.scenario.load import Scenario
from planner.scenario.schema import ScenarioSpec
from profiles.curves import ProfiledOption, ProfileTable
from profiles.io.faults import Fault, nearest
from profiles.records import STATISTICS, Column, Curve

__all__ = ["build_options", "build_slos", "needed_columns"]

ROOM_SLACK = 1e-9
"""GiB by which memory may exceed the room: the rounding of (1 - headroom) * memory."""


def build_options(
    scenario: Scenario,
    pools: Sequence[Pool],
    weights: Mapping[str, float | None],
    table: ProfileTable,
    findings: InputFindings,
) -> tuple[tuple[Option, ...], tuple[Dropped, ...]]:
    """Options that pass every rule, sorted by (llm, pool, tp_degree, mps_share), and those that do
    not, with the reason.
    """
    spec = scenario.spec
    kept: list[Option] = []
    dropped: list[Dropped] = []
    lacks: list[tuple[int, str]] = []
    unsized: set[str] = set()
    position = {llm.name: i for i, llm in enumerate(spec.llms)}
    for profiled, p in _offers(table, position, pools):
        reason = _unwanted(profiled, spec, pools[p])
        if not reason and (lack := _lack(profiled, spec)):
            lacks.append(lack)
            reason = lack[1]
        memory = None if reason else _memory(profiled, weights, table.file, findings)
        if not reason and memory is None:
            unsized.add(profiled.llm)
            continue
        room = (1.0 - spec.setups.memory_headroom_pct / 100) * pools[p].memory
        if memory is not None and pools[p].memory and memory > room + ROOM_SLACK:
            reason = (
                f"needs {memory:.4g} GiB on each GPU, but {room:.4g} of {pools[p].memory:.4g} GiB"
                " may be filled (memory_headroom_pct)"
            )
        if reason:
            dropped.append(
                Dropped(
                    profiled.llm, pools[p].name, profiled.tp_degree, profiled.mps_share_pct, reason
                )
            )
        elif memory is not None:
            kept.append(
                Option(
                    position[profiled.llm],
                    p,
                    profiled.tp_degree,
                    profiled.mps_share_pct / 100,
                    memory,
                    _curve(profiled),
                )
            )
    for name in (llm.name for llm in spec.llms if llm.name in unsized):
        where = f"llms.{position[name]}.weights_gib"
        fix = "state weights_gib, or memory_gib_per_gpu in the profile table"
        findings.scenario.append(
            Fault(str(scenario.path), where, "", f"the memory of {name} is not known", fix)
        )
    kept.sort(key=lambda option: (option.llm, option.pool, option.tp_degree, option.mps_share))
    dropped.sort(
        key=lambda drop: (position[drop.llm], drop.pool, drop.tp_degree, drop.mps_share_pct)
    )
    if (
        not kept
        and not unsized
        and not findings.profiles
        and (fault := _nothing_to_choose(scenario, table, dropped))
    ):
        findings.scenario.append(fault)
        return (), ()
    if lacks and len(lacks) == len(dropped) and not kept and not unsized:
        i = lacks[0][0]
        there = sorted(
            {
                f"{metric}_{statistic}_ms"
                for o in table.options
                for metric, statistic in o.latency_ms
            }
        )
        fix = f"profile it, or ask for a statistic that is there: {', '.join(there)}"
        problem = f"no option can be judged by it: each {lacks[0][1]}"
        findings.scenario.append(
            Fault(str(scenario.path), f"slo.{i}.statistic", spec.slo[i].statistic, problem, fix)
        )
        return (), ()
    _note_unused(scenario, table, kept, dropped, unsized, findings)
    return tuple(kept), tuple(dropped)


def _nothing_to_choose(
    scenario: Scenario, table: ProfileTable, dropped: Sequence[Dropped]
) -> Fault | None:
    """The fault of a table that has no row for the scenario, or of setups that leave none; None
    when options fail for other reasons.
    """
    spec = scenario.spec
    if not dropped:
        profiled = sorted({f"{option.llm} on {option.gpu}" for option in table.options})
        named = (
            f"{', '.join(llm.name for llm in spec.llms)} on"
            f" {', '.join(sorted({pool.gpu for pool in spec.pools}))}"
        )
        fix = (
            "use the same names in both; profiled:"
            f" {', '.join(profiled[:8])}{' ...' if len(profiled) > 8 else ''}"
        )
        return Fault(
            table.file,
            "columns llm, gpu",
            "",
            f"no row is of an LLM and a GPU of the scenario ({named})",
            fix,
        )
    if all(" is not among setups." in drop.reason for drop in dropped):
        problem = "they leave no option of the profile table: " + _reasons(dropped)
        return Fault(
            str(scenario.path),
            "setups",
            "",
            problem,
            "widen or delete setups.tp_degrees and setups.mps_shares_pct",
        )
    return None


def _offers(
    table: ProfileTable, llms: Mapping[str, int], pools: Sequence[Pool]
) -> Iterator[tuple[ProfiledOption, int]]:
    for profiled in table.options:
        if profiled.llm in llms:
            for p, pool in enumerate(pools):
                if pool.gpu == profiled.gpu:
                    yield profiled, p


def _unwanted(profiled: ProfiledOption, spec: ScenarioSpec, pool: Pool) -> str:
    """Why the option may not be considered in the pool, its memory aside; "" when it may."""
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


def _lack(profiled: ProfiledOption, spec: ScenarioSpec) -> tuple[int, str] | None:
    """The first SLO that the option cannot be judged by, and what it lacks for it."""
    for i, slo in enumerate(build_slos(spec)):
        columns = needed_columns(slo)
        if not any(column in profiled.latency_ms for column in columns):
            names = [f"{metric}_{statistic}_ms" for metric, statistic in columns]
            lacking = (
                f"lacks the column {names[0]}"
                if len(names) == 1
                else f"lacks every one of {', '.join(names)}"
            )
            return i, f"{lacking} for slo.{i}"
    return None


def needed_columns(slo: Slo) -> tuple[Column, ...]:
    """Columns of which an option needs one to be judged: its own, or any percentile of the metric
    for a percentile over all requests.
    """
    if slo.statistic == "mean" or slo.scope == "each_llm":
        return ((slo.metric, slo.statistic),)
    return tuple((slo.metric, statistic) for statistic in STATISTICS[1:])


def build_slos(spec: ScenarioSpec) -> tuple[Slo, ...]:
    """SLOs of the scenario, limits in s."""
    return tuple(Slo(slo.metric, slo.statistic, slo.limit_ms / 1000, slo.scope) for slo in spec.slo)


def _memory(
    profiled: ProfiledOption,
    weights: Mapping[str, float | None],
    file: str,
    findings: InputFindings,
) -> float | None:
    """GiB of one shard: as profiled (the largest), else the weights alone; None when neither is
    known.
    """
    option = (
        f"{profiled.llm} on {profiled.gpu}, tp {profiled.tp_degree}, share"
        f" {profiled.mps_share_pct:g} %"
    )
    if profiled.memory_gib:
        if len(profiled.memory_gib) > 1:
            values = ", ".join(f"{value:g}" for value in profiled.memory_gib)
            add_once(
                findings.warnings,
                f"{file}: memory_gib_per_gpu of {option} differs between rows ({values}); the"
                " largest is taken",
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


def _curve(profiled: ProfiledOption) -> Curve:
    """Convert the curve to SI units."""
    latency = {
        column: np.asarray(values) / 1000.0 for column, values in profiled.latency_ms.items()
    }
    return Curve(profiled.rates, latency, profiled.provenance, profiled.source, profiled.tokens)


def _note_unused(
    scenario: Scenario,
    table: ProfileTable,
    kept: Sequence[Option],
    dropped: Sequence[Dropped],
    unsized: set[str],
    findings: InputFindings,
) -> None:
    """Notices of profiles that serve nothing and of LLMs and pools without an option; a fault where
    replicas are demanded.
    """
    spec = scenario.spec
    for what, known, there in (
        ("LLMs", [llm.name for llm in spec.llms], {option.llm for option in table.options}),
        ("GPUs", [pool.gpu for pool in spec.pools], {option.gpu for option in table.options}),
    ):
        if alien := sorted(there - set(known)):
            listed = ", ".join(
                (
                    f"{name} ({guess.strip()})"
                    if (guess := nearest(name, set(known) - there))
                    else name
                )
                for name in alien[:20]
            )
            more = f" and {len(alien) - 20} more" if len(alien) > 20 else ""
            findings.notices.append(
                f"{table.file}: ignored profiles of {what} that the scenario does not name:"
                f" {listed}{more}"
            )
    for i, llm in enumerate(spec.llms):
        if llm.name in unsized or any(option.llm == i for option in kept):
            continue
        why = (
            _reasons([drop for drop in dropped if drop.llm == llm.name])
            or f"no row of {table.file} is of {llm.name} on a GPU of the scenario"
        )
        if llm.min_replicas:
            problem = f"{llm.name} has no option, so no replica can be deployed ({why})"
            fix = "profile it, widen setups, or lower min_replicas to 0"
            findings.scenario.append(
                Fault(
                    str(scenario.path),
                    f"llms.{i}.min_replicas",
                    str(llm.min_replicas),
                    problem,
                    fix,
                )
            )
        else:
            findings.notices.append(f"{llm.name} has no option and cannot be deployed: {why}")
    for p, pool in enumerate(spec.pools):
        if not unsized and not any(option.pool == p for option in kept):
            why = (
                _reasons([drop for drop in dropped if drop.pool == pool.name])
                or f"no row of {table.file} is of {pool.gpu}"
            )
            findings.notices.append(f"the pool {pool.name} has no option and stays empty: {why}")


def _reasons(drops: Sequence[Dropped]) -> str:
    """Tell the reasons, each once with the number of its options, at most three."""
    counts = Counter(drop.reason for drop in drops)
    reasons = [
        f"{count} option{'s' if count > 1 else ''}: {reason}" for reason, count in counts.items()
    ]
    return "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if len(reasons) > 3 else "")
