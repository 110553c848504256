"""KServe's LLMInferenceService (v1alpha2) of a deployment: one object an option.

    replicas or scaling   replicas where every setup has the same count. Else bounds: the least (1
                          where it is 0, with none when idle) and the most of any setup, and the
                          cost of a replica (USD/h), by which the autoscaler prefers the cheaper of
                          an LLM's options
    route.group, weight   the LLM and its option's part of its requests, where it has several
                          options. Never between LLMs: a weight is a coin, and which LLM a prompt
                          goes to is decided by its scores and the prices. KServe splits a group
                          only among objects of one model name, too
    nodeSelector          plan-pool: the nodes with the option's GPUs

The command is KServe's own: its flags come on top by VLLM_ADDITIONAL_ARGS, as KServe's samples do.
The degree is there too, since a preset need not turn `parallelism` into a flag; of two the last
counts. Read in kserve v0.20.0: the schema of the object and its admission checks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.cluster.pods import (
    MODEL_TO_COMPLETE,
    POD_KEY,
    POOL_LABEL,
    PodGroup,
    Row,
    pod_groups,
    pod_groups_by_option,
    pod_resource,
)
from reports.deploy.vllm_server import vllm_context_flags
from reports.deploy.weights import largest_remainder_weights

__all__ = ["kserve_files", "kserve_refusals"]


def kserve_files(deployments: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """The documents of each file; deployments: of every setup. The plan must be expressible.

    Options of the largest degree come first: pods that are placed in this order leave no GPUs of a
    node free that are too few for the next, where degrees divide each other.
    """
    options = pod_groups_by_option(pod_groups(deployments))
    weights = _kserve_weights(options)
    order = sorted(options, key=lambda name: -options[name][0].server["tp_degree"])
    return {
        "llm-inference-services.yaml": [
            _kserve_service(name, options[name], weights.get(name)) for name in order
        ]
    }


def kserve_refusals(deployments: Sequence[Row]) -> list[str]:
    """Why the plan cannot be expressed; [] when it can."""
    shared = dict.fromkeys(
        group.option for group in pod_groups(deployments) if group.server["shared"]
    )
    if not shared:
        return []
    field = "an LLMInferenceService has no field for a share"
    return [f"{', '.join(shared)} share GPUs by MPS, and {field}"]


def _kserve_weights(options: Mapping[str, Sequence[PodGroup]]) -> dict[str, int]:
    """Whole weights of the options of every LLM that has several."""
    own: dict[str, list[str]] = {}
    for name, groups in options.items():
        own.setdefault(groups[0].llm["label"], []).append(name)
    weights: dict[str, int] = {}
    for names in own.values():
        if len(names) > 1:
            shares = [sum(group.share_of_llm for group in options[name]) for name in names]
            weights |= zip(names, largest_remainder_weights(shares), strict=True)
    return weights


def _kserve_service(name: str, groups: Sequence[PodGroup], weight: int | None) -> dict[str, Any]:
    """The object of one option."""
    first = groups[0]
    llm, degree = first.llm, first.server["tp_degree"]
    group = {} if weight is None else {"group": llm["label"], "weight": weight}
    return {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": {"name": name, "annotations": {"plan-llm": llm["name"]}},
        "spec": {
            "model": {"uri": f"hf://{llm['model_id'] or MODEL_TO_COMPLETE}", "name": llm["label"]},
            **_kserve_replicas(groups),
            "parallelism": {"tensor": degree},
            "router": {"gateway": {}, "route": group, "scheduler": {}},
            "template": {
                "nodeSelector": {POOL_LABEL: first.pool},
                "containers": [_kserve_container(first)],
            },
        },
    }


def _kserve_container(group: PodGroup) -> dict[str, Any]:
    """What is added to the container of KServe's preset."""
    degree = group.server["tp_degree"]
    flags = " ".join(
        [
            f"--tensor-parallel-size={degree}",
            f"--gpu-memory-utilization={group.server['utilization']:.3f}",
            *vllm_context_flags(group.server),
        ]
    )
    return {
        "name": "main",
        "env": [{"name": "VLLM_ADDITIONAL_ARGS", "value": flags}, POD_KEY],
        "resources": {"limits": {pod_resource(group.server): str(degree)}},
    }


def _kserve_replicas(groups: Sequence[PodGroup]) -> dict[str, Any]:
    """`replicas`, or the bounds of `scaling`."""
    counts = [sum(column) for column in zip(*(group.replicas for group in groups), strict=True)]
    least, most = min(counts), max(counts)
    if least == most:
        return {"replicas": most}
    cost = groups[0].usd_per_h
    wva = {} if cost is None else {"variantCost": f"{cost:.4f}"}
    idle = {} if least else {"idleReplicaCount": 0}
    bounds = {"minReplicas": max(1, least), "maxReplicas": most}
    return {"scaling": {**bounds, "wva": {**wva, "keda": idle}}}
