"""The command simulate on a plan over cells: streams, files, exit codes, restriction."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.plans.cells_plans import write_day_plan


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_day_plan(Path(tmp_path_factory.mktemp("day"))))


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *words, "--minutes", "0.5"], env={"COLUMNS": "140"})


def test_cases_are_reported_and_written(plan: str, tmp_path: Path) -> None:
    file = tmp_path / "simulated.json"
    outcome = run(plan, "--json", str(file))
    content = json.loads(file.read_text())
    assert outcome.exit_code == (6 if content["verdict"] == "misses" else 0)
    assert outcome.stdout.startswith(f"day: {content['verdict']}: ")
    for heading in ("SLOs", "Routing", "In the moment of a loss", "How it was simulated"):
        assert heading in outcome.stdout
    assert [entry["case"] for entry in content["cases"]] == ["day", "night", "node-lost"]


def test_a_case_and_a_class_alone(plan: str) -> None:
    outcome = run(plan, "--case", "day", "--class", "chat", "--json", "-", "--cv", "3")
    (case,) = json.loads(outcome.stdout)["cases"]
    assert [entry["class"] for entry in case["classes"]] == ["chat"]
    assert case["slo"] == []


def test_unknown_names_are_faults(plan: str) -> None:
    outcome = run(plan, "--case", "noon", "--quiet")
    assert outcome.exit_code == 2
    assert "the plan has no such case" in outcome.stderr
