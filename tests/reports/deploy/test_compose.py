"""Docker compose itself reads the exported files: what it would start is what the plan says.

No daemon is needed for that.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner.export.bundle import build_bundle
from planner.export.bundle_folder import write_bundle_folder
from planner.export.deployment import build_deployment
from planner.plans.plan_and_scenario import PlanAndScenario
from reports.deploy.readme_start import compose_path
from reports.deploy.vllm_server import vllm_mps_environment, vllm_serve_flags
from tests.support.outside import need
from tests.support.plans import export_cases
from tests.support.plans.bundle_cases import (
    compose_files,
    compose_schema,
    documents,
    every_case,
    servers,
)
from tests.support.plans.export_cases import ON

STARTED: dict[str, Callable[[], PlanAndScenario]] = {
    "trio": export_cases.trio,
    "shared": export_cases.shared,
    "hostile": lambda: export_cases.shared(hostile=True),
}
every_started = pytest.mark.parametrize("name", STARTED)


def read(folder: Path, file: str) -> subprocess.CompletedProcess[str]:
    """What compose makes of a file; nothing of this process's environment is put in."""
    command = [
        need("docker-compose"),
        "--env-file",
        "deploy.env",
        "-f",
        file,
        "config",
        "--format",
        "json",
    ]
    return subprocess.run(
        command, cwd=folder, env={"HOME": str(folder)}, capture_output=True, text=True, check=False
    )


@every_started
def test_compose_would_start_the_plan(name: str, tmp_path: Path) -> None:
    need("docker-compose")
    source = STARTED[name]()
    write_bundle_folder(build_bundle(source, ON, ["compose"]), tmp_path)
    deployment = build_deployment(source.plan.content, source.loaded.instance, ON)
    with open(tmp_path / "deploy.env", "a", encoding="utf-8") as stream:
        stream.write("VLLM_API_KEY=secret\n")
        stream.writelines(
            f"{llm['model_key']}='org/{llm['label']} $HOME'\n" for llm in deployment["llms"]
        )
        stream.writelines(
            f"{gpu['key']}=GPU-of-{gpu['at']}\n"
            for node in deployment["nodes"]
            for gpu in node["gpus"]
        )
    names = {llm["label"]: llm["name"] for llm in deployment["llms"]}
    for node in deployment["nodes"]:
        done = read(tmp_path, compose_path(deployment, node))
        assert done.returncode == 0, done.stderr
        services: dict[str, Any] = json.loads(done.stdout)["services"]
        assert set(services) == {row["name"] for row in node["servers"]}
        for row in node["servers"]:
            service, gpus = services[row["name"]], [f"GPU-of-{gpu}" for gpu in row["gpus"]]
            assert service["entrypoint"] + service["command"] == [
                "vllm",
                "serve",
                f"org/{row['llm']} $$HOME",
                *vllm_serve_flags(row, "fleet", 8000),
            ]
            (device,) = service["deploy"]["resources"]["reservations"]["devices"]
            assert device == {"capabilities": ["gpu"], "driver": "nvidia", "device_ids": gpus}
            limits = (
                {"CUDA_VISIBLE_DEVICES": ",".join(gpus), **vllm_mps_environment(row)}
                if row["shared"]
                else {}
            )
            assert service["environment"] == {"HF_TOKEN": "", "VLLM_API_KEY": "secret", **limits}
            assert [(port["host_ip"], str(port["published"])) for port in service["ports"]] == [
                ("127.0.0.1", str(row["port"]))
            ]
            assert set(service.get("depends_on") or {}) == set(row["after"])
            assert service["labels"]["plan.llm"] == names[row["llm"]].replace("$", "$$")


def test_unset_values_are_requested(tmp_path: Path) -> None:
    need("docker-compose")
    write_bundle_folder(build_bundle(export_cases.shared(), ON, ["compose"]), tmp_path)
    done = read(tmp_path, "compose.lab-0.yaml")
    assert done.returncode != 0
    assert "in deploy.env" in done.stderr


@every_case
def test_compose_follows_its_schema(name: str) -> None:
    for path, text in compose_files(name):
        (content,) = documents(text)
        assert not [
            f"{path}: {fault.json_path} {fault.message}"
            for fault in compose_schema().iter_errors(content)
        ]
        for service in content["services"].values():
            (device,) = service["deploy"]["resources"]["reservations"]["devices"]
            assert device["capabilities"] == ["gpu"]
            assert set(service.get("depends_on", {})) <= set(content["services"])


def test_compose_says_what_the_plan_says() -> None:
    content = {
        k: v
        for _, text in compose_files("shared")
        for k, v in documents(text)[0]["services"].items()
    }
    assert len(content) == len(list(servers("shared")))
    for _, row in servers("shared"):
        service = content[row["name"]]
        assert f"--tensor-parallel-size={row['tp_degree']}" in service["command"]
        assert f"--gpu-memory-utilization={row['utilization']:.3f}" in service["command"]
        assert list(service.get("depends_on", {})) == row["after"]
        shared = service["environment"].get("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE")
        assert shared == (f"{row['mps_share_pct']:g}" if row["shared"] else None)
        if row["shared"]:
            limits = service["environment"]["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"]
            assert limits == ",".join(
                f"{k}={row['memory_limit_mib']}M" for k in range(row["tp_degree"])
            )
