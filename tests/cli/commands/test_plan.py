"""The command plan: exit codes, streams and files; a hand-made search, then the real one."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from planner.settings import Settings
from tests.support.instances.stand_in_search import (
    PutSearch,
    hand_made_plan,
    no_plan,
    run_plan_command,
)
from tests.support.paths import HOME
from tests.support.planner_run import run_planner
from tests.support.scenarios.small_scenarios import write_hard_scenario, write_scenario


@pytest.mark.parametrize(
    ("status", "code"), [("optimal", 0), ("infeasible", 3), ("feasible", 4), ("unknown", 5)]
)
def test_exit_code_follows_status(
    search: PutSearch, tmp_path: Path, status: str, code: int
) -> None:
    bound = 0.9 if status == "optimal" else 0.95
    search(
        lambda i, s, progress, cancel: (
            hand_made_plan(i, status, bound)
            if status in ("optimal", "feasible")
            else no_plan(status)
        )
    )
    outcome = run_plan_command(write_scenario(tmp_path), "--json", tmp_path / "plan.json")
    assert outcome.exit_code == code, outcome.output
    assert status in outcome.stdout.splitlines()[1]
    assert json.loads((tmp_path / "plan.json").read_text())["status"] == status


def test_json_on_standard_output_is_alone(search: PutSearch, tmp_path: Path) -> None:
    search(lambda i, s, progress, cancel: hand_made_plan(i))
    outcome = run_plan_command(write_scenario(tmp_path), "--json", "-")
    content = json.loads(outcome.stdout)
    assert content["quality"] == 0.9
    assert content["scenario_path"] == (tmp_path / "scenario.yaml").as_posix()


def test_limits_reach_the_search_and_the_plan(search: PutSearch, tmp_path: Path) -> None:
    requested: list[Settings] = []
    search(lambda i, s, progress, cancel: requested.append(s) or hand_made_plan(i))
    outcome = run_plan_command(
        write_scenario(tmp_path),
        "--time-limit",
        7,
        "--rel-gap",
        1e-05,
        "--set",
        "arrival_rate_rps=12",
        "--json",
        "-",
    )
    assert requested == [Settings(rel_gap=1e-5, time_limit=7.0)]
    assert json.loads(outcome.stdout)["overrides"] == {
        "arrival_rate_rps": 12,
        "solver.time_limit_s": 7.0,
        "solver.rel_gap": 1e-05,
    }


def test_quiet_prints_the_verdict_alone(search: PutSearch, tmp_path: Path) -> None:
    search(lambda i, s, progress, cancel: hand_made_plan(i))
    outcome = run_plan_command(write_scenario(tmp_path), "--quiet")
    assert len(outcome.stdout.splitlines()) == 3
    assert outcome.stderr == ""


def test_bad_input_lists_every_fault(search: PutSearch, tmp_path: Path) -> None:
    search(lambda i, s, progress, cancel: hand_made_plan(i))
    path = write_scenario(tmp_path)
    path.write_text(
        path.read_text().replace("nodes: 1", "nodes: 0").replace("version: 1", "version: 7")
    )
    outcome = run_plan_command(path)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert "pools.0.nodes" in outcome.stderr
    assert "version" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.yaml"],
        ["{}", "--set", "nonsense"],
        ["{}", "--rel-gap", "-1"],
        ["{}", "--time-limit", "nan"],
    ],
)
def test_wrong_values_are_exit_2(search: PutSearch, tmp_path: Path, arguments: list[str]) -> None:
    search(lambda i, s, progress, cancel: hand_made_plan(i))
    path = write_scenario(tmp_path)
    outcome = run_plan_command(*[a.format(path) for a in arguments])
    assert outcome.exit_code == 2, outcome.output
    assert outcome.stderr


@pytest.mark.parametrize(
    ("target", "problem"),
    [("no/such/folder/plan.json", "there is no folder"), (".", "this is a folder")],
)
def test_unwritable_target_is_found_before_the_search(
    search: PutSearch, tmp_path: Path, target: str, problem: str
) -> None:
    search(lambda i, s, progress, cancel: pytest.fail("the search has begun"))
    outcome = run_plan_command(write_scenario(tmp_path), "--json", tmp_path / target)
    assert outcome.exit_code == 2
    assert f"--json cannot be written: {problem}" in outcome.stderr


def test_a_bug_is_no_answer(search: PutSearch, tmp_path: Path) -> None:
    search(lambda i, s, progress, cancel: hand_made_plan(i, bound=0.8))
    outcome = run_plan_command(write_scenario(tmp_path), "--json", tmp_path / "plan.json")
    assert outcome.exit_code == 1
    assert "bug of the planner" in str(outcome.exception)
    assert not (tmp_path / "plan.json").exists()


def real(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_planner(["plan", *map(str, arguments)], HOME)


def test_real_plan(tmp_path: Path) -> None:
    """Started as a user does it."""
    command = [sys.executable, "-m", "planner", "plan", write_scenario(tmp_path), "--json", "-"]
    outcome = subprocess.run(
        command, cwd=HOME, capture_output=True, text=True, timeout=120, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    content = json.loads(outcome.stdout)
    jsonschema.validate(
        content,
        json.loads((HOME / "docs" / "plan.schema.json").read_text()),
        cls=jsonschema.Draft202012Validator,
    )
    assert content["quality"] == pytest.approx(0.9), (
        "every prompt gets its best LLM: 10 req/s fit easily"
    )
    assert "HiGHS" not in outcome.stderr


def test_real_infeasible(tmp_path: Path) -> None:
    outcome = real(write_scenario(tmp_path, rate=200.0), "--json", tmp_path / "plan.json")
    assert outcome.returncode == 3, outcome.stderr
    content = json.loads((tmp_path / "plan.json").read_text())
    jsonschema.validate(
        content,
        json.loads((HOME / "docs" / "plan.schema.json").read_text()),
        cls=jsonschema.Draft202012Validator,
    )
    changes = {repair["change"]: repair["to"] for repair in content["conflict"]["repairs"]}
    assert changes["arrival_rate_rps"] <= 80, "two replicas of at most 40 req/s"
    assert changes["pools.0.nodes"] == 3, "200 req/s need five GPUs"


def test_real_time_limit(tmp_path: Path) -> None:
    outcome = real(write_hard_scenario(tmp_path), "--time-limit", "1", "--json", "-")
    content = json.loads(outcome.stdout)
    assert (outcome.returncode, content["status"]) in {(4, "feasible"), (5, "unknown")}, (
        outcome.stderr
    )
