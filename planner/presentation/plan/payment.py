"""What the GPUs of a plan cost by hour, month and year, and how many nodes to buy: owned, reserved
and rented apart.

    owned      price x all GPUs of the pool; where the plan decides its nodes, those of the nodes
               beyond the reserved ones
    reserved   price of the reservation x its GPUs
    rented     the rest of what the GPUs cost
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["added_node_lines", "payment_lines"]

MONTH, YEAR = 730.0, 8760.0
"""Hours."""


def payment_lines(content: Mapping[str, Any]) -> list[str]:
    """Sentences of a plan with a setup, of either schema; none where every pool is rented."""
    pools = content["context"]["pools"]
    paid = [pool for pool in pools if _is_paid_for(pool)]
    if not paid:
        return []
    lines = []
    for pool in pools:
        if "nodes_at_most" in pool:
            nodes, per_node = pool["nodes"], pool["gpus_per_node"]
            gpus = "GPU" if per_node == 1 else "GPUs"
            cost = _owned_cost(pool) + _reserved_cost(pool)
            what = f"{nodes or 'no'} node{'' if nodes in (0, 1) else 's'} of {pool['name']}"
            sums = f" ({per_node} {gpus} each): {_by_time(cost)}" if nodes or cost else ""
            lines.append(f"buy: {what}{sums}")
    owned = sum(_owned_cost(pool) for pool in pools)
    reserved = sum(_reserved_cost(pool) for pool in pools)
    total = _gpus_cost(content)
    parts = [("owned or bought", owned), ("reserved", reserved)]
    if total is not None:
        rented = total - owned - reserved
        parts.append(("rented", rented if abs(rented) > 1e-9 * max(total, 1.0) else 0.0))
    told = [f"{kind}: {_by_time(cost)}" for kind, cost in parts if cost]
    # Where all that is paid is one purchase its line has said so.
    lines += told if len(told) > 1 or len(lines) != 1 else []
    return [*lines, f"A month has {MONTH:g} h, a year {YEAR:,.0f} h."]


def added_node_lines(content: Mapping[str, Any]) -> list[str]:
    """Sentences of a plan that may add nodes to those that are there, which are the fewest it may
    have: what is added to each pool, and what all nodes cost together.
    """
    pools = [pool for pool in content["context"]["pools"] if "nodes_at_most" in pool]
    lines = [_added_nodes(pool) for pool in pools if pool["nodes"] > pool["nodes_at_least"]]
    if not lines:
        lines = ["Add nothing: another setup on the nodes that are there keeps all limits."]
    total = sum(_owned_cost(pool) + _reserved_cost(pool) for pool in pools)
    return [*lines, f"All nodes together, those that are there too: {_by_time(total)}."]


def _added_nodes(pool: Mapping[str, Any]) -> str:
    there, added = pool["nodes_at_least"], pool["nodes"] - pool["nodes_at_least"]
    cost = added * pool["gpus_per_node"] * (pool["price_usd_per_gpu_h"] or 0.0)
    are = "that is" if there == 1 else "that are"
    return (
        f"Add {added} node{'s' * (added > 1)} of {pool['name']} to the {there} {are} there:"
        f" {_by_time(cost)}."
    )


def _is_paid_for(pool: Mapping[str, Any]) -> bool:
    return any(key in pool for key in ("owned", "reserved", "nodes_at_most"))


def _owned_cost(pool: Mapping[str, Any]) -> float:
    if not ("owned" in pool or "nodes_at_most" in pool):
        return 0.0
    beyond = max(pool["nodes"] - pool.get("reserved", {"nodes": 0})["nodes"], 0)
    return float(beyond * pool["gpus_per_node"] * (pool["price_usd_per_gpu_h"] or 0.0))


def _reserved_cost(pool: Mapping[str, Any]) -> float:
    if "reserved" not in pool:
        return 0.0
    reserved = pool["reserved"]
    return float(reserved["nodes"] * pool["gpus_per_node"] * reserved["price_usd_per_gpu_h"])


def _gpus_cost(content: Mapping[str, Any]) -> float | None:
    """USD/h of GPUs alone; None where a price is not known."""
    if "cost" in content:
        cost: float | None = content["cost"]["gpus_usd_per_h"]
        return cost
    total: float | None = content["cost_usd_per_h"]
    return total


def _by_time(cost: float) -> str:
    return f"{cost:,.2f} USD/h, {cost * MONTH:,.0f} USD a month, {cost * YEAR:,.0f} USD a year"
