"""An exporter: NVIDIA Dynamo, one `DynamoGraphDeployment` (nvidia.com/v1beta1) for each LLM.

A frontend, and one worker component for each option of the LLM, with as many replicas as the plan
has. Dynamo's own router spreads the requests of an LLM over its workers and knows no weights, so a
plan in which replicas of an LLM get different rates is refused, as are shares of GPUs.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from planner.api.plugins import ExportedPlan, yaml_text

API = "nvidia.com/v1beta1"
IMAGE = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.3.1"
"""Its tag is the version of Dynamo, of which 1.2 was the first with this API."""
EVEN = 1.01
"""Rates of replicas that differ by up to this factor count as equal."""
MOST_COMPONENTS = 25
COMPONENT_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?")

Row = Mapping[str, Any]


class DynamoExporter:
    """Used as it is: both methods are static."""

    @staticmethod
    def refusals(plan: ExportedPlan) -> Sequence[str]:
        """Why the plan cannot be expressed."""
        if len(plan.deployments) > 1 or plan.deployments[0]["classes"]:
            return ["a graph deployment has one number of replicas and knows no classes"]
        reasons = []
        for llm, options in _servers_by_option(plan.deployments[0]).items():
            servers = [server for own in options.values() for server in own]
            rates = [server["rate_rps"] for server in servers]
            if any(server["shared"] for server in servers):
                reasons.append(f"{llm} shares GPUs by MPS, which Dynamo's operator does not set up")
            elif max(rates) > EVEN * min(rates):
                reasons.append(
                    f"replicas of {llm} get {min(rates):.3g} to {max(rates):.3g} req/s by plan;"
                    " Dynamo's router has no weights"
                )
            wrong = [name for name in options if not COMPONENT_NAME.fullmatch(name)]
            reasons += [f"{name} cannot be the name of a component" for name in wrong]
            if len(options) + 1 > MOST_COMPONENTS:
                reasons.append(f"{llm} has more than {MOST_COMPONENTS - 1} options")
        return reasons

    @staticmethod
    def files(plan: ExportedPlan) -> Mapping[str, str]:
        """One file for each LLM."""
        (deployment,) = plan.deployments
        about = deployment["about"]
        head = f"# Plan {about['plan_hash']}, generated on {about['date']}; review before use.\n"
        models = {row["label"]: row["model_id"] or "TO-BE-COMPLETED" for row in deployment["llms"]}
        return {
            f"{llm}.yaml": head + yaml_text([_graph(llm, models[llm], options)])
            for llm, options in _servers_by_option(deployment).items()
        }


def _servers_by_option(deployment: Row) -> dict[str, dict[str, list[Row]]]:
    """LLM -> name of an option -> its replicas."""
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for node in deployment["nodes"]:
        for server in node["servers"]:
            found[server["llm"]][f"tp{server['tp_degree']}-{node['pool']}"].append(server)
    return found


def _graph(llm: str, model: str, options: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    components: list[dict[str, Any]] = [
        {
            "name": "Frontend",
            "type": "frontend",
            "replicas": 1,
            "podTemplate": {"spec": {"containers": [{"name": "main", "image": IMAGE}]}},
        }
    ]
    for option, servers in options.items():
        degree = servers[0]["tp_degree"]
        words = ["--model", model, "--served-model-name", llm]
        words += ["--tensor-parallel-size", str(degree)]
        words += ["--gpu-memory-utilization", f"{servers[0]['utilization']:.3f}"]
        main = {
            "name": "main",
            "image": IMAGE,
            "command": ["python3", "-m", "dynamo.vllm"],
            "args": words,
            "resources": {"limits": {"nvidia.com/gpu": str(degree)}},
        }
        components.append(
            {
                "name": option,
                "type": "worker",
                "replicas": len(servers),
                "podTemplate": {"spec": {"containers": [main]}},
            }
        )
    return {
        "apiVersion": API,
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": llm},
        "spec": {"backendFramework": "vllm", "components": components},
    }
