"""Kubernetes objects of a deployment.

Whole GPUs are requested as nvidia.com/gpu. Shared ones as nvidia.com/gpu.shared, which the plugin
offers on nodes that it shares by MPS: every GPU of such a node is split into N equal parts of
threads and memory, and a container gets parts of a single GPU. One Deployment holds the replicas
of one option on one node of the plan (label plan-node), one Service those of an option; an
HTTPRoute splits requests among the Services, at random in the plan's fractions. Only a router with
the prices decides which prompt goes where.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.deploy.cluster.pods import (
    NODE_LABEL,
    OPTION_LABEL,
    POD_PORT,
    PodGroup,
    Row,
    pod_groups,
    pod_groups_by_option,
    pod_models,
    pod_template,
)
from reports.deploy.compose import IMAGE
from reports.deploy.shell import VLLM_TAG
from reports.deploy.weights import largest_remainder_weights

__all__ = [
    "kubernetes_deployment",
    "kubernetes_files",
    "kubernetes_kustomization",
    "kubernetes_plugins",
    "kubernetes_service",
]


def kubernetes_files(deployments: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """The documents of each file of a plan with one setup, which must be expressible."""
    (deployment,) = deployments
    groups = pod_groups(deployments)
    options = pod_groups_by_option(groups)
    about = deployment["about"]
    files = {
        "models.yaml": [pod_models(deployment["llms"])],
        "servers.yaml": [
            *(kubernetes_deployment(group, about["fleet"]) for group in groups),
            *(kubernetes_service(name) for name in options),
        ],
        "route.yaml": [_kubernetes_route(about, options)],
    }
    return {
        **files,
        **kubernetes_plugins(groups),
        "kustomization.yaml": [kubernetes_kustomization(about, sorted(files))],
    }


def kubernetes_kustomization(about: Row, resources: Sequence[str]) -> dict[str, Any]:
    """What `kubectl apply -k` applies. resources: names of files."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(resources),
        "images": [{"name": IMAGE, "newTag": VLLM_TAG}],
        "commonAnnotations": {"plan-hash": about["plan_hash"]},
    }


def kubernetes_deployment(group: PodGroup, fleet: str, *, scaled: bool = False) -> dict[str, Any]:
    """The Deployment of a group; its pods are those of its option's Service. scaled: an autoscaler
    sets its replicas, so that applying the file again does not.
    """
    labels = {OPTION_LABEL: group.option, NODE_LABEL: group.node}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": group.name,
            "labels": labels,
            "annotations": {"plan-llm": group.llm["name"]},
        },
        "spec": {
            **({} if scaled else {"replicas": group.replicas[0]}),
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_template(group, fleet)},
        },
    }


def kubernetes_service(option: str) -> dict[str, Any]:
    """The Service of one option; the replicas of an option share its requests equally."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": option},
        "spec": {
            "selector": {OPTION_LABEL: option},
            "ports": [{"name": "http", "port": POD_PORT, "targetPort": POD_PORT}],
        },
    }


def kubernetes_plugins(groups: Iterable[PodGroup]) -> dict[str, list[dict[str, Any]]]:
    """The device plugin's configurations of nodes whose GPUs are shared, a file each."""
    parts = sorted({group.parts for group in groups} - {1})
    return {f"device-plugin-mps-{n}.yaml": [_kubernetes_plugin(n)] for n in parts}


def _kubernetes_plugin(parts: int) -> dict[str, Any]:
    """Of nodes whose GPUs are shared in `parts` parts."""
    resources = [{"name": "nvidia.com/gpu", "replicas": parts}]
    return {"version": "v1", "sharing": {"mps": {"renameByDefault": True, "resources": resources}}}


def _kubernetes_route(about: Row, options: Mapping[str, Sequence[PodGroup]]) -> dict[str, Any]:
    """The split of requests: whole weights by largest remainder."""
    weights = largest_remainder_weights(
        [sum(group.fraction for group in groups) for groups in options.values()]
    )
    backends = [
        {"name": name, "port": POD_PORT, "weight": weight}
        for name, weight in zip(options, weights, strict=True)
    ]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": f"{about['scenario_label']}-split"},
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
