"""Faults of rules between the keys of a pool: what it costs, and how many nodes it may have; also
where other keys of the scenario are faulty.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from planner.scenario.schema.faults import schema_fault_entries
from profiles.io.faults import Fault, shown_in_fault

__all__ = ["most_pool_nodes", "pool_schema_faults"]


def most_pool_nodes(pool: Mapping[str, Any]) -> int | None:
    """Nodes of a pool, or the most that it may have; None where that is no whole number."""
    nodes = pool.get("nodes")
    most = nodes.get("at_most") if isinstance(nodes, dict) else nodes
    return most if type(most) is int else None


def pool_schema_faults(content: Mapping[str, Any], file: str) -> list[Fault]:
    """Faults of all pools."""
    faults = []
    pools = schema_fault_entries(content, "pools")
    for i, pool in enumerate(pools):
        for key, value, problem, fix in (*_payment_faults(pool), *_nodes_faults(pool, content)):
            shown = shown_in_fault(value) if value != "" else ""
            faults.append(Fault(file, f"pools.{i}.{key}", shown, problem, fix))
    if pools and all(most_pool_nodes(pool) == 0 for pool in pools):
        problem, fix = "the number is too small", "write 1 or more: no pool has a node"
        faults.append(Fault(file, "pools.0.nodes", shown_in_fault(0), problem, fix))
    return faults


_Found = Iterator[tuple[str, Any, str, str]]
"""(key, value, problem, fix) of one pool."""


def _payment_faults(pool: Mapping[str, Any]) -> _Found:
    """A pool is owned or partly reserved, and has one price."""
    reserved = pool.get("reserved")
    if pool.get("owned") is True and reserved is not None:
        problem = "an owned pool has no reserved nodes: all of it is paid for"
        yield "reserved", reserved, problem, "delete it, or delete owned"
    year = pool.get("price_usd_per_gpu_year")
    if year is not None and pool.get("price_usd_per_gpu_h") is not None:
        problem = "the price is stated twice, by the hour and by the year"
        yield "price_usd_per_gpu_year", year, problem, "delete one of them"
    most = most_pool_nodes(pool)
    count = reserved.get("nodes") if isinstance(reserved, dict) else None
    if type(count) is int and most is not None and count > most:
        problem = f"the pool has {most} node{'s' if most != 1 else ''}"
        yield "reserved.nodes", count, problem, "lower it, or raise the pool's nodes"


def _nodes_faults(pool: Mapping[str, Any], content: Mapping[str, Any]) -> _Found:
    """Bounds on the nodes are in order, and something says what more of them costs."""
    nodes = pool.get("nodes")
    if not isinstance(nodes, dict):
        return
    least, most = nodes.get("at_least", 0), nodes.get("at_most")
    if type(least) is int and type(most) is int and least > most:
        problem = f"this is more than at_most ({most})"
        yield "nodes.at_least", least, problem, "lower it or raise at_most"
    objective = content.get("objective")
    if isinstance(objective, dict) and not _counts_cost(objective):
        problem = "the plan decides the number of nodes, and nothing limits what they cost"
        fix = "write a number; or minimize cost, or add cost_at_most_usd_per_h to the objective"
        yield "nodes", nodes, problem, fix


def _counts_cost(objective: Mapping[str, Any]) -> bool:
    return "minimize" in objective or objective.get("cost_at_most_usd_per_h") is not None
