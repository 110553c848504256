"""The draft of a scenario as keys of its content, step by step."""

from typing import Any

from app_pages.session.draft import draft_value

__all__ = [
    "COST",
    "DAY",
    "OWNED",
    "RENTED",
    "RESERVED",
    "SEVERAL",
    "draft_demand_part",
    "draft_goal_part",
    "draft_llms_part",
    "draft_pools_part",
    "draft_rows",
]

NODES, GPUS_PER_NODE = 1, 8
"""Of a pool that was just chosen."""
ONE, SEVERAL, DAY = "one", "classes", "day"
"""Kinds of demand."""
QUALITY, COST = "quality", "cost"
"""Objectives."""
RENTED, OWNED, RESERVED = "rented", "owned", "reserved"
"""How a pool is paid for."""


def draft_rows(name: str, first: int) -> list[int]:
    """Numbers of the rows of a list of fields; `first` rows to begin with."""
    rows: list[int] = draft_value(f"{name} rows", list(range(first)))
    return rows


def draft_pools_part() -> dict[str, Any]:
    """A pool for each GPU type, called like it; blank memory and price are the catalogue's."""
    return {
        "pools": [
            _stated(
                name=gpu,
                gpu=gpu,
                nodes=draft_value(f"nodes {gpu}", NODES),
                gpus_per_node=draft_value(f"gpus per node {gpu}", GPUS_PER_NODE),
                memory_gib=draft_value(f"memory {gpu}"),
                price_usd_per_gpu_h=draft_value(f"price {gpu}"),
                **_pool_payment(gpu),
            )
            for gpu in draft_value("gpus", [])
        ]
    }


def _pool_payment(gpu: str) -> dict[str, Any]:
    """Keys of a pool of which not only the GPUs in use are paid."""
    paid = draft_value(f"paid {gpu}", RENTED)
    if paid == RESERVED:
        nodes, price = (draft_value(f"reserved {what} {gpu}") for what in ("nodes", "price"))
        return {"reserved": {"nodes": nodes, "price_usd_per_gpu_h": price}}
    return {"owned": True} if paid == OWNED else {}


def draft_llms_part() -> dict[str, Any]:
    """LLMs; blank weights are the catalogue's, or not needed where curves state the memory."""
    return {
        "llms": [
            _stated(name=llm, weights_gib=draft_value(f"weights {llm}"))
            for llm in draft_value("llms", [])
        ]
    }


def draft_demand_part() -> dict[str, Any]:
    """One rate, or rates of classes; {} of a day, whose keys come from its log."""
    kind = draft_value("demand", ONE)
    if kind == DAY:
        return {}
    if kind == SEVERAL:
        rows = draft_rows("class", 2)
        names = [draft_value(f"class {k} name", "") for k in rows]
        rates = [draft_value(f"class {k} rate") for k in rows]
        return {
            "classes": [{"name": name} for name in names],
            "arrival_rate_rps": dict(zip(names, rates, strict=True)),
        }
    return {"arrival_rate_rps": draft_value("rate")}


def draft_goal_part() -> dict[str, Any]:
    """SLOs and the objective."""
    slos = [
        {
            "metric": draft_value(f"slo {k} metric", "ttft"),
            "statistic": draft_value(f"slo {k} statistic", "p95"),
            "limit_ms": draft_value(f"slo {k} limit"),
            "scope": draft_value(f"slo {k} scope"),
        }
        for k in draft_rows("slo", 1)
    ]
    objective: dict[str, Any] = {"maximize": "quality"}
    if draft_value("objective", QUALITY) == COST:
        objective = {"minimize": "cost", "quality_at_least": draft_value("floor")}
    return {"slo": slos, "objective": objective}


def _stated(**keys: Any) -> dict[str, Any]:
    """Keys that are not blank."""
    return {key: value for key, value in keys.items() if value is not None}
