"""The assumptions of a report: numbers of the scenario, one per row, each with the place it comes
from.

What, Value, Unit, Source
Name    by which formulas know it; names count pools, SLOs and LLMs from 1 and hold nothing of the
        user's
Path    dotted path of the scenario, "" for what the scenario does not have, and for the number that
        a best effort changes
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from planner.export.report_meta import HOURS_PER_MONTH
from planner.export.request_tokens import mean_request_tokens
from planner.plans.labels import slo_label
from planner.plans.numbers import percent
from planner.plans.record import best_effort_change
from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_exact
from planner.scenario.assemble import LoadResult
from planner.scenario.load import Scenario
from profiles.catalogue import load_catalogue_gpus

__all__ = ["KEPT_FREE", "assumptions_table", "fixed_assumptions"]

DEFAULT = "default"
KEPT_FREE = {
    "rate_pct": "requests planned for above all rates",
    "slo_pct": "kept free of every SLO limit",
    "utilization_pct": "kept free of the highest rate of every curve",
}
"""Key of a headroom -> what it is, in words."""


@dataclass(frozen=True, kw_only=True)
class _Assumption:
    """One row.

    otherwise: where it comes from when the scenario does not state it, "" when it does.
    """

    what: str
    value: Any
    unit: str
    path: str
    name: str
    otherwise: str = ""


def assumptions_table(content: PlanContent, loaded: LoadResult) -> pd.DataFrame:
    """Every number that a plan of `loaded` rests on; for a best effort, after its change."""
    rows = [
        _Assumption(
            what="Arrival rate",
            value=float(loaded.instance.arrival_rate),
            unit="req/s",
            path="arrival_rate_rps",
            name="arrival_rate_rps",
        ),
        _Assumption(
            what="Headroom: requests planned for above the arrival rate",
            value=percent(loaded.instance.headroom.rate),
            unit="%",
            path="headroom.rate_pct",
            name="headroom_rate_pct",
            otherwise=_stated(loaded.scenario.spec.headroom, "rate_pct"),
        ),
        *_kept_free_assumptions(loaded),
        _Assumption(
            what="Hours per month",
            value=HOURS_PER_MONTH,
            unit="h",
            path="",
            name="hours_per_month",
            otherwise="this report: 8,760 h a year / 12",
        ),
    ]
    rows += [*_token_assumptions(content, loaded), *_fixed_rows(loaded)]
    change = best_effort_change(content)
    if change:
        source = f"best effort: {format_exact(change['from'])} in the scenario"
        rows = [
            replace(row, value=change["to"], path="", otherwise=source)
            if row.path == change["change"]
            else row
            for row in rows
        ]
    return _assumptions_frame(loaded.scenario, rows)


def fixed_assumptions(loaded: LoadResult) -> pd.DataFrame:
    """Those that do not depend on the demand: pools, SLOs at the top, limits, the gap."""
    return _assumptions_frame(loaded.scenario, _fixed_rows(loaded))


def _fixed_rows(loaded: LoadResult) -> list[_Assumption]:
    rows: list[_Assumption] = []
    for i in range(len(loaded.scenario.spec.pools)):
        rows += _pool_assumptions(loaded, i)
    return [
        *rows,
        *_limit_assumptions(loaded),
        *_replica_limit_assumptions(loaded),
        _gap_assumption(loaded),
    ]


def _assumptions_frame(scenario: Scenario, rows: Sequence[_Assumption]) -> pd.DataFrame:
    cells = [
        (row.what, row.value, row.unit, _assumption_source(scenario, row), row.name, row.path)
        for row in rows
    ]
    heads = ["What", "Value", "Unit", "Source", "Name", "Path"]
    return pd.DataFrame(cells, columns=heads, dtype=object)


def _kept_free_assumptions(loaded: LoadResult) -> list[_Assumption]:
    """Headroom that no formula follows, where there is any: it decides the setup, and the sheet
    Checks compares latencies with whole limits.
    """
    free = loaded.instance.headroom
    return [
        _Assumption(
            what=f"Headroom: {words}",
            value=percent(part),
            unit="%",
            path=f"headroom.{key}",
            name="",
        )
        for key, part, words in (
            ("slo_pct", free.slo, f"{KEPT_FREE['slo_pct']}; Checks take whole limits"),
            ("utilization_pct", free.utilization, KEPT_FREE["utilization_pct"]),
        )
        if part
    ]


def _pool_assumptions(loaded: LoadResult, i: int) -> list[_Assumption]:
    """Nodes, GPUs, memory and price of one pool."""
    pool, used = loaded.scenario.spec.pools[i], loaded.instance.pools[i]
    what, path, name = f"Pool {pool.name}", f"pools.{i}", f"pool_{i + 1}"
    gpu = load_catalogue_gpus().get(pool.gpu)
    priced = "not known"
    if gpu and gpu.price_source:
        priced = f"catalogue: {gpu.price_source}, {gpu.price_date}"
    numbers = (
        ("nodes", used.nodes, "nodes", "nodes", ""),
        ("GPUs per node", pool.gpus_per_node, "GPUs", "gpus_per_node", ""),
        (
            f"memory of one {pool.gpu}",
            float(used.memory),
            "GiB",
            "memory_gib",
            "" if pool.memory_gib is not None else "catalogue",
        ),
        (
            f"price of one {pool.gpu}",
            used.price,
            "USD per GPU and h",
            "price_usd_per_gpu_h",
            "" if pool.price_by_hour is not None else priced,
        ),
    )
    return [
        _Assumption(
            what=f"{what}: {words}",
            value=value,
            unit=unit,
            path=f"{path}.{key}",
            name=f"{name}_{key}",
            otherwise=otherwise,
        )
        for words, value, unit, key, otherwise in numbers
    ]


def _token_assumptions(content: PlanContent, loaded: LoadResult) -> list[_Assumption]:
    """Tokens of a request, where the curves of the setup state them."""
    tokens = mean_request_tokens(content["options"], loaded.instance)
    if tokens is None:
        return []
    return [
        _Assumption(
            what=f"Tokens of a request: {tokens[0]:,.0f} input + {tokens[1]:,.0f} output",
            value=sum(tokens),
            unit="tokens",
            path="",
            name="tokens_per_request",
            otherwise="profile table: means of the curves, by rate",
        )
    ]


def _limit_assumptions(loaded: LoadResult) -> list[_Assumption]:
    """Memory kept free, SLO limits, the required quality."""
    spec, floor = loaded.scenario.spec, loaded.instance.quality_floor
    rows = [
        _Assumption(
            what="Memory of each GPU kept free",
            value=percent(loaded.instance.memory_headroom),
            unit="%",
            path="setups.memory_headroom_pct",
            name="memory_headroom_pct",
            otherwise=_stated(spec.setups, "memory_headroom_pct"),
        )
    ]
    rows += [
        _Assumption(
            what=f"SLO {j + 1}: {slo_label(slo.metric, slo.statistic, slo.scope)}",
            value=slo.limit_ms,
            unit="ms",
            path=f"slo.{j}.limit_ms",
            name=f"slo_{j + 1}_limit_ms",
        )
        for j, slo in enumerate(spec.slo)
    ]
    if floor is not None:
        rows.append(
            _Assumption(
                what="Quality at least",
                value=floor,
                unit="mean score",
                path="objective.quality_at_least",
                name="quality_at_least",
            )
        )
    return rows


def _replica_limit_assumptions(loaded: LoadResult) -> list[_Assumption]:
    """Limits on the replicas of each LLM, where there are any."""
    rows = []
    for i, llm in enumerate(loaded.scenario.spec.llms):
        limits = (("least", "min_replicas", llm.min_replicas or None),)
        for words, key, replicas in (*limits, ("most", "max_replicas", llm.max_replicas)):
            if replicas is not None:
                rows.append(
                    _Assumption(
                        what=f"{llm.name}: replicas at {words}",
                        value=replicas,
                        unit="replicas",
                        path=f"llms.{i}.{key}",
                        name=f"llm_{i + 1}_{key}",
                    )
                )
    return rows


def _gap_assumption(loaded: LoadResult) -> _Assumption:
    solver = loaded.scenario.spec.solver
    return _Assumption(
        what="Gap at which the search may stop",
        value=100.0 * solver.rel_gap,
        unit="%",
        path="solver.rel_gap",
        name="gap_target_pct",
        otherwise=_stated(solver, "rel_gap"),
    )


def _stated(part: Any, key: str) -> str:
    """Nothing for what the scenario states, else that it is the default."""
    return "" if key in part.model_fields_set else DEFAULT


def _assumption_source(scenario: Scenario, row: _Assumption) -> str:
    """Where a number comes from: what overrode it, else the scenario's file, else `otherwise`."""
    for key in scenario.overrides:
        if row.path == key or row.path.startswith(f"{key}."):
            return f"--set {key}"
    return row.otherwise or f"{scenario.path.name}: {row.path}"
