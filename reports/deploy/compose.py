"""The compose files of a deployment: one per node, its servers as services, as plain data to be
dumped as YAML.

Servers that share GPUs are clients of the host's MPS daemon (deploy.sh starts it); each waits until
those before it on its GPUs are healthy. In text that is not ours `$` is doubled, so that compose
replaces nothing in it.
"""

from collections.abc import Mapping
from typing import Any

from reports.deploy.vllm_server import (
    API_KEY,
    BIND_ADDRESS,
    LOOPBACK,
    MPS_DIRECTORY,
    START_SECONDS,
    vllm_mps_environment,
    vllm_serve_flags,
)

__all__ = ["IMAGE", "compose_file"]

IMAGE = "vllm/vllm-openai"
CACHE = "/root/.cache/huggingface"
PORT = 8000
INTERVAL = 10
"""Seconds between two looks at a server's health."""

Row = Mapping[str, Any]


def compose_file(deployment: Row, node: Row) -> dict[str, Any]:
    """One node's file."""
    llms = {row["label"]: row for row in deployment["llms"]}
    gpus = {row["at"]: row["key"] for row in node["gpus"]}
    fleet = deployment["about"]["fleet"]
    return {
        "name": f"{deployment['about']['scenario_label']}-{node['label']}",
        "services": {
            row["name"]: _compose_service(row, llms[row["llm"]], gpus, fleet)
            for row in node["servers"]
        },
        "volumes": {"huggingface": {}},
    }


def literal(text: str) -> str:
    """Text in which compose replaces nothing."""
    return text.replace("$", "$$")


def required(name: str) -> str:
    """Value of a variable that must be set and not empty."""
    return f"${{{name}:?set {name} in deploy.env}}"


def _compose_service(server: Row, llm: Row, gpus: Mapping[int, str], fleet: str) -> dict[str, Any]:
    """One server."""
    devices = [required(gpus[at]) for at in server["gpus"]]
    shared = server["shared"]
    service: dict[str, Any] = {
        "image": f"{IMAGE}:{required('VLLM_TAG')}",
        "entrypoint": ["vllm", "serve"],
        "command": [required(llm["model_key"]), *vllm_serve_flags(server, fleet, PORT)],
        "environment": {
            "HF_TOKEN": "${HF_TOKEN:-}",
            API_KEY: required(API_KEY),
            **(_compose_client(server, devices) if shared else {}),
        },
        "ipc": "host",
        "volumes": [
            f"huggingface:{CACHE}",
            *([f"${{MPS_DIRECTORY:-{MPS_DIRECTORY}}}:{MPS_DIRECTORY}"] if shared else []),
        ],
        # Docker publishes past the host's firewall: on the loopback interface unless told more.
        "ports": [f"${{{BIND_ADDRESS}:-{LOOPBACK}}}:{server['port']}:{PORT}"],
        "deploy": {
            "resources": {
                "reservations": {
                    "devices": [
                        {"driver": "nvidia", "device_ids": devices, "capabilities": ["gpu"]}
                    ]
                }
            }
        },
        "healthcheck": {
            "test": ["CMD", "curl", "-sf", f"http://localhost:{PORT}/health"],
            "interval": f"{INTERVAL}s",
            "timeout": "5s",
            "retries": 6,
            "start_period": f"{START_SECONDS}s",
        },
        "restart": "on-failure:3" if shared else "unless-stopped",
        "labels": {"plan.llm": literal(llm["name"])},
    }
    if server["after"]:
        service["depends_on"] = {name: {"condition": "service_healthy"} for name in server["after"]}
    return service


def _compose_client(server: Row, devices: list[str]) -> dict[str, str]:
    """The environment of a client of MPS: devices by UUID, since the daemon counts GPUs in its
    own way.
    """
    return {"CUDA_VISIBLE_DEVICES": ",".join(devices), **vllm_mps_environment(server)}
