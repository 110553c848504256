"""From a log of requests to servers: a day is imported, planned, simulated case by case and
exported.
"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.paths import EXAMPLES, HOME

LOG = HOME / "docs" / "example-requests.csv"


def run(*words: object) -> int:
    return CliRunner().invoke(app, [str(word) for word in words]).exit_code


@pytest.mark.slow
def test_a_day_of_a_log_is_planned_simulated_and_exported(tmp_path: Path) -> None:
    day, plan, seen = tmp_path / "day", tmp_path / "plan.json", tmp_path / "seen.json"
    into = ("--scale", 1000, "--by", "period", "--into", EXAMPLES / "day" / "scenario.yaml")
    assert run("demand", "import", LOG, *into, "--to", day) == 0
    quick = ("--rel-gap", 0.5, "--time-limit", 30, "--quiet")
    assert run("plan", day / "scenario.yaml", "--json", plan, *quick) == 0
    code = run("simulate", plan, "--minutes", 0.5, "--json", seen)
    content = json.loads(seen.read_text(encoding="utf-8"))
    assert code == (6 if content["verdict"] == "misses" else 0)
    assert [entry["case"] for entry in content["cases"]] == [
        *("07:00-16:00", "16:00-19:00", "19:00-23:00", "23:00-07:00"),
    ]
    assert all(len(entry["classes"]) == 2 for entry in content["cases"])
    assert run("export", plan, "--to", tmp_path / "deploy") == 0
    clock = (tmp_path / "deploy" / "clock.csv").read_text(encoding="utf-8")
    assert "07:00,07:00-16:00\n16:00,16:00-19:00\n" in clock
