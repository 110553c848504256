"""What the files of a deploy bundle share: the words of a vLLM server and of an MPS client, and the
head that every file carries.
"""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "MPS_DIRECTORY",
    "NAMES",
    "SHARES",
    "START_SECONDS",
    "head",
    "headed",
    "largest_remainder",
    "mps_environment",
    "purpose_of",
    "serve_flags",
]

MPS_DIRECTORY = "/var/run/nvidia-mps"
START_SECONDS = 1800
"""How long a server may take to load its LLM."""
SHARES = 10_000
"""Whole weights of a gateway sum to it: one is 0.01 %."""
NAMES = 3
"""So many of `serve_flags` are the names that a server answers to."""

PURPOSES = {
    "README.md": "in which order to start what, how to check it, what to do when it fails",
    "deploy.sh": "starts, checks and stops the servers and MPS on a machine",
    "deploy.env": "model ids, release of vLLM, GPUs: to be read and completed before the start",
    "compose": "servers of a node for docker compose",
    "kubernetes/models.yaml": "model ids for the pods: to be read and completed before the start",
    "kubernetes/servers.yaml": "Deployments and Services of the servers",
    "kubernetes/route.yaml": "Gateway API route that splits requests in the planned fractions",
    "kubernetes/kustomization.yaml": "what kubectl apply -k applies, and the release of vLLM",
    "kubernetes/device-plugin-mps": "configuration of NVIDIA's device plugin for shared GPUs",
    "config.yaml": "LiteLLM: the servers, their weights, the plugin",
    "gateway.env": "LiteLLM: addresses of the nodes, to be completed",
    "dual_price_plugin.py": "LiteLLM: sends a prompt to the LLM of the highest score - dual price",
    "router_policy.json": "dual prices, ties, fallback weights, prices over load",
    "router.py": "the router as a library of one file (numpy alone), for a gateway of your own",
    "routellm.json": "RouteLLM's threshold and what it goes with",
}
"""By the beginnings of file names."""

Row = Mapping[str, Any]


def purpose_of(file: str) -> str:
    """Tell what a file of the bundle is for."""
    return next(told for name, told in PURPOSES.items() if file.startswith(name))


def serve_flags(server: Row, fleet: str, port: int) -> list[str]:
    """Give the words after `vllm serve MODEL`: served under the LLM's label and under the name of
    the whole fleet.
    """
    return [
        *("--served-model-name", server["llm"], fleet),
        f"--tensor-parallel-size={server['tp_degree']}",
        f"--gpu-memory-utilization={server['utilization']:.3f}",
        f"--port={port}",
    ]


def mps_environment(server: Row) -> dict[str, str]:
    """Give the limits of an MPS client; its GPUs count from 0 whatever they are called on the
    host.
    """
    limit = ",".join(f"{at}={server['memory_limit_mib']}M" for at in range(server["tp_degree"]))
    return {
        "CUDA_MPS_PIPE_DIRECTORY": MPS_DIRECTORY,
        "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": f"{server['mps_share_pct']:g}",
        "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": limit,
    }


def head(about: Row) -> list[str]:
    """Give the lines that every file begins with."""
    return [
        (
            f"Generated on {about['date']} by joint-llm-planner {about['planner_version']}; review"
            " before use."
        ),
        f"Plan {about['plan_hash']}",
        f"of the scenario {about['scenario']} ({about['scenario_sha256']})",
    ]


def headed(about: Row, text: str, *more: str) -> str:
    """Put the head above a text in whose language # begins a comment."""
    return "".join(f"# {line}\n" for line in (*head(about), *more)) + text


def largest_remainder(fractions: list[float], total: int = SHARES) -> list[int]:
    """Round fractions to whole weights that sum to `total`: largest remainders first, earlier ones
    at a tie. [] for []; sum > 0.
    """
    whole = sum(fractions)
    exact = [total * fraction / whole for fraction in fractions]
    weights = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda at: (weights[at] - exact[at], at))
    for at in order[: total - sum(weights)]:
        weights[at] += 1
    return weights
