"""The command `scores check`."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from profiles.score_tables.scores import load_scores


def check(*arguments: str, width: int = 80) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": str(width)}).invoke(app, ["scores", "check", *arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def tables(tmp_path: Path) -> tuple[str, str]:
    rng = np.random.default_rng(1)
    chance = rng.random((400, 2))
    ids = [f"p{k}" for k in range(400)]
    for name, values in (
        ("scores.csv", chance + rng.normal(0, 0.4, chance.shape)),
        ("grades.csv", (rng.random(chance.shape) < chance).astype(int)),
    ):
        frame = pd.DataFrame(values, columns=["large", "small"])
        frame.insert(0, "prompt_id", ids)
        frame.to_csv(tmp_path / name, index=False)
    return str(tmp_path / "scores.csv"), str(tmp_path / "grades.csv")


def test_it_writes_chart_json_and_a_table_that_is_read_again(
    tables: tuple[str, str], tmp_path: Path
) -> None:
    out, charts, report = tmp_path / "o.csv", tmp_path / "charts", tmp_path / "o.json"
    code, text, err = check(
        tables[0],
        *("--grades", tables[1], "--out", str(out), "--charts", str(charts)),
        *("--json", str(report)),
    )
    assert code == 0, err
    assert "optimistic: the best score" in text
    assert "of the false promise away" in text
    assert max(map(len, text.splitlines())) <= 80
    assert {path.name for path in charts.iterdir()} == {"calibration.png", "calibration.svg"}
    calibrated, _ = load_scores(out, ["large", "small"])
    assert calibrated.provenance == "calibrated"
    grades, _ = load_scores(tables[1], ["large", "small"])
    assert calibrated.values.mean(axis=1) == pytest.approx(grades.values.mean(axis=1))
    content = json.loads(report.read_text())
    assert content["verdict"] == "optimistic"
    code, again, _ = check(tables[0], "--grades", tables[1], "--json", "-")
    assert (code, json.loads(again)) == (0, content)


def test_isotonic_and_standard_output(tables: tuple[str, str]) -> None:
    code, text, _ = check(
        tables[0], "--grades", tables[1], "--fit", "isotonic", "--out", "-", "--quiet"
    )
    assert code == 0
    assert text.startswith("prompt_id,provenance,large,small\np0,calibrated,0.")


def test_without_grades_nothing_can_be_calibrated(tables: tuple[str, str], tmp_path: Path) -> None:
    code, text, _ = check(tables[0], width=200)
    assert (code, "not graded: " in text) == (0, True)
    code, _, err = check(tables[0], "--out", str(tmp_path / "o.csv"), "--charts", str(tmp_path))
    assert code == 2
    assert err.count("without grades there is nothing to write") == 2
    assert not (tmp_path / "o.csv").exists()


def test_faults_have_file_row_column_and_fix(tables: tuple[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("prompt_id,large\np0,good\np1,0.5\n")
    code, _, err = check(str(bad), "--grades", str(tmp_path / "none.csv"))
    assert code == 2
    assert "bad.csv:row 2, column large: this is not a number, got 'good'" in err
    assert "none.csv: there is no such file" in err


def test_a_folder_that_cannot_be_made_ends_before_the_work(tables: tuple[str, str]) -> None:
    code, text, err = check(tables[0], "--grades", tables[1], "--charts", tables[0])
    assert (code, text) == (2, "")
    assert "--charts names a file" in err


def test_an_input_is_not_overwritten(tables: tuple[str, str]) -> None:
    before = Path(tables[0]).read_bytes()
    code, _, err = check(tables[0], "--grades", tables[1], "--out", tables[0])
    assert code == 2
    assert "it is one of the inputs" in err
    assert Path(tables[0]).read_bytes() == before
