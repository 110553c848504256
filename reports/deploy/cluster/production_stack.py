"""Helm values of vLLM's production-stack: one entry of `modelSpec` an option.

The chart's router spreads the requests of an LLM equally over its replicas: it knows no weights. A
plan in which the replicas of an LLM have different rates is refused. `fleet`, the name of all LLMs
together, goes to all replicas alike there, so clients name the LLM.

The chart demands CPUs and memory, of which a plan says nothing: CPU_BASE + degree CPUs, and as much
memory as the GPUs hold. Its defaults that are not vLLM's are set to vLLM's (prefix caching) or to
those of the other files of a bundle (replicas are replaced without spare GPUs, start-up time).

Read in production-stack, chart 0.1.12: values.schema.json and the templates.
"""

import math
from collections.abc import Sequence
from typing import Any

from reports.deploy.cluster.pods import (
    MODEL_TO_COMPLETE,
    POD_KEY,
    POD_TOKEN,
    POOL_LABEL,
    PodGroup,
    Row,
    pod_groups,
    pod_groups_by_option,
    pod_resource,
    pod_short_names,
)
from reports.deploy.compose import IMAGE
from reports.deploy.shell import VLLM_TAG
from reports.deploy.vllm_server import START_SECONDS, vllm_max_model_len

__all__ = ["production_stack_files", "production_stack_refusals"]

CPU_BASE = 2
"""CPUs of a server on top of one a GPU: its API process and its scheduler."""
EVEN = 1.01
"""Rates of replicas that differ by up to this factor count as equal."""


def production_stack_files(deployments: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """The one file of a plan with one setup, which must be expressible."""
    (deployment,) = deployments
    options = pod_groups_by_option(pod_groups(deployments))
    names = pod_short_names(options)
    fleet = deployment["about"]["fleet"]
    reference = POD_KEY["valueFrom"]["secretKeyRef"]
    values = {
        "servingEngineSpec": {
            "vllmApiKey": {"secretName": reference["name"], "secretKey": reference["key"]},
            "strategy": {"type": "Recreate"},
            "startupProbe": {"periodSeconds": 10, "failureThreshold": START_SECONDS // 10},
            "modelSpec": [
                _production_stack_model(names[option], groups, fleet)
                for option, groups in options.items()
            ],
        },
        "routerSpec": {"serviceDiscovery": "k8s", "routingLogic": "roundrobin"},
    }
    return {"values.yaml": [values]}


def production_stack_refusals(deployments: Sequence[Row]) -> list[str]:
    """Why the plan cannot be expressed; [] when it can."""
    if len(deployments) > 1:
        return ["the chart's values have one number of replicas, not one for each setup"]
    groups = pod_groups(deployments)
    shared = dict.fromkeys(group.option for group in groups if group.server["shared"])
    if shared:
        return [f"{', '.join(shared)} share GPUs by MPS; the chart knows other shares only (HAMi)"]
    rates: dict[str, list[float]] = {}
    for group in groups:
        rates.setdefault(group.llm["title"], []).append(group.server["rate_rps"])
    return [
        f"replicas of {llm} get {min(own):.3g} to {max(own):.3g} req/s by plan; the chart's router"
        " spreads requests equally"
        for llm, own in rates.items()
        if max(own) > EVEN * min(own)
    ]


def _production_stack_model(name: str, groups: Sequence[PodGroup], fleet: str) -> dict[str, Any]:
    """The entry of one option."""
    first = groups[0]
    server, degree = first.server, first.server["tp_degree"]
    limit = vllm_max_model_len(server)
    nodes = {"key": POOL_LABEL, "operator": "In", "values": [first.pool]}
    return {
        "name": name,
        "annotations": {"plan-llm": first.llm["name"]},
        "repository": IMAGE,
        "tag": VLLM_TAG,
        "modelURL": first.llm["model_id"] or MODEL_TO_COMPLETE,
        "replicaCount": sum(group.replicas[0] for group in groups),
        "requestCPU": CPU_BASE + degree,
        "requestMemory": f"{math.ceil(server['memory_gib_per_gpu'] * degree)}Gi",
        "requestGPU": degree,
        **({"requestGPUType": pod_resource(server)} if server["mig_profile"] else {}),
        "vllmConfig": {
            "tensorParallelSize": degree,
            "gpuMemoryUtilization": round(server["utilization"], 3),
            **({} if limit is None else {"maxModelLen": limit}),
            "enablePrefixCaching": True,
            "extraArgs": ["--served-model-name", server["llm"], fleet],
        },
        "env": [POD_TOKEN],
        "nodeSelectorTerms": [{"matchExpressions": [nodes]}],
    }
