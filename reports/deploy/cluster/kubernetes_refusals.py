"""Why a plan cannot run on Kubernetes as it is: what NVIDIA's device plugin and an HTTPRoute cannot
do.
"""

from collections.abc import Sequence

from reports.deploy.cluster.pods import Row, pod_groups, pod_parts

__all__ = ["kubernetes_node_refusals", "kubernetes_refusals"]


MOST_BACKENDS = 16
"""Backends that one rule of an HTTPRoute can have (Gateway API v1)."""


UNEQUAL = 1.0
"""Per cent points by which a share may be below 1/N: 33 % counts as a third."""


def kubernetes_refusals(deployments: Sequence[Row]) -> list[str]:
    """Why a plan with these setups cannot be expressed; [] when it can."""
    if len(deployments) > 1:
        return ["the weights of an HTTPRoute cannot change from one setup to the next"]
    (deployment,) = deployments
    reasons = [reason for node in deployment["nodes"] for reason in kubernetes_node_refusals(node)]
    backends = len({group.option for group in pod_groups(deployments)})
    if backends > MOST_BACKENDS:
        reasons.append(
            f"{backends} options are deployed, and a rule of an HTTPRoute splits requests among at"
            f" most {MOST_BACKENDS}"
        )
    return reasons


def kubernetes_node_refusals(node: Row) -> list[str]:
    """What the device plugin cannot do on one node."""
    if not any(row["shared"] for row in node["servers"]):
        return []
    reasons = []
    divided = [row["name"] for row in node["servers"] if row["mig_profile"]]
    if divided:
        return [
            f"node {node['label']} has {', '.join(divided)} on MIG instances beside servers that"
            " share GPUs by MPS; the device plugin shares no node that is divided by MIG"
        ]
    shares = sorted({row["mps_share_pct"] for row in node["servers"]})
    parts = pod_parts(node["servers"])
    if len(shares) > 1:
        listed = ", ".join(f"{share:g} %" for share in shares)
        reasons.append(
            f"node {node['label']} has servers of unequal shares ({listed}); the device plugin"
            " shares all GPUs of a node equally"
        )
    elif not 0.0 <= 100.0 / parts - shares[0] <= UNEQUAL:
        reasons.append(
            f"node {node['label']} has servers of {shares[0]:g} % of a GPU; the device plugin"
            " splits a GPU into equal parts"
        )
    wide = [row["name"] for row in node["servers"] if row["shared"] and row["tp_degree"] > 1]
    if wide:
        reasons.append(
            f"node {node['label']} has {', '.join(wide)} of degrees above 1 on shared GPUs; a"
            " container gets parts of a single GPU"
        )
    if not reasons:
        part = node["memory_gib"] / parts
        reasons += [
            f"{row['name']} on {node['label']} needs {row['memory_gib_per_gpu']:g} GiB of a GPU;"
            f" each of {parts} equal parts has {part:.1f}"
            for row in node["servers"]
            if row["memory_gib_per_gpu"] > part
        ]
    return reasons
