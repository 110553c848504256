"""The nodes of a deployment: which servers run there, on which GPUs, in which order they start."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.instance import Instance
from planner.export.deployment_memory import deployment_with_memory
from planner.export.deployment_names import deployment_variable_name, one_line

__all__ = ["build_deployment_nodes"]

Row = dict[str, Any]


FIRST_PORT = 8001


def build_deployment_nodes(
    servers: Sequence[Row], instance: Instance, pool_labels: Mapping[str, str]
) -> list[Row]:
    """The nodes in use; servers with the largest memory come first, those on the same GPUs in
    waves.
    """
    nodes = []
    for pool_at, node_at in sorted({(row["pool_at"], row["node_at"]) for row in servers}):
        pool = instance.pools[pool_at]
        label = f"{pool_labels[pool.name]}-{node_at}"
        own = [row for row in servers if (row["pool_at"], row["node_at"]) == (pool_at, node_at)]
        own.sort(key=lambda row: (-row["memory_gib_per_gpu"], row["name"]))
        own = deployment_with_memory(
            _deployment_waves_on_node(own), float(pool.memory), float(instance.memory_headroom)
        )
        nodes.append(
            {
                "label": label,
                "host_key": deployment_variable_name("HOST", label),
                "pool": one_line(pool.name),
                "pool_label": pool_labels[pool.name],
                "gpu": one_line(pool.gpu),
                "memory_gib": float(pool.memory),
                "gpus_per_node": pool.gpus_per_node,
                "price_usd_per_gpu_h": pool.price,
                "gpus": _deployment_node_gpus(label, own),
                "servers": [
                    {**row, "node": label, "port": FIRST_PORT + k} for k, row in enumerate(own)
                ],
            }
        )
    return nodes


def _deployment_waves_on_node(servers: Sequence[Row]) -> list[Row]:
    """Put every server into the first wave after those that hold one of its GPUs and come before
    it.
    """
    placed: list[Row] = []
    for row in servers:
        before = [other for other in placed if set(other["gpus"]) & set(row["gpus"])]
        wave = 1 + max((other["wave"] for other in before), default=0)
        placed.append({**row, "wave": wave, "after": [other["name"] for other in before]})
    return sorted(placed, key=lambda row: row["wave"])


def _deployment_node_gpus(node: str, servers: Sequence[Row]) -> list[Row]:
    """The GPUs in use, in the node's order."""
    gpus = []
    for at in sorted({gpu for row in servers for gpu in row["gpus"]}):
        own = [row for row in servers if at in row["gpus"]]
        gpus.append(
            {
                "at": at,
                "key": deployment_variable_name("GPU", node, str(at)),
                "shared": any(row["shared"] for row in own),
                "servers": [row["name"] for row in own],
                "share_pct": sum(row["mps_share_pct"] for row in own),
                "utilization": sum(row["utilization"] for row in own),
            }
        )
    return gpus
