"""How the GPUs of a plan are divided by MIG: the configuration of NVIDIA's MIG manager, and of
`nvidia-mig-parted`, which it runs.

One configuration a node with divided GPUs, by the node's label; every GPU of the node is in it.
Which slices an instance gets is the driver's choice, among the layouts of the same instances.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["MIG_FILE", "mig_config_files", "mig_config_nodes"]

MIG_FILE = "mig-parted.yaml"

Row = Mapping[str, Any]


def mig_config_nodes(deployment: Row) -> list[Row]:
    """The nodes with GPUs that are divided."""
    return [
        node
        for node in deployment["nodes"]
        if any(server["mig_profile"] for server in node["servers"])
    ]


def mig_config_files(deployments: Sequence[Row]) -> dict[str, list[Any]]:
    """The file; none where no GPU is divided. deployments: of a plan's setups; a plan with several
    has no MIG instances.
    """
    nodes = mig_config_nodes(deployments[0])
    if not nodes:
        return {}
    configs = {node["label"]: _mig_config_of_node(node) for node in nodes}
    return {MIG_FILE: [{"version": "v1", "mig-configs": configs}]}


def _mig_config_of_node(node: Row) -> list[dict[str, Any]]:
    """GPUs with the same instances together, in the node's order."""
    held: dict[int, Counter[str]] = {gpu: Counter() for gpu in range(node["gpus_per_node"])}
    for server in node["servers"]:
        if server["mig_profile"]:
            held[server["gpus"][0]][server["mig_profile"]] += 1
    alike: dict[tuple[tuple[str, int], ...], list[int]] = {}
    for gpu, instances in held.items():
        alike.setdefault(tuple(sorted(instances.items())), []).append(gpu)
    return [
        {"devices": gpus, "mig-enabled": bool(instances)}
        | ({"mig-devices": dict(instances)} if instances else {})
        for instances, gpus in alike.items()
    ]
