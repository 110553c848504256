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
from planner.export.bundle_folder import write_bundle
from planner.export.deployment import build_deployment
from planner.plans.plan_and_scenario import PlanAndScenario
from reports.deploy.readme_start import compose_path
from reports.deploy.vllm_server import mps_environment, serve_flags
from tests.support import export_cases
from tests.support.export_cases import ON
from tests.support.outside import need

CASES: dict[str, Callable[[], PlanAndScenario]] = {
    "trio": export_cases.trio,
    "shared": export_cases.shared,
    "hostile": lambda: export_cases.shared(hostile=True),
}
every_case = pytest.mark.parametrize("name", CASES)


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


@every_case
def test_compose_would_start_the_plan(name: str, tmp_path: Path) -> None:
    need("docker-compose")
    source = CASES[name]()
    write_bundle(build_bundle(source, ON, ["compose"]), tmp_path)
    deployment = build_deployment(source.plan.content, source.loaded.instance, ON)
    with open(tmp_path / "deploy.env", "a", encoding="utf-8") as stream:
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
                *serve_flags(row, "fleet", 8000),
            ]
            (device,) = service["deploy"]["resources"]["reservations"]["devices"]
            assert device == {"capabilities": ["gpu"], "driver": "nvidia", "device_ids": gpus}
            limits = (
                {"CUDA_VISIBLE_DEVICES": ",".join(gpus), **mps_environment(row)}
                if row["shared"]
                else {}
            )
            assert service["environment"] == {"HF_TOKEN": "", **limits}
            assert [str(port["published"]) for port in service["ports"]] == [str(row["port"])]
            assert set(service.get("depends_on") or {}) == set(row["after"])
            assert service["labels"]["plan.llm"] == names[row["llm"]].replace("$", "$$")


def test_what_is_not_set_is_asked_for(tmp_path: Path) -> None:
    need("docker-compose")
    write_bundle(build_bundle(export_cases.shared(), ON, ["compose"]), tmp_path)
    done = read(tmp_path, "compose.lab-0.yaml")
    assert done.returncode != 0
    assert "in deploy.env" in done.stderr
