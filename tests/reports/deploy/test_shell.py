"""deploy.sh at work: run by bash with stubs of vllm, curl, nvidia-smi and MPS; what arrives is what
the plan says, for any names.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from planner.export.bundle import build_bundle
from planner.export.bundle_folder import write_bundle_folder
from planner.export.deployment import build_deployment
from planner.plans.plan_and_scenario import PlanAndScenario
from reports.deploy.vllm_server import vllm_serve_flags
from tests.support.outside import need
from tests.support.plans import export_cases
from tests.support.plans.export_cases import ON
from tests.support.walls import UNHURRIED_S

CASES: dict[str, Callable[[], PlanAndScenario]] = {
    "shared": export_cases.shared,
    "whole": export_cases.whole,
    "hostile": lambda: export_cases.shared(hostile=True),
    "hostile whole": lambda: export_cases.whole(hostile=True),
}
MODEL = "org/model; touch PWNED $(touch PWNED) `touch PWNED` 'a' \"b\""
"""What an operator might set as a model: one word all the same."""
KEY = "key with 'quotes' and $HOME"

STUBS = {
    "vllm": (
        """#!{python}
import json, os, sys, time
own = ("CUDA_", "HF_", "VLLM_")
kept = {{key: value for key, value in os.environ.items() if key.startswith(own)}}
port = next(word.partition("=")[2] for word in sys.argv if word.startswith("--port="))
def record(event):
    with open(os.path.join(os.environ["STUBS"], "events"), "a") as stream:
        line = {{"event": event, "port": port, "argv": sys.argv[1:], "environment": kept}}
        stream.write(json.dumps(line) + "\\n")
record("start")
if os.path.exists(os.path.join(os.environ["STUBS"], "fails")):
    sys.exit("Free memory on device is less than desired")
time.sleep(0.2)
record("up")
up = os.path.join(os.environ["STUBS"], "up." + port)
with open(up + " comes", "w") as stream:
    stream.write(str(os.getpid()))
os.rename(up + " comes", up)
time.sleep(120)
"""
    ),
    "curl": (
        """#!/bin/bash
port=$(printf '%s\\n' "$@" | sed -n 's|^http://127.0.0.[12]:\\([0-9]*\\)/health$|\\1|p')
[[ -f $STUBS/up.$port ]] || exit 1
read -r -a fields 2>/dev/null <"/proc/$(cat "$STUBS/up.$port")/stat" && [[ ${{fields[2]}} != Z ]]
"""
    ),
    "nvidia-smi": (
        """#!/bin/bash
printf '%s\\n' "$*" >>"$STUBS/smi"
[[ $1 == -i ]] || exit 9
case "$3" in
--query-gpu=uuid) case "$2" in GPU-*) echo "$2" ;; *) echo "GPU-of-$2" ;; esac ;;
--query-gpu=name,memory.total) echo "Stub GPU, ${{STUB_MEMORY:-200000}}" ;;
-c) ;;
*) exit 9 ;;
esac
"""
    ),
    "nvidia-cuda-mps-control": (
        """#!/bin/bash
if [[ ${{1:-}} == -d ]]; then
	[[ -d $CUDA_MPS_PIPE_DIRECTORY && -d $CUDA_MPS_LOG_DIRECTORY ]] || exit 9
	printf '%s\\n' "$CUDA_VISIBLE_DEVICES" >"$STUBS/mps"
else
	[[ -f $STUBS/mps ]] || exit 1
	read -r word
	[[ $word != quit ]] || rm "$STUBS/mps"
fi
"""
    ),
}


class Machine:
    """A bundle on a machine of stubs."""

    def __init__(self, folder: Path, source: PlanAndScenario) -> None:
        self.bundle, self.stubs = folder / "bundle", folder / "stubs"
        write_bundle_folder(build_bundle(source, ON, ["shell"]), self.bundle)
        self.deployment = build_deployment(source.plan.content, source.loaded.instance, ON)
        self.stubs.mkdir()
        for name, text in STUBS.items():
            (self.stubs / name).write_text(text.format(python=sys.executable), encoding="utf-8")
            (self.stubs / name).chmod(0o755)

    def set(self, **values: str) -> None:
        """Add lines to deploy.env as an operator does, each value one quoted word."""
        quoted = {key: "'" + value.replace("'", "'\\''") + "'" for key, value in values.items()}
        with open(self.bundle / "deploy.env", "a", encoding="utf-8") as stream:
            stream.writelines(f"{key}={value}\n" for key, value in quoted.items())

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.stubs}:/usr/bin:/bin"
        places = {
            "MPS_DIRECTORY": str(self.stubs / "pipe"),
            "MPS_LOG_DIRECTORY": str(self.stubs / "log"),
        }
        quick = {"POLL_SECONDS": "0.05", "START_SECONDS": "60", "STOP_SECONDS": "20"}
        settings = {
            "PATH": path,
            "HOME": str(self.stubs),
            "STUBS": str(self.stubs),
            **places,
            **quick,
            **environment,
        }
        return subprocess.run(
            [self.bundle / "deploy.sh", *words],
            cwd="/",
            env=settings,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def events(self) -> list[dict[str, Any]]:
        path = self.stubs / "events"
        return (
            [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if path.exists()
            else []
        )

    def alive(self) -> list[int]:
        """Process ids of servers that run."""
        found = [int(path.read_text(encoding="utf-8")) for path in self.stubs.glob("up.*[0-9]")]
        return [pid for pid in found if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            != "Z"
        )
    except OSError:
        return False


@pytest.fixture
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    found = Machine(tmp_path, CASES[getattr(request, "param", "shared")]())
    found.set(**{llm["model_key"]: f"{MODEL} {llm['label']}" for llm in found.deployment["llms"]})
    found.set(VLLM_API_KEY=KEY)
    yield found
    for pid in found.alive():
        os.killpg(pid, signal.SIGKILL)


every_machine = pytest.mark.parametrize("machine", CASES, indirect=True)


def node_of(machine: Machine, label: str) -> dict[str, Any]:
    return next(node for node in machine.deployment["nodes"] if node["label"] == label)


@every_machine
def test_shellcheck_finds_nothing(machine: Machine) -> None:
    done = subprocess.run(
        [need("shellcheck"), machine.bundle / "deploy.sh"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


@every_machine
def test_what_arrives_is_what_the_plan_says(machine: Machine) -> None:
    for node in machine.deployment["nodes"]:
        machine.stubs.joinpath("events").unlink(missing_ok=True)
        done = machine.run("start", node["label"])
        assert done.returncode == 0, done.stderr
        events = machine.events()
        started = {event["port"]: event for event in events if event["event"] == "start"}
        assert set(started) == {str(row["port"]) for row in node["servers"]}
        for row in node["servers"]:
            event = started[str(row["port"])]
            assert event["argv"] == [
                "serve",
                f"{MODEL} {row['llm']}",
                *vllm_serve_flags(row, "fleet", row["port"]),
                "--host=127.0.0.1",
            ]
            environment = event["environment"]
            assert environment["VLLM_API_KEY"] == KEY
            assert environment["CUDA_VISIBLE_DEVICES"] == ",".join(
                f"GPU-of-{gpu}" for gpu in row["gpus"]
            )
            share = environment.get("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE")
            assert share == (f"{row['mps_share_pct']:g}" if row["shared"] else None)
            assert environment.get("CUDA_MPS_PIPE_DIRECTORY") == (
                str(machine.stubs / "pipe") if row["shared"] else None
            )
            limits = ",".join(f"{k}={row['memory_limit_mib']}M" for k in range(row["tp_degree"]))
            assert environment.get("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT") == (
                limits if row["shared"] else None
            )
        assert_serial(node, [(event["event"], event["port"]) for event in events])
        assert machine.run("stop", node["label"]).returncode == 0
        assert machine.alive() == []
    assert not list(machine.bundle.parent.rglob("PWNED"))
    assert not Path("PWNED").exists()
    assert not Path("/PWNED").exists()


def assert_serial(node: dict[str, Any], reported: list[tuple[str, str]]) -> None:
    """A server starts after those before it on its GPUs are up."""
    ports = {row["name"]: str(row["port"]) for row in node["servers"]}
    for row in node["servers"]:
        for other in row["after"]:
            assert reported.index(("up", ports[other])) < reported.index(
                ("start", ports[row["name"]])
            )


def test_mps_is_there_first_and_goes_last(machine: Machine) -> None:
    label = machine.deployment["nodes"][0]["label"]
    assert machine.run("start", label).returncode == 0
    shared = [gpu["at"] for gpu in node_of(machine, label)["gpus"] if gpu["shared"]]
    assert shared
    assert (machine.stubs / "mps").read_text(encoding="utf-8").strip() == ",".join(
        f"GPU-of-{gpu}" for gpu in shared
    )
    assert machine.run("stop", label).returncode == 0
    assert not (machine.stubs / "mps").exists()
    modes = [
        line.split()
        for line in (machine.stubs / "smi").read_text(encoding="utf-8").splitlines()
        if " -c " in line
    ]
    assert [(words[1], words[3]) for words in modes] == [
        (str(gpu), mode) for mode in ("EXCLUSIVE_PROCESS", "DEFAULT") for gpu in shared
    ]


@pytest.mark.slow
def test_start_again_starts_what_has_stopped(machine: Machine) -> None:
    label = machine.deployment["nodes"][0]["label"]
    assert machine.run("start", label).returncode == 0
    before = len(machine.events())
    assert machine.run("start", label).returncode == 0
    assert len(machine.events()) == before
    victim = machine.alive()[0]
    os.killpg(victim, signal.SIGKILL)
    end = time.monotonic() + UNHURRIED_S
    while victim in machine.alive() and time.monotonic() < end:
        time.sleep(0.02)
    assert " stopped" in machine.run("status", label).stdout
    assert machine.run("start", label).returncode == 0
    assert len(machine.events()) == before + 2
    assert machine.run("status", label).stdout.count("healthy") == len(
        node_of(machine, label)["servers"]
    )


def test_a_server_that_ends_early_is_reported_with_its_log(machine: Machine) -> None:
    (machine.stubs / "fails").touch()
    done = machine.run("start", machine.deployment["nodes"][0]["label"])
    assert done.returncode == 1
    assert "ended before it was healthy: Free memory on device is less than desired" in done.stderr


def test_what_is_missing_is_reported_before_anything_starts(machine: Machine) -> None:
    label = machine.deployment["nodes"][0]["label"]
    assert "too little memory" in machine.run("start", label, STUB_MEMORY="1000").stderr
    key = machine.deployment["llms"][0]["model_key"]
    machine.set(**{key: ""})
    assert f"set {key} in deploy.env" in machine.run("check", label).stderr
    machine.set(VLLM_API_KEY="")
    assert "set VLLM_API_KEY in deploy.env" in machine.run("check", label).stderr
    (machine.stubs / "curl").unlink()
    (machine.stubs / "vllm").unlink()
    assert "vllm is not on PATH" in machine.run("check", label).stderr
    assert machine.events() == []
    assert machine.run("start", "no-such-node").returncode == 2
    assert machine.run().returncode == 2


def test_a_token_in_the_environment_is_kept(machine: Machine) -> None:
    label = machine.deployment["nodes"][0]["label"]
    assert machine.run("start", label, HF_TOKEN="hf_secret").returncode == 0  # noqa: S106
    assert {event["environment"]["HF_TOKEN"] for event in machine.events()} == {"hf_secret"}


def test_servers_listen_on_the_bind_address_and_are_checked_there(machine: Machine) -> None:
    """127.0.0.2 stands for an address in the gateway's network."""
    label = machine.deployment["nodes"][0]["label"]
    machine.set(BIND_ADDRESS="127.0.0.2")
    assert machine.run("start", label).returncode == 0
    assert {event["argv"][-1] for event in machine.events() if event["event"] == "start"} == {
        "--host=127.0.0.2"
    }
    assert "http://127.0.0.2:" in machine.run("status", label).stdout


def test_gpus_by_uuid_go_into_deploy_env(machine: Machine) -> None:
    node = machine.deployment["nodes"][0]
    found = machine.run("gpus", node["label"]).stdout
    assert found.splitlines() == [f"{gpu['key']}=GPU-of-{gpu['at']}" for gpu in node["gpus"]]
    with open(machine.bundle / "deploy.env", "a", encoding="utf-8") as stream:
        stream.write(found.replace("GPU-of-", "GPU-uuid-"))
    assert machine.run("start", node["label"]).returncode == 0
    for event in machine.events():
        assert all(
            gpu.startswith("GPU-uuid-")
            for gpu in event["environment"]["CUDA_VISIBLE_DEVICES"].split(",")
        )
