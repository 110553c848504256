"""Kubernetes objects of a deployment.

Whole GPUs are requested as nvidia.com/gpu. Shared ones as nvidia.com/gpu.shared, which the plugin
offers on nodes that it shares by MPS: every GPU of such a node is split into N equal parts of
threads and memory, and a container gets parts of a single GPU. One Deployment holds the replicas
of one option on one node of the plan (label plan-node), one Service those of an option; an
HTTPRoute splits requests among the Services, at random in the plan's fractions. Only a router with
the prices decides which prompt goes where.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.compose import IMAGE
from reports.deploy.shell import VLLM_TAG
from reports.deploy.vllm_server import API_KEY, START_SECONDS, vllm_serve_flags
from reports.deploy.weights import largest_remainder_weights

__all__ = ["Row", "kubernetes_files", "kubernetes_options", "parts_of"]

PORT = 8000
MODELS = "plan-models"
NODE_LABEL = "plan-node"

Row = Mapping[str, Any]


def kubernetes_files(deployment: Row) -> dict[str, list[dict[str, Any]]]:
    """The documents of each file (name -> documents); the plan must be expressible."""
    servers = _kubernetes_labelled(deployment)
    options = kubernetes_options(deployment)
    parts = {node["label"]: n for node in deployment["nodes"] if (n := parts_of(node)) > 1}
    files = {
        "models.yaml": [_kubernetes_models(deployment)],
        "servers.yaml": [
            *_kubernetes_deployments(deployment, servers, parts),
            *(_kubernetes_service(name, rows[0]) for name, rows in options.items()),
        ],
        "route.yaml": [_kubernetes_route(deployment, options)],
    }
    resources = sorted(files)
    files |= {
        f"device-plugin-mps-{n}.yaml": [_plugin_config(n)] for n in sorted(set(parts.values()))
    }
    files["kustomization.yaml"] = [
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": resources,
            "images": [{"name": IMAGE, "newTag": VLLM_TAG}],
            "commonAnnotations": {"plan-hash": deployment["about"]["plan_hash"]},
        }
    ]
    return files


def parts_of(node: Row) -> int:
    """Parts of a GPU on this node by its smallest share, rounded."""
    return max(1, round(100.0 / min(row["mps_share_pct"] for row in node["servers"])))


def _kubernetes_labelled(deployment: Row) -> list[dict[str, Any]]:
    """Every server with its option's name, e.g. yi-34b-tp2-a100, and its node's share of a GPU
    as parts.
    """
    labelled = []
    for node in deployment["nodes"]:
        for row in node["servers"]:
            share = f"-s{row['mps_share_pct']:g}".replace(".", "-") if row["shared"] else ""
            labelled.append(
                {
                    **row,
                    "kind": f"{row['llm']}-tp{row['tp_degree']}{share}",
                    "pool": node["pool_label"],
                }
            )
    return labelled


def kubernetes_options(deployment: Row) -> dict[str, list[dict[str, Any]]]:
    """The servers of every option by the name of its Service."""
    options: dict[str, list[dict[str, Any]]] = {}
    for row in _kubernetes_labelled(deployment):
        options.setdefault(f"{row['kind']}-{row['pool']}", []).append(row)
    return options


def _kubernetes_deployments(
    deployment: Row, servers: Sequence[Row], parts: Mapping[str, int]
) -> list[dict[str, Any]]:
    """One Deployment an option and node."""
    llms = {row["label"]: row for row in deployment["llms"]}
    grouped: dict[str, list[Row]] = {}
    for row in servers:
        grouped.setdefault(f"{row['kind']}-{row['node']}", []).append(row)
    fleet = deployment["about"]["fleet"]
    return [
        _kubernetes_deployment(
            name, rows, llms[rows[0]["llm"]], parts.get(rows[0]["node"], 1), fleet
        )
        for name, rows in grouped.items()
    ]


def _kubernetes_deployment(
    name: str, rows: Sequence[Row], llm: Row, parts: int, fleet: str
) -> dict[str, Any]:
    """One Deployment; its pods are those of its option's Service."""
    pod_labels = {
        "plan-option": f"{rows[0]['kind']}-{rows[0]['pool']}",
        NODE_LABEL: rows[0]["node"],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": pod_labels, "annotations": {"plan-llm": llm["name"]}},
        "spec": {
            "replicas": len(rows),
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": pod_labels},
            "template": {
                "metadata": {"labels": pod_labels},
                "spec": _kubernetes_pod(rows[0], llm, parts, fleet),
            },
        },
    }


def _kubernetes_pod(server: Row, llm: Row, parts: int, fleet: str) -> dict[str, Any]:
    """One pod. Of an equal part of a GPU vLLM must not take more than the part."""
    resource = "nvidia.com/gpu.shared" if server["shared"] else "nvidia.com/gpu"
    flags = vllm_serve_flags(
        {**server, "utilization": _within(server["utilization"], parts)}, fleet, PORT
    )
    probe = {"httpGet": {"path": "/health", "port": PORT}, "periodSeconds": 10, "timeoutSeconds": 5}
    container = {
        "name": "vllm",
        "image": f"{IMAGE}:{VLLM_TAG}",
        "command": ["vllm", "serve"],
        "args": ["$(MODEL)", *flags],
        "env": [
            {
                "name": "MODEL",
                "valueFrom": {"configMapKeyRef": {"name": MODELS, "key": llm["model_key"]}},
            },
            {
                "name": "HF_TOKEN",
                "valueFrom": {
                    "secretKeyRef": {"name": "hf-token", "key": "token", "optional": True}
                },
            },
            {
                "name": API_KEY,
                "valueFrom": {"secretKeyRef": {"name": "vllm-api-key", "key": "key"}},
            },
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "resources": {"limits": {resource: str(server["tp_degree"])}},
        "startupProbe": {**probe, "failureThreshold": START_SECONDS // 10},
        "readinessProbe": probe,
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108  (a path in the pod, where NCCL wants it)
    }
    volume = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}
    return {
        "nodeSelector": {NODE_LABEL: server["node"]},
        "containers": [container],
        "volumes": [volume],
    }


def _within(utilization: float, parts: int) -> float:
    """A utilization that fits into one of `parts` equal parts."""
    return min(utilization, int(950 / parts) / 1000) if parts > 1 else utilization


def _kubernetes_service(name: str, server: Row) -> dict[str, Any]:
    """The Service of one option; the replicas of an option share its requests equally."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "selector": {"plan-option": f"{server['kind']}-{server['pool']}"},
            "ports": [{"name": "http", "port": PORT, "targetPort": PORT}],
        },
    }


def _kubernetes_route(deployment: Row, options: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """The split of requests: whole weights by largest remainder."""
    weights = largest_remainder_weights(
        [sum(row["fraction"] for row in rows) for rows in options.values()]
    )
    backends = [
        {"name": name, "port": PORT, "weight": weight}
        for name, weight in zip(options, weights, strict=True)
    ]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": f"{deployment['about']['scenario_label']}-split"},
        "spec": {
            "parentRefs": [{"name": "inference-gateway"}],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}],
                    "backendRefs": backends,
                }
            ],
        },
    }


def _kubernetes_models(deployment: Row) -> dict[str, Any]:
    """The model ids that are known; a pod whose LLM's is missing does not start, and says
    so.
    """
    known = {
        row["model_key"]: row["model_id"]
        for row in deployment["llms"]
        if row["model_id"] is not None
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": MODELS}, "data": known}


def _plugin_config(parts: int) -> dict[str, Any]:
    """The device plugin's configuration of nodes whose GPUs are shared in `parts` parts."""
    resources = [{"name": "nvidia.com/gpu", "replicas": parts}]
    return {"version": "v1", "sharing": {"mps": {"renameByDefault": True, "resources": resources}}}
