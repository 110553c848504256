"""What every file of a deploy bundle begins with, and what each is for."""

from collections.abc import Mapping
from typing import Any

__all__ = ["file_head_lines", "purpose_of", "with_head"]

PURPOSES = {
    "README.md": "in which order to start what, how to check it, what to do when it fails",
    "deploy.sh": "starts, checks and stops the servers and MPS on a machine",
    "deploy.env": "model ids, release of vLLM, GPUs: complete it before the start",
    "deploy-": "starts, checks and stops the servers of one setup on a machine",
    "change.sh": "stops and starts what differs between two setups on a machine",
    "changes.csv": "what stops, starts and stays between setups",
    "clock.csv": "which case is served from when on: the gateway reads it; complete it",
    "cell_price_plugin.py": "LiteLLM: sends a prompt to LLM and lane by class and case",
    "compose": "servers of a node for docker compose",
    "models.yaml": "model ids for the pods: complete it before the start",
    "servers.yaml": "Deployments of the servers, and where requests need them Services",
    "route.yaml": "Gateway API: which requests go to which option",
    "kustomization.yaml": "what kubectl apply -k applies, and the release of vLLM",
    "mig-parted.yaml": "MIG manager: how the GPUs of each node are divided",
    "device-plugin-mps": "configuration of NVIDIA's device plugin for shared GPUs",
    "llm-inference-services.yaml": "KServe: one LLMInferenceService an option",
    "pools.yaml": "InferencePools, for an endpoint picker of your own instead of llm-d's",
    "objectives.yaml": "llm-d: priorities of the classes, for pools of pools.yaml",
    "values-": "llm-d's chart: pool and endpoint picker of one option",
    "schedule.yaml": "KEDA: replicas by the time of the day; complete the time zone",
    "values.yaml": "production-stack's chart: servers and router",
    "config.yaml": "LiteLLM: the servers, their weights, the plugin",
    "gateway.env": "LiteLLM: addresses of the nodes, to be completed",
    "dual_price_plugin.py": "LiteLLM: sends a prompt to the LLM of the highest score - dual price",
    "router_policy.json": "dual prices, ties, fallback weights, prices over load",
    "router.py": "the router as a library of one file (needs only numpy), for your own gateway",
    "routellm.json": "RouteLLM's threshold and what it goes with",
}
"""By the beginnings of file names, without their folder."""

Row = Mapping[str, Any]


def purpose_of(file: str) -> str:
    """What a file of the bundle is for."""
    own = file.rpartition("/")[2]
    found = (purpose for name, purpose in PURPOSES.items() if own.startswith(name))
    return next(found, "of a plug-in: its documentation says what it is for")


def file_head_lines(about: Row) -> list[str]:
    """The lines that every file begins with."""
    return [
        (
            f"Generated on {about['date']} by joint-llm-planner {about['planner_version']}; review"
            " before use."
        ),
        f"Plan {about['plan_hash']}",
        f"of the scenario {about['scenario']} ({about['scenario_sha256']})",
    ]


def with_head(about: Row, text: str, *more: str) -> str:
    """A text in whose language # begins a comment, below its head. more: lines of the head."""
    return "".join(f"# {line}\n" for line in (*file_head_lines(about), *more)) + text
