"""What a report is made of: the plan's named tables and those beside them, as plain frames and
plain values for `reports`.

tables   those of planner.plans.tables, and
  assumptions   what was asked, one number a row: What, Value, Unit, Source, Name (by which formulas
                know
                    it), Path (of the scenario)
  pools         one row a pool, with the number of GPUs in use
  llms          LLMs in the scenario's order, with their replicas and their limits
  points        load points of the deployed options: LLM, Option, Rate, latencies, provenance
  ties          sets of LLMs that tie, the share of prompts concerned, and how they are split
  marginals     what one unit more or less of a limit is worth, where `plan --marginals` found it
  alternatives  other setups nearly as good, where `plan --near` found them
  conflict, repairs   of an infeasible plan
  sensitivity, frontier, spread, histogram, setups, baselines   where they were computed
  (planner.export.report_extras)
meta     words and numbers of the headline, SLOs, signs of the LLMs, where things come from
nearest  beside a conflict the same three of its best effort, else None; assumptions are then those
         after the change that makes it feasible
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from planner.plans.conflict_content import changed_instance
from planner.plans.labels import (
    latency_columns,
    latency_header,
    objective_unit,
    slo_label,
    slo_name,
)
from planner.plans.numbers import percent
from planner.plans.record import Plan, best_effort_change
from planner.plans.schema import PlanContent
from planner.plans.tables import plan_tables
from planner.presentation.alternatives import alternatives_lines, alternatives_table
from planner.presentation.formatting import format_exact, format_number
from planner.presentation.marginals import marginals_lines, marginals_table
from planner.presentation.plan.conflict import conflict_lines, repair_text
from planner.presentation.plan.considered_options import dropped_lines, filters_line
from planner.presentation.plan.gpu_map import llm_letters
from planner.presentation.plan.limits import binding_line
from planner.presentation.plan.provenance import provenance_lines
from planner.presentation.plan.shadow_prices import shadow_price_lines
from planner.presentation.plan.verdict import verdict_line
from planner.scenario.assemble import LoadResult
from planner.scenario.load import Scenario
from planner.solution import Repair
from profiles.catalogue import load_gpus

__all__ = ["HOURS_PER_MONTH", "option_words", "report_of"]

HOURS_PER_MONTH = 730
"""8,760 h of a year / 12."""


def report_of(
    plan: Plan,
    loaded: LoadResult,
    extras: Mapping[str, pd.DataFrame] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Gather tables, meta and nearest. plan: of `loaded`, or the best effort beside its conflict.

    extras: tables that were computed beside the plan; notes: sentences on them for the log.
    """
    content, nearest = plan.content, plan.best_effort
    frames = {
        **plan_tables(plan.content),
        "assumptions": _assumptions(content, loaded),
        "pools": _pools(content),
        "llms": _llms(content, loaded),
        "points": _points(content, loaded),
        "ties": _ties(content),
        "marginals": marginals_table(content),
        "alternatives": alternatives_table(content),
        **_conflict(plan),
        **(extras or {}),
    }
    return {
        "tables": frames,
        "meta": _meta(plan, loaded, notes),
        "nearest": nearest and report_of(nearest, loaded),
    }


def option_words(content: PlanContent, option: Mapping[str, Any]) -> str:
    """How an option is run, e.g. `tp2 30 %`; the pool is named where there are several."""
    several = len(content["context"]["pools"]) > 1
    return f"tp{option['tp_degree']} {option['mps_share_pct']:g} %" + (
        f" on {option['pool']}" if several else ""
    )


def _meta(plan: Plan, loaded: LoadResult, notes: Sequence[str]) -> dict[str, Any]:
    """Words and numbers beside the tables."""
    content, instance = plan.content, loaded.instance
    ties = content["router"]["ties"]
    return {
        "scenario": content["scenario"],
        "asked": _asked(content, instance.quality_floor),
        "best_effort": _best_effort(content),
        "status": content["status"],
        "verdict": verdict_line(content),
        "objective": {**content["objective"], "unit": objective_unit(content)},
        "quality": content["quality"],
        "cost_usd_per_h": content["cost_usd_per_h"],
        "gpus_used": content["gpus_used"],
        "gpus_total": content["gpus_total"],
        "verified": content["checks"]["verified"],
        "llms": [llm.name for llm in instance.llms],
        "signs": llm_letters(llm.name for llm in instance.llms),
        "options": [option_words(content, option) for option in content["options"]],
        "slos": [
            {
                **slo,
                "name": slo_name(slo),
                "header": latency_header(f"{slo['metric']}_{slo['statistic']}"),
            }
            for slo in content["slo"]
        ],
        "latencies": [latency_header(column) for column in latency_columns(content)],
        "arrival_rate_rps": content["context"]["arrival_rate_rps"],
        "prompts": content["context"]["prompts"],
        "hours_per_month": HOURS_PER_MONTH,
        "binding": binding_line(content) if content["options"] else "",
        "worth": shadow_price_lines(content),
        "marginals": marginals_lines(content),
        "alternatives": alternatives_lines(content),
        "provenance": provenance_lines(content) if content["options"] else [],
        "router": (
            "Each prompt goes to the LLM with the highest score minus dual price. "
            + (
                f"{format_number(100.0 * sum(t['share'] for t in ties), 2)} % of the prompts tie."
                if ties
                else "No prompt ties."
            )
        ),
        "filters": filters_line(content),
        "dropped": dropped_lines(content),
        "effort_notes": list(content["context"]["effort_notes"]),
        "sha256": content["scenario_sha256"],
        "version": content["planner_version"],
        "scenario_path": content["scenario_path"],
        "overrides": {key: str(value) for key, value in content["overrides"].items()},
        "notes": list(notes),
        "created": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
    }


def _asked(content: PlanContent, floor: float | None) -> str:
    """Objective, demand, GPUs and limits in a sentence.

    floor: quality that is asked for at least, of a cost.
    """
    pools = [
        f"{pool['nodes']} x {pool['gpus_per_node']} {pool['gpu']} (pool {pool['name']})"
        for pool in content["context"]["pools"]
    ]
    limits = [] if floor is None else [f"quality at least {format_exact(floor)}"]
    limits += [
        f"{slo_name(slo)} at most {format_exact(slo['limit_ms'])} ms" for slo in content["slo"]
    ]
    best = "lowest cost" if content["objective"]["of"] == "cost" else "best quality"
    demand = f"{format_exact(content['context']['arrival_rate_rps'])} req/s on {', '.join(pools)}"
    return f"{content['scenario']}: {best} for {demand}" + (
        f", with {' and '.join(limits)}" if limits else ""
    )


def _best_effort(content: PlanContent) -> str:
    """The change after which a best effort is a plan; "" for a plan of what was asked."""
    change = best_effort_change(content)
    return (
        f"Best effort, not what was asked. It takes one change: {repair_text(content, change)}"
        if change
        else ""
    )


# ---------------------------------------------------------------- what was asked


def _assumptions(content: PlanContent, loaded: LoadResult) -> pd.DataFrame:
    """Numbers of the scenario with the place each comes from; names count pools, SLOs and LLMs from
    1 and hold nothing of the user's.

    Path: the dotted path of the scenario, "" for what the scenario does not have, and for the
    number that a best effort changes.
    """
    scenario, instance = loaded.scenario, loaded.instance
    spec, floor = scenario.spec, loaded.instance.quality_floor
    rows = [
        _Row(
            "Arrival rate",
            float(instance.arrival_rate),
            "req/s",
            "arrival_rate_rps",
            "arrival_rate_rps",
        )
    ]
    rows.append(
        _Row(
            "Hours per month",
            HOURS_PER_MONTH,
            "h",
            "",
            "hours_per_month",
            "this report: 8,760 h a year / 12",
        )
    )
    for i in range(len(spec.pools)):
        rows += _pool_rows(loaded, i)
    headroom = "" if "memory_headroom_pct" in spec.setups.model_fields_set else "default"
    value = percent(instance.memory_headroom)
    rows.append(
        _Row(
            "Memory of each GPU kept free",
            value,
            "%",
            "setups.memory_headroom_pct",
            "memory_headroom_pct",
            headroom,
        )
    )
    for j, slo in enumerate(spec.slo):
        what = f"SLO {j + 1}: {slo_label(slo.metric, slo.statistic, slo.scope)}"
        rows.append(_Row(what, slo.limit_ms, "ms", f"slo.{j}.limit_ms", f"slo_{j + 1}_limit_ms"))
    if floor is not None:
        rows.append(
            _Row(
                "Quality at least",
                floor,
                "mean score",
                "objective.quality_at_least",
                "quality_at_least",
            )
        )
    for i, llm in enumerate(spec.llms):
        for words, key, replicas in (
            ("least", "min_replicas", llm.min_replicas or None),
            ("most", "max_replicas", llm.max_replicas),
        ):
            if replicas is not None:
                rows.append(
                    _Row(
                        f"{llm.name}: replicas at {words}",
                        replicas,
                        "replicas",
                        f"llms.{i}.{key}",
                        f"llm_{i + 1}_{key}",
                    )
                )
    gap = "" if "rel_gap" in spec.solver.model_fields_set else "default"
    rows.append(
        _Row(
            "Gap asked for",
            100.0 * spec.solver.rel_gap,
            "%",
            "solver.rel_gap",
            "gap_asked_pct",
            gap,
        )
    )
    change = best_effort_change(content)
    if change:
        source = f"best effort: {format_exact(change['from'])} was asked"
        rows = [
            (
                replace(r, value=change["to"], path="", otherwise=source)
                if r.path == change["change"]
                else r
            )
            for r in rows
        ]
    told = [
        (r.what, r.value, r.unit, _source(scenario, r.path, r.otherwise), r.name, r.path)
        for r in rows
    ]
    return pd.DataFrame(
        told, columns=["What", "Value", "Unit", "Source", "Name", "Path"], dtype=object
    )


@dataclass(frozen=True)
class _Row:
    """One assumption.

    otherwise: where it comes from when the scenario does not state it, "" when it does.
    """

    what: str
    value: Any
    unit: str
    path: str
    name: str
    otherwise: str = ""


def _pool_rows(loaded: LoadResult, i: int) -> list[_Row]:
    """Nodes, GPUs, memory and price of one pool."""
    pool, known = loaded.scenario.spec.pools[i], loaded.instance.pools[i]
    what, path, name, gpu = (
        f"Pool {pool.name}",
        f"pools.{i}",
        f"pool_{i + 1}",
        load_gpus().get(pool.gpu),
    )
    priced = (
        f"catalogue: {gpu.price_source}, {gpu.price_date}"
        if gpu and gpu.price_source
        else "not known"
    )
    memory = "" if pool.memory_gib is not None else "catalogue"
    price = "" if pool.price_usd_per_gpu_h is not None else priced
    key = "price_usd_per_gpu_h"
    return [
        _Row(f"{what}: nodes", pool.nodes, "nodes", f"{path}.nodes", f"{name}_nodes"),
        _Row(
            f"{what}: GPUs per node",
            pool.gpus_per_node,
            "GPUs",
            f"{path}.gpus_per_node",
            f"{name}_gpus_per_node",
        ),
        _Row(
            f"{what}: memory of one {pool.gpu}",
            float(known.memory),
            "GiB",
            f"{path}.memory_gib",
            f"{name}_memory_gib",
            memory,
        ),
        _Row(
            f"{what}: price of one {pool.gpu}",
            known.price,
            "USD per GPU and h",
            f"{path}.{key}",
            f"{name}_{key}",
            price,
        ),
    ]


def _source(scenario: Scenario, path: str, otherwise: str) -> str:
    """Where a number stands: what overrode it, else the scenario's file, else `otherwise`."""
    for key in scenario.overrides:
        if path == key or path.startswith(f"{key}."):
            return f"--set {key}"
    return otherwise or f"{scenario.path.name}: {path}"


# ---------------------------------------------------------------- what is deployed


def _pools(content: PlanContent) -> pd.DataFrame:
    """One row a pool."""
    seats = {(p["pool"], p["node"], p["gpu"]) for p in content["placement"]}
    rows = [
        (
            *(
                p["name"],
                p["gpu"],
                p["nodes"],
                p["gpus_per_node"],
                sum(seat[0] == p["name"] for seat in seats),
            ),
            *(p["memory_gib"], p["price_usd_per_gpu_h"]),
        )
        for p in content["context"]["pools"]
    ]
    heads = [
        "Pool",
        "GPU",
        "Nodes",
        "GPUs per node",
        "GPUs used",
        "Memory (GiB per GPU)",
        "Price (USD per GPU and h)",
    ]
    return pd.DataFrame(rows, columns=heads, dtype=object)


def _llms(content: PlanContent, loaded: LoadResult) -> pd.DataFrame:
    """One row an LLM, whether deployed or not."""
    change, instance = best_effort_change(content), loaded.instance
    if change:
        instance = changed_instance(
            instance, Repair(change["change"], change["from"], change["to"])
        )
    replicas = {llm.name: 0 for llm in instance.llms}
    for option in content["options"]:
        replicas[option["llm"]] += option["replicas"]
    rows = [
        (llm.name, replicas[llm.name], llm.min_replicas, llm.max_replicas) for llm in instance.llms
    ]
    return pd.DataFrame(rows, columns=["LLM", "Replicas", "At least", "At most"], dtype=object)


def _points(content: PlanContent, loaded: LoadResult) -> pd.DataFrame:
    """Load points of the deployed options in the order of the setup; latencies in ms, blank where
    an option lacks the column.
    """
    instance, columns = loaded.instance, latency_columns(content)
    known = {
        (
            instance.llms[o.llm].name,
            instance.pools[o.pool].name,
            o.tp_degree,
            percent(o.mps_share),
        ): o.curve
        for o in instance.options
    }
    rows = []
    for option in content["options"]:
        curve = known[option["llm"], option["pool"], option["tp_degree"], option["mps_share_pct"]]
        latencies = [
            curve.latency.get((metric, statistic))
            for metric, statistic in (column.split("_") for column in columns)
        ]
        for k, rate in enumerate(curve.rates):
            told = [None if values is None else 1000.0 * float(values[k]) for values in latencies]
            rows.append(
                (
                    option["llm"],
                    option_words(content, option),
                    float(rate),
                    *told,
                    curve.provenance[k],
                )
            )
    heads = [
        "LLM",
        "Option",
        "Rate of one replica (req/s)",
        *map(latency_header, columns),
        "Provenance",
    ]
    return pd.DataFrame(rows, columns=heads, dtype=object)


def _ties(content: PlanContent) -> pd.DataFrame:
    """Sets of LLMs that tie, and how their prompts are split."""
    rows = [
        (
            " = ".join(tie["llms"]),
            100.0 * tie["share"],
            ", ".join(f"{100.0 * part:.2f} %" for part in tie["split"]),
        )
        for tie in content["router"]["ties"]
    ]
    return pd.DataFrame(
        rows, columns=["LLMs that tie", "Share of the prompts (%)", "Split"], dtype=object
    )


def _conflict(plan: Plan) -> dict[str, pd.DataFrame]:
    """Why nothing fits and what would mend it; nothing for a plan."""
    if plan.status != "infeasible":
        return {}
    limits, repairs = conflict_lines(plan.content)
    return {
        "conflict": pd.DataFrame({"These limits cannot hold together": limits}, dtype=object),
        "repairs": pd.DataFrame(
            repairs,
            columns=["Any one of these changes makes it feasible", "As --set"],
            dtype=object,
        ),
    }
