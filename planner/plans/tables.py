"""The plan as named tables with units in their headers; console, workbook and page all show these.

summary        what, value, unit: the headline and its parts
slo            limit and achievement of every SLO
setup          every deployed option with rate, utilisation, latencies, memory, provenance
routing        fraction, rate and dual price of every LLM
gpu_map        one row per shard: pool, node, GPU
shadow_prices  what one more buys
dropped        options that were left out, with the reason
notices        what the reader should know
effort         seconds and counts of the search

All are made from the content of plan.json alone and are there (possibly without rows) for every
status.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from planner.plans.headroom_content import headroom_rate_rps
from planner.plans.labels import latency_column_labels, latency_header, objective_unit, slo_name
from planner.plans.option_index import (
    any_mig_option,
    option_compute_pct,
    option_key,
    with_option_profiles,
)
from planner.plans.schema import OptionContent, PlanContent, PoolContent, SloContent
from profiles.mig_geometry import mig_geometry

__all__ = [
    "SIMULATED",
    "dropped_options_table",
    "effort_table",
    "plan_tables",
    "utilisation_pct_in_tables",
    "with_mig_slots",
]


PHASES = {
    "load": "reading the scenario and its tables",
    "curves": "curves as budgets",
    "relax": "root relaxation",
    "build": "building programs",
    "milp": "integer programs",
    "highs": "HiGHS, in all of these",
    "cuts": "quality cuts",
    "placement": "placing replicas on GPUs",
    "routing": "exact routing of found setups",
    "polish": "exact routing of found setups",
    "plunge": "plunging",
    "neighbourhood": "near the best plan",
    "tree": "branch and cut",
    "refine": "refining curves",
    "leanest": "fewest GPUs",
    "ties": "ties",
    "master": "master programs",
    "price": "programs of the cases on found setups",
    "route": "exact routing of found setups",
    "arms": "bounds of found setups by arms",
}
"""Phase of the search -> words; "polish" and "leanest" are of plans of 0.1.0."""


SIMULATED = ("Simulated from (ms)", "Simulated to (ms)")
"""Headers of the ends of an SLO's simulated interval."""


def plan_tables(content: PlanContent, *names: str) -> dict[str, pd.DataFrame]:
    """Make the named tables, or all of them in the order of the module's docstring."""
    makers: dict[str, Callable[[PlanContent], pd.DataFrame]] = {
        "summary": _summary_table,
        "slo": _slo_table,
        "setup": _setup_table,
        "routing": _routing_table,
        "gpu_map": _gpu_map_table,
        "shadow_prices": _shadow_prices_table,
        "dropped": dropped_options_table,
        "notices": _notices_table,
        "effort": effort_table,
    }
    return {name: makers[name](content) for name in names or makers}


def _frame(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Put rows under headers; missing numbers stay None."""
    return pd.DataFrame(list(rows), columns=list(columns), dtype=object).infer_objects()


def _notices_table(content: PlanContent) -> pd.DataFrame:
    return pd.DataFrame({"Notice": list(content["context"]["notices"])}, dtype=object)


def _summary_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate the headline: status, objective found and best possible, gap, quality, cost, GPUs,
    demand.
    """
    objective, context = content["objective"], content["context"]
    gap, unit, total = objective["rel_gap"], objective_unit(content), content["gpus_total"]
    busy = sum(o["replicas"] * o["tp_degree"] * option_compute_pct(o) for o in content["options"])
    rows: list[tuple[str, Any, str]] = [
        ("Scenario", content["scenario"], ""),
        ("Status", content["status"], ""),
        (f"{objective['of'].capitalize()} found", objective["value"], unit),
        (f"{objective['of'].capitalize()} best possible", objective["bound"], unit),
        ("Gap", None if gap is None else 100.0 * gap, "%"),
        ("Quality", content["quality"], "mean score"),
        ("Cost", content["cost_usd_per_h"], "USD/h"),
        ("GPUs used", content["gpus_used"], "GPUs"),
        ("GPUs in all", total, "GPUs"),
        ("Allocated compute", busy / total if content["options"] else None, "% of all GPUs"),
        ("Arrival rate", context["arrival_rate_rps"], "req/s"),
        ("Prompts", context["prompts"], "prompts"),
        ("Time of the search", content["solver"]["wall_s"], "s"),
        ("Verified", content["checks"]["verified"], ""),
    ]
    if context["quality_at_least"] is not None:
        rows.insert(6, ("Quality at least", context["quality_at_least"], "mean score"))
    return _frame(rows, ["What", "Value", "Unit"])


def _slo_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate limit, achievement and what is left of the limit of every SLO, and the
    interval that was simulated of those near their limits, where any was.
    """
    rows = [
        (
            slo_name(s),
            s["scope"],
            s["limit_ms"],
            s["achieved_ms"],
            _below_limit_pct_in_tables(s),
            s["binding"],
            price,
        )
        for s, price in zip(content["slo"], content["shadow_prices"]["slo"], strict=True)
    ]
    value = f"Value of +1 ms ({objective_unit(content)})"
    frame = _frame(
        rows,
        ["SLO", "Scope", "Limit (ms)", "Achieved (ms)", "Below the limit (%)", "Binding", value],
    )
    simulated = content["context"].get("simulated", {}).get("slo", [])
    for at, header, key in ((4, SIMULATED[0], "low_ms"), (5, SIMULATED[1], "high_ms")):
        if any(simulated):
            ends = [None if one is None else one.get(key) for one in simulated]
            frame.insert(at, header, pd.Series(ends, dtype=object).infer_objects())
    return frame


def _below_limit_pct_in_tables(slo: SloContent) -> float | None:
    """Give the per cent of the limit that is left; 0 within the tolerance of the solver, never
    -0.
    """
    if slo["achieved_ms"] is None:
        return None
    return round(100.0 * (1.0 - slo["achieved_ms"] / slo["limit_ms"]), 3) + 0.0


def utilisation_pct_in_tables(option: OptionContent) -> float:
    """Give the rate per replica in per cent of the highest profiled rate; 100 for an option that
    was profiled at rate 0 alone.
    """
    highest = option["max_rate_per_replica_rps"]
    return 100.0 * option["rate_per_replica_rps"] / highest if highest > 0.0 else 100.0


def _setup_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate one row per deployed option; utilisation = rate per replica / highest profiled
    rate.
    """
    columns = latency_column_labels(content)
    rows = [
        (
            *(
                o["llm"],
                o["pool"],
                o["gpu"],
                o["tp_degree"],
                option_compute_pct(o),
                o["replicas"],
                o["rate_rps"],
                o["rate_per_replica_rps"],
            ),
            *(o["max_rate_per_replica_rps"], utilisation_pct_in_tables(o)),
            *(o["latency_ms"].get(column) for column in columns),
            *(o["memory_gib_per_gpu"], o["provenance"]),
        )
        for o in content["options"]
    ]
    heads = [
        "LLM",
        "Pool",
        "GPU",
        "TP degree (GPUs)",
        "MPS share (%)",
        "Replicas",
        "Rate (req/s)",
        "Rate per replica (req/s)",
    ]
    heads += [
        "Highest rate per replica (req/s)",
        "Utilisation (%)",
        *map(latency_header, columns),
        "Memory (GiB per GPU)",
        "Provenance",
    ]
    return with_option_profiles(_frame(rows, heads), content["options"])


def _routing_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate fraction, rate (with the headroom) and dual price of every LLM."""
    rate = headroom_rate_rps(content)
    rows = [
        (llm, 100.0 * f, rate * f, content["dual_prices"][llm])
        for llm, f in content["routing"].items()
    ]
    return _frame(rows, ["LLM", "Fraction (%)", "Rate (req/s)", "Dual price (score)"])


def _gpu_map_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate one row per shard; memory as the option's."""
    memory = {option_key(o): o["memory_gib_per_gpu"] for o in content["options"]}
    rows = [
        (
            p["pool"],
            p["node"],
            p["gpu"],
            p["llm"],
            p["tp_degree"],
            option_compute_pct(p),
            memory[option_key(p)],
            p["replica"],
            p["shard"],
        )
        for p in content["placement"]
    ]
    heads = ["Pool", "Node", "GPU", "LLM", "TP degree (GPUs)", "MPS share (%)", "Memory (GiB)"]
    return with_mig_slots(
        _frame(rows, [*heads, "Replica", "Shard"]),
        content["placement"],
        content["context"]["pools"],
    )


def with_mig_slots(
    frame: pd.DataFrame, shards: Sequence[Mapping[str, Any]], pools: Sequence[PoolContent]
) -> pd.DataFrame:
    """The table with the profile and the memory slices, such as `4-7`, of every instance, where
    there are some. shards: of plan.json, one a row, with the profile of their option.
    """
    if not any_mig_option(shards):
        return frame
    gpus = {pool["name"]: pool["gpu"] for pool in pools}
    slots = []
    for shard in shards:
        known = mig_geometry(gpus[shard["pool"]]).get(shard.get("mig_profile", ""))
        start = shard.get("mig_start", 0)
        slots.append("" if known is None else f"{start}-{start + known.size - 1}")
    frame["MIG profile"] = [shard.get("mig_profile", "") for shard in shards]
    frame["Memory slices"] = slots
    return frame


def _shadow_prices_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate the change of the objective for one more of each limit; an empty price has its
    reason among the notes.
    """
    prices = content["shadow_prices"]
    rows: list[tuple[str, Any, str]] = [("Arrival rate", prices["arrival_rate_rps"], "+1 req/s")]
    rows += [
        (slo_name(slo), price, "+1 ms")
        for slo, price in zip(content["slo"], prices["slo"], strict=True)
    ]
    rows += [(f"Pool {pool}", price, "+1 node") for pool, price in prices["pools"].items()]
    return _frame(
        rows,
        ["Limit", f"Change of {content['objective']['of']} ({objective_unit(content)})", "For"],
    )


def dropped_options_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate options considered and left out."""
    rows = [
        (d["llm"], d["pool"], d["tp_degree"], option_compute_pct(d), d["reason"])
        for d in content["context"]["dropped"]
    ]
    frame = _frame(rows, ["LLM", "Pool", "TP degree (GPUs)", "MPS share (%)", "Reason"])
    return with_option_profiles(frame, content["context"]["dropped"])


def effort_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate seconds by phase and the counts of the search."""
    solver = content["solver"]
    rows: list[tuple[str, Any, str]] = [
        (f"Time: {PHASES.get(phase, phase)}", seconds, "s")
        for phase, seconds in content["context"]["seconds"].items()
    ]
    rows += [
        ("Time of the search", solver["wall_s"], "s"),
        ("MILP solves", solver["milp_solves"], "solves"),
        ("Quality cuts", solver["quality_cuts"], "cuts"),
        ("Branch-and-bound nodes", solver["nodes"], "nodes"),
        ("Termination", solver["termination"], ""),
        ("Solver", f"{solver['name']} {solver['version']}".strip(), ""),
    ]
    return _frame(rows, ["What", "Value", "Unit"])
