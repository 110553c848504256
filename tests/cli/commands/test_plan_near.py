"""The command `plan --near`: alternatives are printed and written, wrong current plans refused."""

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.plans.changes.diff import diff_plans
from planner.presentation.alternatives import alternatives_lines, alternatives_table
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.paths import HOME


@pytest.fixture
def scenario(tmp_path: Path) -> list[str]:
    """The template of `init` on four GPUs, as arguments of a command."""
    for name, text in TEMPLATE_TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [str(tmp_path / "scenario.yaml"), "--set", "pools.0.gpus_per_node=4"]


def test_the_command_prints_them(scenario: list[str], tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    run = CliRunner()
    assert (
        run.invoke(
            app, ["plan", *scenario, "--set", "arrival_rate_rps=10", "--quiet", "--json", str(old)]
        ).exit_code
        == 0
    )
    arguments = [
        "plan",
        *scenario,
        "--near",
        "3",
        "--near-loss",
        "20",
        "--current",
        str(old),
        "--json",
        str(new),
    ]
    done = run.invoke(app, arguments, env={"COLUMNS": "80"})
    assert done.exit_code == 0
    assert "Fewest GPUs within it" in done.stdout
    assert "Fewest replicas to start or stop from" in done.stdout
    content = json.loads(new.read_text(encoding="utf-8"))
    jsonschema.validate(
        content, json.loads((HOME / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
    )
    reported = content["context"]["alternatives"]
    assert reported["asked"] == {"number": 3, "loss_pct": 20, "current": str(old)}
    assert len(alternatives_table(content)) == len(reported["plans"]) == 4
    assert len(alternatives_lines(content)) == 5
    assert all(plan["checks"]["verified"] and plan["changes"] for plan in reported["plans"])
    losses = [plan["loss"] for plan in reported["plans"]]
    assert losses == sorted(losses)
    assert sorted(aim for plan in reported["plans"] for aim in plan["aims"]) == [
        "changes",
        "gpus",
        "next",
        "next",
        "next",
    ]
    assert reported["fewest_gpus"] == {"found": 2, "proved": 2}
    assert reported["fewest_changes"] == {"found": 0, "proved": 0, "plan_found": 1}


def test_without_near_nothing_is_added(scenario: list[str], tmp_path: Path) -> None:
    run, plain, current = CliRunner(), tmp_path / "plain.json", tmp_path / "current.json"
    assert run.invoke(app, ["plan", *scenario, "--quiet", "--json", str(plain)]).exit_code == 0
    assert (
        run.invoke(
            app, ["plan", *scenario, "--quiet", "--current", str(plain), "--json", str(current)]
        ).exit_code
        == 0
    )
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in (plain, current)]
    assert all("alternatives" not in content["context"] for content in contents)
    assert contents[0]["options"] == contents[1]["options"]
    assert not diff_plans(*contents).steps


def test_a_current_plan_that_cannot_run_is_bad_input(scenario: list[str], tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.json"
    run = CliRunner()
    assert run.invoke(app, ["plan", *scenario, "--current", str(nothing)]).exit_code == 2
    assert (
        run.invoke(
            app,
            ["plan", *scenario, "--set", "arrival_rate_rps=900", "--quiet", "--json", str(nothing)],
        ).exit_code
        == 3
    )
    done = run.invoke(app, ["plan", *scenario, "--current", str(nothing)])
    assert done.exit_code == 2
    assert "no plan that could run" in done.stderr
