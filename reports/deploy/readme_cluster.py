"""How to start the servers of a deploy bundle on a cluster: a section for each kind of objects."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reports.deploy.markdown import code_block, escape, node_servers
from reports.deploy.mig_config import MIG_FILE, mig_config_nodes
from reports.deploy.vllm_server import START_SECONDS

__all__ = ["CLUSTER_SECTIONS"]

MAKE_KEY = "kubectl create secret generic vllm-api-key --from-literal=key=$(openssl rand -hex 32)"
"""Makes the key that servers ask for; without it no pod starts."""

Row = Mapping[str, Any]


def readme_cluster_kubernetes(deployment: Row) -> list[str]:
    """Deployments and Services."""
    apply = [
        "kubectl apply -k kubernetes",
        "kubectl wait --for=condition=Available deployment -l plan-node --timeout=30m",
    ]
    return [
        "## Or: start them on Kubernetes",
        "",
        "The pods of a node of the plan go to the node with its label; a Gateway"
        " `inference-gateway` must exist.",
        "",
        *code_block([*_readme_cluster_nodes(deployment), *apply]),
        "",
        "- The HTTPRoute splits requests at random in the planned fractions; every server answers"
        " to the model name `fleet`. For the choice by prompt put the gateway below in front of"
        " the Services instead.",
        *_readme_cluster_unset(deployment, "kubernetes"),
        *_readme_cluster_mps(deployment),
    ]


def readme_cluster_kserve(deployment: Row) -> list[str]:
    """KServe's objects."""
    lines = [
        "## Or: start them with KServe",
        "",
        "One LLMInferenceService (v1alpha2, KServe 0.20) an option, to be applied in the order of"
        " the file. Label every node with its pool first:",
        "",
        *code_block(
            [
                *_readme_cluster_pools(deployment),
                "kubectl apply -f kserve",
                "kubectl wait --for=condition=Ready llminferenceservice --all --timeout=30m",
            ]
        ),
        "",
        "- **Which LLM answers a prompt is not KServe's choice**: the router decides it by scores"
        " and prices (below). KServe splits requests only among the options of one LLM"
        " (`router.route`), and only among services of one model name. So clients, or the"
        " gateway for them, name the LLM; `fleet` is not a model here. The gateway asks the"
        " addresses that `kubectl get llminferenceservice` shows: put them into `config.yaml`.",
        "- Image and start command are KServe's; `VLLM_ADDITIONAL_ARGS` adds the plan's flags."
        " Add those of a measured curve's measurement there. A model that loads for longer than"
        " KServe's probe waits needs a `startupProbe` of its own.",
    ]
    if deployment["classes"]:
        lines.append(
            "- Weights are those of the case with the highest rate. Where replicas change, KServe"
            " scales between `minReplicas` and `maxReplicas`, the bounds of the setups."
        )
    unset = _readme_cluster_model_ids(deployment, "model.uri")
    return [*lines, *unset, *_readme_cluster_mig(deployment)]


def readme_cluster_llm_d(deployment: Row) -> list[str]:
    """Pools behind the Gateway API."""
    charts = [
        "for file in llm-d/values-*.yaml; do",
        "  pool=${file#llm-d/values-}; pool=${pool%.yaml}",
        '  helm install "$pool" oci://ghcr.io/llm-d/charts/llm-d-router-gateway'
        ' --version v0.10.0 -f "$file"',
        "done",
    ]
    classes = deployment["classes"]
    own = "`pools.yaml` and `objectives.yaml`" if classes else "`pools.yaml`"
    by_llm = (
        "- A request with the header `x-plan-llm: LLM` (as its servers are named) goes to that"
        " LLM's options in the plan's parts: set it in a gateway that decides by scores and prices"
        " (below). A request without it goes to any LLM, at random in the planned fractions."
    )
    return [
        "## Or: start them behind the Gateway API with llm-d",
        "",
        "Every option is an InferencePool (v1), in which an endpoint picker of llm-d chooses the"
        " replica by load and prefix. A Gateway `inference-gateway` must exist.",
        "",
        *code_block([*_readme_cluster_nodes(deployment), "kubectl apply -k llm-d", *charts]),
        "",
        *(_readme_cluster_classes(classes) if classes else [by_llm]),
        "- With an endpoint picker of another make (Service `POOL-epp`, port 9002) apply"
        f" {own} instead of the charts, never both: a pool belongs to one of them.",
        "- Each picker asks for 8 CPUs unless `router.epp.resources` in its values says otherwise.",
        *_readme_cluster_unset(deployment, "llm-d"),
        *_readme_cluster_mps(deployment),
    ]


def readme_cluster_keda(deployment: Row) -> list[str]:
    """A schedule."""
    return [
        "## Or: on Kubernetes, scaled by the time of the day with KEDA",
        "",
        "One Deployment an option and node; KEDA sets its replicas to the least of any setup, and"
        " higher in the periods whose setup has more. Set the time zone of the cases first:",
        "",
        *code_block(
            [
                "sed -i 's|Etc/UTC|Europe/Berlin|' keda/schedule.yaml",
                *_readme_cluster_nodes(deployment),
                "kubectl apply -k keda",
            ]
        ),
        "",
        f"- Windows begin {START_SECONDS // 60} minutes before their period, the longest start"
        " that these files allow for. A GPU that changes hands is free only when the period"
        " before ends; pods for it are pending until then, and capacity is short while they load.",
        "- An option has one Service. Which class goes to which option is the gateway's choice by"
        " case (below); replicas of one option that the plan keeps apart by class are not kept"
        " apart here.",
        *_readme_cluster_unset(deployment, "keda"),
        *_readme_cluster_mps(deployment),
    ]


def readme_cluster_production_stack(deployment: Row) -> list[str]:
    """Values of a chart."""
    install = "helm install vllm vllm/vllm-stack --version 0.1.12 -f production-stack/values.yaml"
    return [
        "## Or: start them with vLLM's production-stack",
        "",
        *code_block(
            [
                *_readme_cluster_pools(deployment),
                "helm repo add vllm https://vllm-project.github.io/production-stack",
                install,
            ]
        ),
        "",
        "- The chart's router spreads an LLM's requests equally over its replicas, as the plan"
        " does; which LLM a request is for its client says, or a gateway that decides by scores"
        " and prices (below).",
        "- `requestCPU` and `requestMemory` are not of the plan: the chart demands them.",
        *_readme_cluster_model_ids(deployment, "modelURL"),
        *_readme_cluster_mig(deployment),
    ]


def _readme_cluster_classes(classes: Sequence[Row]) -> list[str]:
    """How requests of several classes find their option and their priority."""
    named = ", ".join(f"{escape(entry['name'])} {entry['priority']}" for entry in classes)
    return [
        "- The route takes the pool from the header `x-plan-pool`, which a gateway sets that"
        " decides by class, case, scores and prices (below). Requests without it find no route:"
        " a weight cannot change with class and case.",
        f"- Priorities where requests wait: {named}; 10 is for classes with limits of their own."
        " They are no part of the plan, which serves all of them: review them. The gateway names"
        " the objective in `x-llm-d-inference-objective: CLASS-POOL`.",
    ]


def _readme_cluster_nodes(deployment: Row) -> list[str]:
    """Commands that make the servers' key and label nodes by their place in the plan."""
    labels = [node["label"] for node in deployment["nodes"]]
    return [MAKE_KEY, *(f"kubectl label node NODE plan-node={label}" for label in labels)]


def _readme_cluster_pools(deployment: Row) -> list[str]:
    """Commands that make the servers' key and label nodes by their pool."""
    labels = dict.fromkeys(node["pool_label"] for node in deployment["nodes"])
    return [MAKE_KEY, *(f"kubectl label node NODE plan-pool={label}" for label in labels)]


def _readme_cluster_unset(deployment: Row, folder: str) -> list[str]:
    """Which model ids are missing in a folder's ConfigMap."""
    unset = [row["model_key"] for row in deployment["llms"] if row["model_id"] is None]
    if not unset:
        return []
    keys = ", ".join(f"`{key}`" for key in unset)
    return [f"- Set {keys} in `{folder}/models.yaml`: pods without a model id do not start."]


def _readme_cluster_model_ids(deployment: Row, key: str) -> list[str]:
    """Which objects wait for a model id. key: where it is to be set."""
    return [
        f"- Set `{key}` of {escape(row['title'])}: it is in no catalogue."
        for row in deployment["llms"]
        if row["model_id"] is None
    ]


def _readme_cluster_mig(deployment: Row) -> list[str]:
    """What divided GPUs need."""
    divided = mig_config_nodes(deployment)
    if not divided:
        return []
    names = ", ".join(f"`{node['label']}`" for node in divided)
    profile = next(
        server["mig_profile"] for server in divided[0]["servers"] if server["mig_profile"]
    )
    return [
        f"- GPUs are divided by MIG before pods start: `{MIG_FILE}` has a configuration for"
        f" {names}. Give it to the MIG manager of NVIDIA's GPU operator (a ConfigMap with the"
        " key `config.yaml`, named in `migManager.config`) and set each node's label"
        " `nvidia.com/mig.config` to the name of its configuration, or run `nvidia-mig-parted apply"
        f" -f {MIG_FILE} -c NAME` on the node. The device plugin needs the strategy `mixed`:"
        f" instances are then resources such as `nvidia.com/mig-{profile}`. A GPU must be idle"
        " while it is divided.",
    ]


def _readme_cluster_mps(deployment: Row) -> list[str]:
    """What shared and divided GPUs need."""
    divided = _readme_cluster_mig(deployment)
    if divided:
        return divided
    shared = [row for _, row in node_servers(deployment) if row["shared"]]
    if not shared:
        return []
    fewer = [
        "- A pod takes no more than its equal part of a GPU: its `--max-model-len` may be below"
        " that of the other files."
    ]
    return [
        *(fewer if any(row["context"] for row in shared) else []),
        "- GPUs are shared by MPS through NVIDIA's device plugin: give it"
        " `device-plugin-mps-N.yaml`"
        " as its configuration `mps-N` (helm:",
        "`--set-file config.map.mps-N=...`) and label the nodes"
        " `nvidia.com/device-plugin.config=mps-N`. Pods on one GPU may start at",
        "the same time; one that finds too little memory ends and is started again. vLLM has failed"
        " under the plugin's MPS for some",
        '("CUDA-capable device(s) is/are busy or unavailable", vllm-project/production-stack 504):'
        " try one pod first.",
    ]


CLUSTER_SECTIONS: Mapping[str, Callable[[Row], list[str]]] = {
    "kubernetes": readme_cluster_kubernetes,
    "kserve": readme_cluster_kserve,
    "llm-d": readme_cluster_llm_d,
    "keda": readme_cluster_keda,
    "production-stack": readme_cluster_production_stack,
}
"""By kind."""
