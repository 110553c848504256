"""The pods of a deployment: which replicas run as one group, and what a pod of it is made of.

A group holds the replicas of one option on one node of the plan. Its counts are those of every
setup of the plan: one for a plan with one setup, several for a schedule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.deploy.compose import IMAGE
from reports.deploy.shell import VLLM_TAG
from reports.deploy.vllm_server import API_KEY, START_SECONDS, vllm_serve_flags

__all__ = [
    "MODELS",
    "MODEL_TO_COMPLETE",
    "NODE_LABEL",
    "OPTION_LABEL",
    "POD_KEY",
    "POD_PORT",
    "POD_TOKEN",
    "POOL_LABEL",
    "PodGroup",
    "Row",
    "pod_groups",
    "pod_groups_by_option",
    "pod_models",
    "pod_parts",
    "pod_resource",
    "pod_short_names",
    "pod_template",
]

POD_PORT = 8000
MODELS = "plan-models"
"""ConfigMap of the model ids."""
MODEL_TO_COMPLETE = "TO-BE-COMPLETED"
"""In place of a model id that no catalogue has."""
MOST_NAME = 40
"""Characters of a release's name that llm-d's chart keeps in that of its endpoint picker, and that
leave room for what production-stack's adds to a model's.
"""
NODE_LABEL, OPTION_LABEL, POOL_LABEL = "plan-node", "plan-option", "plan-pool"
POD_KEY: dict[str, Any] = {
    "name": API_KEY,
    "valueFrom": {"secretKeyRef": {"name": "vllm-api-key", "key": "key"}},
}
POD_TOKEN: dict[str, Any] = {
    "name": "HF_TOKEN",
    "valueFrom": {"secretKeyRef": {"name": "hf-token", "key": "token", "optional": True}},
}

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PodGroup:
    """name: e.g. yi-34b-tp2-a100-0; option: e.g. yi-34b-tp2-a100; node, pool: labels; server, llm:
    rows of the deployment; parts: into which each GPU of the node is split (1: whole); replicas: in
    every setup; fraction: of all requests, share_of_llm: of its LLM's, means over the setups;
    usd_per_h: of a replica, None without a price.
    """

    name: str
    option: str
    node: str
    pool: str
    server: Row
    llm: Row
    parts: int
    replicas: tuple[int, ...]
    fraction: float
    share_of_llm: float
    usd_per_h: float | None


def pod_groups(deployments: Sequence[Row]) -> list[PodGroup]:
    """Every group of a plan's setups (rows as `planner.export.deployment` has them)."""
    placed: dict[tuple[str, str], list[tuple[int, Row, Row, Row]]] = {}
    for setup, deployment in enumerate(deployments):
        llms = {row["label"]: row for row in deployment["llms"]}
        for node in deployment["nodes"]:
            for row in node["servers"]:
                key = (_pod_kind(row), node["label"])
                placed.setdefault(key, []).append((setup, node, row, llms[row["llm"]]))
    nodes: dict[str, list[Row]] = {}
    for rows in placed.values():
        for _, node, row, _ in rows:
            nodes.setdefault(node["label"], []).append(row)
    setups = len(deployments)
    return [
        PodGroup(
            name=f"{kind}-{label}",
            option=f"{kind}-{node['pool_label']}",
            node=label,
            pool=node["pool_label"],
            server=server,
            llm=llm,
            parts=pod_parts(nodes[label]),
            replicas=tuple(sum(at == k for at, *_ in rows) for k in range(setups)),
            fraction=sum(row["fraction"] for _, _, row, _ in rows) / setups,
            share_of_llm=sum(row["share_of_llm"] for _, _, row, _ in rows) / setups,
            usd_per_h=_replica_usd_per_h(node, server),
        )
        for (kind, label), rows in placed.items()
        for _, node, server, llm in rows[:1]
    ]


def pod_parts(servers: Iterable[Row]) -> int:
    """Parts of a GPU on the node of these servers, by the smallest MPS share, rounded."""
    shares = (row["mps_share_pct"] for row in servers if row["shared"])
    return max(1, round(100.0 / min(shares, default=100.0)))


def pod_groups_by_option(groups: Iterable[PodGroup]) -> dict[str, list[PodGroup]]:
    """The groups of every option, by its name."""
    options: dict[str, list[PodGroup]] = {}
    for group in groups:
        options.setdefault(group.option, []).append(group)
    return options


def pod_short_names(options: Iterable[str]) -> dict[str, str]:
    """Name of every option where a Helm chart makes longer names of it: its own, or if one is
    longer than MOST_NAME each option's beginning and number.
    """
    names = list(options)
    if max(map(len, names)) <= MOST_NAME:
        return {name: name for name in names}
    return {name: f"{name[: MOST_NAME - 4].rstrip('-')}-{k}" for k, name in enumerate(names)}


def pod_models(llms: Iterable[Row]) -> dict[str, Any]:
    """The model ids that are known; a pod whose LLM's is missing does not start, and says so."""
    known = {row["model_key"]: row["model_id"] for row in llms if row["model_id"] is not None}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": MODELS}, "data": known}


def pod_template(group: PodGroup, fleet: str) -> dict[str, Any]:
    """A pod of a group. Of an equal part of a GPU vLLM must not take more than the part."""
    server = group.server
    utilization = _within_part(server["utilization"], group.parts)
    probe = {
        "httpGet": {"path": "/health", "port": POD_PORT},
        "periodSeconds": 10,
        "timeoutSeconds": 5,
    }
    model = {"name": MODELS, "key": group.llm["model_key"]}
    container = {
        "name": "vllm",
        "image": f"{IMAGE}:{VLLM_TAG}",
        "command": ["vllm", "serve"],
        "args": [
            "$(MODEL)",
            *vllm_serve_flags({**server, "utilization": utilization}, fleet, POD_PORT),
        ],
        "env": [
            {"name": "MODEL", "valueFrom": {"configMapKeyRef": model}},
            POD_TOKEN,
            POD_KEY,
        ],
        "ports": [{"name": "http", "containerPort": POD_PORT}],
        "resources": {"limits": {pod_resource(server): str(server["tp_degree"])}},
        "startupProbe": {**probe, "failureThreshold": START_SECONDS // 10},
        "readinessProbe": probe,
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108  (a path in the pod, where NCCL wants it)
    }
    volume = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}
    return {
        "nodeSelector": {NODE_LABEL: group.node},
        "containers": [container],
        "volumes": [volume],
    }


def pod_resource(server: Row) -> str:
    """What the device plugin calls a GPU, an equal part of one, or a MIG instance (in its strategy
    `mixed`).
    """
    if server["mig_profile"]:
        return f"nvidia.com/mig-{server['mig_profile']}"
    return "nvidia.com/gpu.shared" if server["shared"] else "nvidia.com/gpu"


def _pod_kind(server: Row) -> str:
    """LLM, degree and share as a name, e.g. yi-34b-tp2, or LLM and MIG profile."""
    if server["mig_profile"]:
        return f"{server['llm']}-{server['mig_profile'].replace('.', '-')}"
    share = f"-s{server['mps_share_pct']:g}".replace(".", "-") if server["shared"] else ""
    return f"{server['llm']}-tp{server['tp_degree']}{share}"


def _replica_usd_per_h(node: Row, server: Row) -> float | None:
    """What the GPUs of a replica cost, in parts where it has parts."""
    price = node["price_usd_per_gpu_h"]
    parts = server["tp_degree"] * server["mps_share_pct"] / 100.0
    return None if price is None else float(price * parts)


def _within_part(utilization: float, parts: int) -> float:
    """A utilization that fits into one of `parts` equal parts."""
    return min(utilization, int(950 / parts) / 1000) if parts > 1 else utilization
