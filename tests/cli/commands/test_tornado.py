"""The commands `tornado` and `thresholds`: what they print at 80 columns, write and return."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.cli.commands import thresholds as thresholds_command
from planner.cli.commands import tornado as tornado_command
from planner.studies.sensitivity.thresholds import ThresholdEnd
from tests.support.scenarios.scenario_case import SCENARIO, case

__all__ = ["case"]

COST = "objective={minimize: cost, quality_at_least: 0.5}"


def run(command: str, folder: Path, *arguments: str) -> tuple[int, str]:
    path = str(folder / "scenario.yaml")
    done = CliRunner().invoke(
        app, [command, path, "--jobs", "1", *arguments], env={"COLUMNS": "80"}
    )
    assert max(map(len, done.stdout.splitlines()), default=0) <= 80
    return done.exit_code, " ".join(done.output.split())


def test_a_tornado_is_printed_ranked_and_written(case: Path) -> None:
    assert "arrival_rate_rps: 5" in SCENARIO
    out = case / "t.csv"
    code, text = run("tornado", case, "--csv", str(out))
    assert code == 0
    assert "tiny: " in text
    assert "moved by 10 %" in text
    assert "Most by " in text
    assert "Nodes move by whole ones" in text
    frame = pd.read_csv(out)
    assert frame["Rank"].is_monotonic_increasing
    swings = frame[frame["Change (mean score)"].notna()]["Swing of the input (mean score)"]
    assert swings.is_monotonic_decreasing
    assert set(frame["Input"]) >= {"arrival rate", "scores of NA", "latencies of NO"}
    assert (frame["Found (mean score)"] <= frame["Best possible (mean score)"] + 1e-9).all()


def test_thresholds_are_sentences_and_a_table(case: Path) -> None:
    out = case / "t.csv"
    code, text = run("thresholds", case, "--set", COST, "--precision", "50", "--csv", str(out))
    assert code == 0
    assert "Today's setup: " in text
    assert "Arrival rate: it stays the best from" in text
    assert "Price of a GPU of pool a: it stays the best from" in text
    frame = pd.read_csv(out).set_index("Input")
    row = frame.loc["arrival rate"]
    assert row["Best down to"] <= row["Today"] <= row["Best up to"]
    assert row["Precision"] == pytest.approx(2.5)


@pytest.mark.parametrize("command", ["tornado", "thresholds"])
def test_without_a_plan_today_there_is_nothing_to_move(case: Path, command: str) -> None:
    code, text = run(command, case, "--set", "arrival_rate_rps=900")
    assert code == 3
    assert "today's plan is infeasible" in text
    assert "do not carry 900 req/s" in text


def test_what_is_stopped_says_so(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tornado_command.plan_tornado

    def stopped(*arguments, cancel, **how):  # type: ignore[no-untyped-def]
        def progress(_: object) -> None:
            cancel.set()

        return real(*arguments, cancel=cancel, **{**how, "progress": progress})

    monkeypatch.setattr(tornado_command, "plan_tornado", stopped)
    code, text = run("tornado", case)
    assert code == 4
    assert "stopped; the ends planned until then" in text


def test_a_threshold_that_was_stopped_says_how_far_it_was_looked(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    real = thresholds_command.find_thresholds

    def stopped(*arguments, **how):  # type: ignore[no-untyped-def]
        found = real(*arguments, **how)
        end = ThresholdEnd(kept=6.0, beyond=7.0, plan=None, certain=False, complete=False)
        row = replace(found.rows[0], low=None, high=end)
        return replace(found, rows=(row,), complete=False)

    monkeypatch.setattr(thresholds_command, "find_thresholds", stopped)
    code, text = run("thresholds", case, "--precision", "50")
    assert code == 4
    assert "from ? to 6 (stopped; looked up to there) req/s" in text
    assert "Above, at 7 req/s: no plan." in text
