"""The command route on a plan over cells: streams, files, exit codes."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.plans.cells_plans import write_day_plan
from tests.support.plans.old_examples import OLD_PLANS


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_day_plan(Path(tmp_path_factory.mktemp("day"))))


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["route", *words], env={"COLUMNS": "100"})


def test_the_words_that_are_missing_are_listed(plan: str) -> None:
    outcome = run(plan)
    assert outcome.exit_code == 2
    assert "name one with --class: chat, batch" in outcome.stderr
    assert "name one with --case: day, night, node-lost" in outcome.stderr


def test_a_cell_is_reported_and_written(plan: str, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.out" for name in ("csv", "json", "choices")}
    written = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    outcome = run(plan, "--class", "batch", "--case", "day", *written)
    assert outcome.exit_code in (0, 6)
    for heading in ("Prices of this class and case", "Lanes", "Limits", "What this rests on"):
        assert heading in outcome.stdout
    content = json.loads(files["json"].read_text())
    assert content["class"] == "batch"
    assert content["lanes"]
    with files["choices"].open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["prompt_id"] for row in rows] == ["b1", "b2", "b3"]
    assert {row["llm"] for row in rows} <= {"NO", "NA"}
    assert files["csv"].read_text().startswith("Routing")


def test_json_on_standard_output_is_alone(plan: str) -> None:
    outcome = run(plan, "--class", "chat", "--case", "node-lost", "--loss", "1", "--json", "-")
    assert json.loads(outcome.stdout)["loss"] == 0


def test_prices_over_load_are_refused(plan: str) -> None:
    outcome = run(plan, "--class", "chat", "--case", "day", "--rates")
    assert outcome.exit_code == 2
    assert "prices for its cases, not over load" in outcome.stderr


def test_a_plan_of_one_class_takes_none_of_the_words() -> None:
    outcome = run(str(OLD_PLANS / "paper-trio.json"), "--class", "chat", "--loss", "0")
    assert outcome.exit_code == 2
    assert outcome.stderr.count("the plan has one class in one case") in (0, 2)
