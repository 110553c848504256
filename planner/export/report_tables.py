"""Tables of a report in addition to those of the plan: pools, LLMs, load points, ties, conflict.

pools      one row per pool, with the number of GPUs in use
llms       LLMs in the scenario's order, with their replicas and their limits
points     load points of the deployed options: LLM, option, rate, latencies, provenance
ties       sets of LLMs that tie, the share of prompts concerned, and how they are split
conflict, repairs   of an infeasible plan
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from planner.plans.conflict_content import instance_without_conflict
from planner.plans.labels import latency_column_labels, latency_header
from planner.plans.option_index import option_key, option_slice_of, option_slice_words
from planner.plans.record import Plan, best_effort_change
from planner.plans.schema import OptionContent, PlanContent, PoolContent
from planner.presentation.plan.conflict import conflict_lines
from planner.scenario.assemble import LoadResult
from planner.solution import Repair

__all__ = [
    "report_conflict_tables",
    "report_llms_table",
    "report_option_text",
    "report_points_table",
    "report_pool_payment",
    "report_pools_table",
    "report_ties_table",
]


def report_option_text(content: PlanContent, option: OptionContent) -> str:
    """How an option is run, e.g. `tp2 30 %`; the pool is named where there are several."""
    several = len(content["context"]["pools"]) > 1
    pool = f" on {option['pool']}" if several else ""
    return f"tp{option['tp_degree']} {option_slice_words(option)}{pool}"


def report_pools_table(content: PlanContent) -> pd.DataFrame:
    """One row per pool."""
    used = {(shard["pool"], shard["node"], shard["gpu"]) for shard in content["placement"]}
    pools = content["context"]["pools"]
    rows = [
        {
            "Pool": pool["name"],
            "GPU": pool["gpu"],
            "Nodes": pool["nodes"],
            "GPUs per node": pool["gpus_per_node"],
            "GPUs used": sum(name == pool["name"] for name, _, _ in used),
            "Memory (GiB per GPU)": pool["memory_gib"],
            "Price (USD per GPU and h)": pool["price_usd_per_gpu_h"],
            **report_pool_payment(pool, pools),
        }
        for pool in pools
    ]
    return pd.DataFrame(rows, dtype=object)


def report_pool_payment(pool: PoolContent, pools: Sequence[PoolContent]) -> dict[str, object]:
    """How a pool is paid, where any of all pools is not only rented."""
    if not any(kind in one for one in pools for kind in ("owned", "reserved", "nodes_at_most")):
        return {}
    reserved = pool.get("reserved")
    bought = "nodes_at_most" in pool
    return {
        "Paid as": "bought" if bought else "owned" if "owned" in pool else "rented",
        "GPUs reserved": 0 if reserved is None else reserved["nodes"] * pool["gpus_per_node"],
        "Price of those (USD per GPU and h)": (
            0.0 if reserved is None else reserved["price_usd_per_gpu_h"]
        ),
    }


def report_llms_table(content: PlanContent, loaded: LoadResult) -> pd.DataFrame:
    """One row per LLM, whether deployed or not; limits after the change of a best effort."""
    change, instance = best_effort_change(content), loaded.instance
    if change:
        repair = Repair(change["change"], change["from"], change["to"])
        instance = instance_without_conflict(instance, repair)
    replicas = {llm.name: 0 for llm in instance.llms}
    for option in content["options"]:
        replicas[option["llm"]] += option["replicas"]
    rows = [
        (llm.name, replicas[llm.name], llm.min_replicas, llm.max_replicas) for llm in instance.llms
    ]
    return pd.DataFrame(rows, columns=["LLM", "Replicas", "At least", "At most"], dtype=object)


def report_points_table(content: PlanContent, loaded: LoadResult) -> pd.DataFrame:
    """Load points of the deployed options in the order of the setup; latencies in ms, blank where
    an option lacks the column.
    """
    instance, columns = loaded.instance, latency_column_labels(content)
    curves = {
        (
            instance.llms[option.llm].name,
            instance.pools[option.pool].name,
            option.tp_degree,
            option_slice_of(option),
        ): option.curve
        for option in instance.options
    }
    rows: list[tuple[Any, ...]] = []
    for option in content["options"]:
        curve = curves[option_key(option)]
        latencies = [
            curve.latency.get((metric, statistic))
            for metric, statistic in (column.split("_") for column in columns)
        ]
        for k, rate in enumerate(curve.rates):
            cells = [None if values is None else 1000.0 * float(values[k]) for values in latencies]
            words = report_option_text(content, option)
            rows.append((option["llm"], words, float(rate), *cells, curve.provenance[k]))
    heads = ["LLM", "Option", "Rate of one replica (req/s)", *map(latency_header, columns)]
    return pd.DataFrame(rows, columns=[*heads, "Provenance"], dtype=object)


def report_ties_table(content: PlanContent) -> pd.DataFrame:
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


def report_conflict_tables(plan: Plan) -> dict[str, pd.DataFrame]:
    """Why nothing fits and what makes it feasible; nothing for a plan."""
    if plan.status != "infeasible":
        return {}
    limits, repairs = conflict_lines(plan.content)
    heads = ["Any one of these changes makes it feasible", "As --set"]
    return {
        "conflict": pd.DataFrame({"These limits cannot hold together": limits}, dtype=object),
        "repairs": pd.DataFrame(repairs, columns=heads, dtype=object),
    }
