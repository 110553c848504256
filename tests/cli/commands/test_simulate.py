"""The command `simulate`: tables, exit codes, faults."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.plans.built_plans import write_trio_plan


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plan.json of the first example with few shares."""
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    write_trio_plan(path)
    return path


def test_simulate_prints_planned_and_simulated(planned: Path) -> None:
    done = CliRunner().invoke(
        app, ["simulate", str(planned), "--minutes", "2"], env={"COLUMNS": "80"}
    )
    assert done.exit_code in (0, 6)
    assert "mean TTFT" in done.stdout
    assert done.stdout.count("Try: plan with --set slo.0.limit_ms=") == 1
    assert "How it was simulated" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_simulate_says_6_when_it_misses(planned: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(planned), "--cv", "5", "--quiet"])
    assert done.exit_code == 6
    assert "misses: the plan misses its SLOs in the simulation" in done.stdout


def test_simulate_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "none.json")])
    assert done.exit_code == 2
