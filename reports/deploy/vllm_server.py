"""The command of a vLLM server and the environment of an MPS client, for all files of a deploy
bundle.
"""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "API_KEY",
    "BIND_ADDRESS",
    "LOOPBACK",
    "MPS_DIRECTORY",
    "NAMES",
    "START_SECONDS",
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


Row = Mapping[str, Any]


def vllm_serve_flags(server: Row, fleet: str, port: int) -> list[str]:
    """The flags after `vllm serve MODEL`: served under the LLM's label and under the name of
    the whole fleet.
    """
    return [
        *("--served-model-name", server["llm"], fleet),
        f"--tensor-parallel-size={server['tp_degree']}",
        f"--gpu-memory-utilization={server['utilization']:.3f}",
        f"--port={port}",
    ]


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
