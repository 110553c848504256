"""The command `baselines`."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.studies.baselines.comparison import NAMES
from profiles.io.writing import safely_written_cell, write_csv
from tests.support.scenarios.small_scenarios import write_scenario


def test_the_command(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    done = CliRunner().invoke(
        app, ["baselines", str(write_scenario(tmp_path)), "--csv", str(table)]
    )
    assert done.exit_code == 0, done.output
    assert "two-stage" in done.output
    assert "promised by the predictor" in done.output
    with table.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["Baseline"] for row in rows] == ["joint plan", *NAMES]
    assert float(rows[0]["Quality (mean score)"]) == pytest.approx(0.9)


def test_grades_say_what_every_plan_gives(tmp_path: Path) -> None:
    scenario, table = write_scenario(tmp_path), tmp_path / "table.csv"
    scores = pd.read_csv(tmp_path / "scores.csv")
    llms = [name for name in scores.columns if name not in ("prompt_id", "weight")]
    scores[llms] = 1 - scores[llms]
    scores.to_csv(tmp_path / "grades.csv", index=False)
    arguments = ["baselines", str(scenario), "--grades", str(tmp_path / "grades.csv")]
    done = CliRunner().invoke(app, [*arguments, "--csv", str(table), "--quiet"])
    assert done.exit_code == 0, done.output
    assert "held-out grades the joint plan" in done.output
    rows = pd.read_csv(table)
    promised = rows["Promised, graded prompts (mean score)"]
    assert promised[0] == pytest.approx(rows["Quality (mean score)"][0], abs=1e-5)
    assert rows["Realised (mean grade)"][0] == pytest.approx(1 - promised[0], abs=1e-5)
    done = CliRunner().invoke(app, [*arguments[:3], str(tmp_path / "none.csv")])
    assert done.exit_code == 2
    assert "there is no such file" in done.output


def test_infeasible_bad_input_and_bad_paths(tmp_path: Path) -> None:
    path = str(write_scenario(tmp_path))
    infeasible = CliRunner().invoke(
        app, ["baselines", path, "--set", "arrival_rate_rps=1000", "--quiet"]
    )
    assert infeasible.exit_code == 3
    assert "infeasible" in infeasible.output
    assert CliRunner().invoke(app, ["baselines", path, "--set", "nothing=1"]).exit_code == 2
    assert (
        CliRunner()
        .invoke(app, ["baselines", path, "--csv", str(tmp_path / "no" / "table.csv")])
        .exit_code
        == 2
    )


def test_csv_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    assert [
        safely_written_cell(v)
        for v in ("=cmd()", "+1", "-x", "@a", " =1", "\uff1d1", "plain", -1.5, None)
    ] == ["'=cmd()", "'+1", "'-x", "'@a", "' =1", "'\uff1d1", "plain", -1.5, None]
    write_csv(pd.DataFrame({"=head": ["=1+1", "a,b"], "n": [-0.5, 2.0]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "'=head,n\n'=1+1,-0.5\n\"a,b\",2\n"
