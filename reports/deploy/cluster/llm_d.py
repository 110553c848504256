"""A deployment behind the Gateway API and llm-d: an InferencePool (v1) an option, an endpoint
picker each, and an HTTPRoute in front.

    HTTPRoute             of one class: requests that name an LLM (header x-plan-llm) go to its
                          options in the plan's parts; the others to all options, at random in the
                          planned fractions. Of several classes: to the pool that a gateway names
                          (header x-plan-pool), since a weight cannot change with class and case
    InferencePool         the pods of an option. llm-d's chart makes it together with its picker;
                          pools.yaml is for pickers of another make
    InferenceObjective    of every class and pool: its priority where requests wait. A name belongs
                          to one pool, so it has both in it

Read in llm-d-router v0.10.0 (values of its chart, CRD) and in gateway-api-inference-extension
v1.6.0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.cluster.kubernetes import (
    kubernetes_deployment,
    kubernetes_kustomization,
    kubernetes_plugins,
)
from reports.deploy.cluster.kubernetes_refusals import kubernetes_refusals
from reports.deploy.cluster.pods import (
    OPTION_LABEL,
    POD_PORT,
    PodGroup,
    Row,
    pod_groups,
    pod_groups_by_option,
    pod_models,
    pod_short_names,
)
from reports.deploy.weights import largest_remainder_weights

__all__ = ["llm_d_files", "llm_d_refusals"]

LLM_HEADER, POOL_HEADER = "x-plan-llm", "x-plan-pool"
POOLS = "inference.networking.k8s.io"
PICKER_PORT = 9002
MOST_RULES = 16
"""Rules that an HTTPRoute can have (Gateway API v1)."""

Options = Mapping[str, Sequence[PodGroup]]
"""By the names of their pools."""


def llm_d_files(deployments: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """The documents of each file of a plan with one setup, which must be expressible."""
    (deployment,) = deployments
    about, classes = deployment["about"], deployment["classes"]
    groups = pod_groups(deployments)
    pools = _llm_d_pools(groups)
    applied = {
        "models.yaml": [pod_models(deployment["llms"])],
        "route.yaml": [_llm_d_route(about, pools, classes)],
        "servers.yaml": [kubernetes_deployment(group, about["fleet"]) for group in groups],
    }
    picked = {
        "pools.yaml": [_llm_d_pool(name, own) for name, own in pools.items()],
        **{f"values-{name}.yaml": [_llm_d_values(name, own, classes)]
           for name, own in pools.items()},
    }  # fmt: skip
    if classes:
        picked["objectives.yaml"] = [
            _llm_d_objective(name, entry) for name in pools for entry in classes
        ]
    return {
        **applied,
        **picked,
        **kubernetes_plugins(groups),
        "kustomization.yaml": [kubernetes_kustomization(about, sorted(applied))],
    }


def llm_d_refusals(deployments: Sequence[Row]) -> list[str]:
    """Why the plan cannot be expressed; [] when it can."""
    reasons = kubernetes_refusals(deployments)
    if reasons:
        return reasons
    llms = {group.llm["label"] for group in pod_groups(deployments)}
    if len(llms) >= MOST_RULES:
        return [f"an HTTPRoute has at most {MOST_RULES} rules, and {len(llms)} LLMs need one each"]
    return []


def _llm_d_pools(groups: Sequence[PodGroup]) -> dict[str, list[PodGroup]]:
    """The groups of every option by the name of its pool, which is that of a Helm release."""
    options = pod_groups_by_option(groups)
    names = pod_short_names(options)
    return {names[option]: own for option, own in options.items()}


def _llm_d_pool(name: str, groups: Sequence[PodGroup]) -> dict[str, Any]:
    """The pods of one option, and who picks among them."""
    return {
        "apiVersion": f"{POOLS}/v1",
        "kind": "InferencePool",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {OPTION_LABEL: groups[0].option}},
            "targetPorts": [{"number": POD_PORT}],
            "endpointPickerRef": {
                "name": f"{name}-epp",
                "port": {"number": PICKER_PORT},
                "failureMode": "FailOpen",
            },
        },
    }


def _llm_d_objective(pool: str, entry: Row) -> dict[str, Any]:
    """The priority of one class in one pool."""
    return {
        "apiVersion": "llm-d.ai/v1alpha2",
        "kind": "InferenceObjective",
        "metadata": {
            "name": f"{entry['label']}-{pool}",
            "annotations": {"plan-class": entry["name"]},
        },
        "spec": {"priority": entry["priority"], "poolRef": {"name": pool}},
    }


def _llm_d_values(name: str, groups: Sequence[PodGroup], classes: Sequence[Row]) -> dict[str, Any]:
    """Values of llm-d's chart for one pool, whose name is the release's."""
    objectives = [
        {"name": f"{entry['label']}-{name}", "priority": entry["priority"]} for entry in classes
    ]
    return {
        "router": {
            "modelServers": {
                "type": "vllm",
                "protocol": "http",
                "matchLabels": {OPTION_LABEL: groups[0].option},
                "targetPorts": [{"number": POD_PORT}],
            },
            "inferencePool": {"create": True, "failureMode": "FailOpen"},
            **({"inferenceObjectives": objectives} if objectives else {}),
        },
        "provider": {"name": "none"},
        "httpRoute": {"create": False},
    }


def _llm_d_route(about: Row, pools: Options, classes: Sequence[Row]) -> dict[str, Any]:
    """One rule for each LLM and one for all requests that name none; of several classes one for
    each option.
    """
    if classes:
        rules = [_llm_d_rule({name: own}, {POOL_HEADER: name}) for name, own in pools.items()]
    else:
        by_llm: dict[str, dict[str, Sequence[PodGroup]]] = {}
        for name, own in pools.items():
            by_llm.setdefault(own[0].llm["label"], {})[name] = own
        rules = [_llm_d_rule(options, {LLM_HEADER: llm}) for llm, options in by_llm.items()]
        rules.append(_llm_d_rule(pools, {}))
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": f"{about['scenario_label']}-pools"},
        "spec": {"parentRefs": [{"name": "inference-gateway"}], "rules": rules},
    }


def _llm_d_rule(options: Options, header: Mapping[str, str]) -> dict[str, Any]:
    """Requests with this header, split by the options' parts of all requests, or of their LLM's
    where nothing is planned for it.
    """
    shares = [sum(group.fraction for group in own) for own in options.values()]
    if not sum(shares):
        shares = [sum(group.share_of_llm for group in own) for own in options.values()]
    match: dict[str, Any] = {"path": {"type": "PathPrefix", "value": "/v1"}}
    if header:
        match["headers"] = [{"name": name, "value": value} for name, value in header.items()]
    return {
        "matches": [match],
        "backendRefs": [
            {"group": POOLS, "kind": "InferencePool", "name": name, "weight": weight}
            for name, weight in zip(options, largest_remainder_weights(shares), strict=True)
        ],
    }
