"""What tables and sentences call the parts of a plan: SLOs, units, latency columns."""

from collections.abc import Mapping
from typing import Any

from planner.plans.schema import SloContent, SolvedContent

__all__ = [
    "latency_column_labels",
    "latency_header",
    "objective_unit",
    "pool_label",
    "slo_label",
    "slo_name",
]


def slo_name(slo: SloContent) -> str:
    """Name the subject of an SLO, e.g. `mean TTFT`, `p95 TPOT of each LLM`."""
    return slo_label(slo["metric"], slo["statistic"], slo["scope"])


def slo_label(metric: str, statistic: str, scope: str) -> str:
    """Name an SLO by its words in the scenario, as `slo_name` does."""
    return f"{statistic} {metric.upper()}" + (" of each LLM" if scope == "each_llm" else "")


def pool_label(pool: Mapping[str, Any]) -> str:
    """Nodes, GPUs and name of a pool of plan.json: `2 x 4 L40S-48GB (pool l40s)`; the name only
    where it is not that of the GPU type.
    """
    size = f"{pool['nodes']} x {pool['gpus_per_node']} {pool['gpu']}"
    return size if pool["name"] == pool["gpu"] else f"{size} (pool {pool['name']})"


def objective_unit(content: SolvedContent) -> str:
    """Give the unit of value and bound."""
    return "USD/h" if content["objective"]["of"] == "cost" else "mean score"


def latency_column_labels(content: SolvedContent) -> list[str]:
    """List the latency columns of the deployed options, those of the SLOs first, in their order."""
    wanted = [f"{s['metric']}_{s['statistic']}" for s in content["slo"]]
    profiled = [column for option in content["options"] for column in option["latency_ms"]]
    return list(dict.fromkeys([*[w for w in wanted if w in profiled], *profiled]))


def latency_header(column: str) -> str:
    """Give the header of a latency column, e.g. `TTFT mean (ms)`."""
    metric, statistic = column.split("_")
    return f"{metric.upper()} {statistic} (ms)"
