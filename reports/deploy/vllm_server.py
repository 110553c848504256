"""The command of a vLLM server and the environment of an MPS client, for all files of a deploy
bundle.

vLLM does not start where the longest context of the model, L tokens, is above the room that its
memory leaves, unless `--max-model-len` says less. With a utilization u of M GiB, of which W are
taken, and k GiB a token (server["context"], by `planner.export.deployment_memory`):

    room          (u * M - W) / k                                        tokens
    max_model_len the room, rounded down to 1000 (below 1000 to 16) where it is below L
"""

import math
from collections.abc import Mapping
from typing import Any

__all__ = [
    "API_KEY",
    "BIND_ADDRESS",
    "LOOPBACK",
    "MPS_DIRECTORY",
    "NAMES",
    "START_SECONDS",
    "vllm_context_flags",
    "vllm_context_room",
    "vllm_max_model_len",
    "vllm_mps_environment",
    "vllm_serve_flags",
]

API_KEY = "VLLM_API_KEY"
"""Variable of the key that every server asks its clients for; vLLM reads it from its environment,
so that it is on no command line.
"""
BIND_ADDRESS = "BIND_ADDRESS"
"""Variable of the address that servers listen on."""
LOOPBACK = "127.0.0.1"
MPS_DIRECTORY = "/var/run/nvidia-mps"
START_SECONDS = 1800
"""How long a server may take to load its LLM."""
NAMES = 3
"""So many of `vllm_serve_flags` are the names that a server answers to."""
WHOLE, BLOCK = 1000, 16
"""Tokens to which `--max-model-len` is rounded; 16 are a block of vLLM's cache."""


Row = Mapping[str, Any]


def vllm_serve_flags(server: Row, fleet: str, port: int) -> list[str]:
    """The flags after `vllm serve MODEL`: served under the LLM's label and under the name of
    the whole fleet.
    """
    return [
        *("--served-model-name", server["llm"], fleet),
        f"--tensor-parallel-size={server['tp_degree']}",
        f"--gpu-memory-utilization={server['utilization']:.3f}",
        *vllm_context_flags(server),
        f"--port={port}",
    ]


def vllm_context_flags(server: Row) -> list[str]:
    """`--max-model-len` where the server has one."""
    limit = vllm_max_model_len(server)
    return [] if limit is None else [f"--max-model-len={limit}"]


def vllm_max_model_len(server: Row) -> int | None:
    """Most tokens of a request, prompt and answer together; None where the model's own longest
    context fits or is not known, or where there is no room at all.
    """
    context = server["context"]
    if context is None or context["longest"] is None:
        return None
    room = vllm_context_room(context, server["utilization"])
    if room >= context["longest"]:
        return None
    step = WHOLE if room >= WHOLE else BLOCK
    return math.floor(room / step) * step if room >= step else None


def vllm_context_room(context: Row, utilization: float) -> float:
    """Tokens; below 0 where the weights do not fit."""
    left = utilization * context["memory_gib"] - context["taken_gib"]
    return float(left / context["token_gib"])


def vllm_mps_environment(server: Row) -> dict[str, str]:
    """The limits of an MPS client; its GPUs count from 0, whatever their numbers on the
    host.
    """
    limit = ",".join(f"{at}={server['memory_limit_mib']}M" for at in range(server["tp_degree"]))
    return {
        "CUDA_MPS_PIPE_DIRECTORY": MPS_DIRECTORY,
        "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": f"{server['mps_share_pct']:g}",
        "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": limit,
    }
