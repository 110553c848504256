"""`check` of a day on the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.cli.terminal.frame import NEGATIVE_VERDICT
from planner.errors import VerificationError
from planner.studies import cell_crosscheck
from tests.cli.commands.test_cell_baselines import PROFILES, SMALL
from tests.support.scenarios.demand_case import write_day


@pytest.fixture
def small(tmp_path: Path) -> str:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SMALL)
    (tmp_path / "profiles.csv").write_text(PROFILES)
    (tmp_path / "scores.csv").write_text("prompt_id,a\nx,0.5\n")
    return str(scenario)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80"})
    return done.exit_code, done.stdout if done.exit_code == 0 else done.output


def test_one_class_agrees(small: str) -> None:
    code, text = run("check", small)
    assert code == 0
    assert "small: 1 class in 2 cases" in text
    assert "agree: joint plan and decomposition both find quality 0.500000" in text
    assert text.count(" agree") == 2  # a row a case
    assert "best plan of the decomposition has 0.500000" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_several_classes_money_and_lost_nodes_are_reported(tmp_path: Path) -> None:
    # A loss that counts: requests sent outside then cost money.
    changes = ("--set", "solver.rel_gap=0.05", "--set", "cases.2.hours=1")
    code, text = run("check", str(write_day(tmp_path)), *changes)
    told = " ".join(text.split())
    assert code == 0
    assert "brackets: the joint plan lies within all of the decomposition's bounds" in told
    assert "1 case with several classes: bracketed" in told
    assert "1 case in which money counts: bracketed" in told
    assert "1 case with lost nodes" in told
    assert "Over all" in told


def test_no_plan_either_way_agrees(small: str) -> None:
    code, text = run("check", small, "--quiet", "--set", "cases.0.arrival_rate_rps=60")
    assert code == 0
    assert "agree: joint plan and decomposition both find that no plan keeps all limits" in text
    assert "What was compared" not in text


def test_what_the_verifier_has_against_the_plan_turns_the_verdict(
    small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise VerificationError(["a limit is exceeded"])

    monkeypatch.setattr(cell_crosscheck, "build_cells_plan", fails)
    code, text = run("check", small, "--quiet")
    assert code == NEGATIVE_VERDICT
    assert "disagree: joint plan and decomposition contradict each other" in text
    assert "fails the verifier: a limit is exceeded" in " ".join(text.split())
