"""The command `check`: verdicts and exit codes."""

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.cli.terminal.frame import NEGATIVE_VERDICT
from planner.decomposition.best_setup import best_setup
from planner.studies import decomposition_run
from tests.support.paths import HOME

TRIO = str(HOME / "examples" / "paper-trio" / "scenario.yaml")

FEW = ["--set", "setups.tp_degrees=[2]", "--set", "setups.mps_shares_pct=[30, 50, 70, 100]"]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80"})
    return done.exit_code, done.stdout if done.exit_code == 0 else done.output


def test_check_agrees_on_the_first_example() -> None:
    code, text = run("check", TRIO)
    assert code == 0
    assert "agree: joint plan and decomposition both find quality 0.6402" in text
    assert "times the joint" in text
    assert max(map(len, text.splitlines())) <= 80


def test_check_says_6_when_they_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decomposition_run, "best_setup", _half_the_rate)
    code, text = run("check", TRIO, *FEW)
    assert code == NEGATIVE_VERDICT
    assert "Planning twice: " in text
    assert "disagree: joint plan and decomposition contradict each other" in text


def _half_the_rate(instance, **how):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return best_setup(replace(instance, arrival_rate=instance.arrival_rate / 2), **how)


def test_check_refuses_what_it_does_not_support() -> None:
    code, text = run("check", str(HOME / "examples" / "cheapest-floor" / "scenario.yaml"))
    assert code == 2
    assert "examines all setups" in text


def test_check_agrees_on_cost_where_it_can_go_through_all_setups() -> None:
    costs = ["--set", "objective={minimize: cost, quality_at_least: 0.6}"]
    code, text = run("check", TRIO, *FEW, *costs)
    assert code == 0
    assert "agree: joint plan and decomposition both find cost" in text


def test_infeasible_both_ways_agrees() -> None:
    code, text = run("check", TRIO, *FEW, "--set", "slo.0.limit_ms=1")
    assert code == 0
    assert "agree: joint plan and decomposition both find that no plan keeps all limits" in text
