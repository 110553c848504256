"""The command `profile derate`."""

from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from profiles.curves import load_curves

TABLE = """llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,neighbours
a,H,1,50,1,50,idle
a,H,1,50,2,90,idle
a,H,1,100,1,40,
a,H,1,100,3,80,
"""


def derate(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["profile", "derate", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_it_writes_a_table_that_is_read_again(tmp_path: Path) -> None:
    path, out = tmp_path / "p.csv", tmp_path / "o.csv"
    path.write_text(TABLE)
    code, _, err = derate(str(path), "--out", str(out))
    assert code == 0
    assert "1 curve derated for busy neighbours, 1 of them held against the whole GPU's" in err
    half, whole = load_curves(out).options
    assert half.neighbours == "busy"
    assert half.rates[-1] <= 1.5
    assert whole.rates.tolist() == [1, 3]
    code, _, err = derate(str(out))
    assert code == 0
    assert "No curve of a share says that its neighbours were idle" in err


def test_faults_are_told(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(TABLE.replace("idle", "sleepy"))
    code, _, err = derate(str(path))
    assert code == 2
    assert "row 2, column neighbours" in err
    path.write_text(TABLE)
    code, _, err = derate(str(path), "--sharing-loss", "95")
    assert code == 2
    assert "--sharing-loss" in err
