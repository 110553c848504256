"""The command `profile merge`."""

from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from profiles.curves import load_curves

ESTIMATED = """llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,ttft_p95_ms,provenance
a,H,1,100,1,50,90,estimated
a,H,1,100,2,90,150,estimated
b,H,1,100,1,40,70,estimated
"""
MEASURED = """llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms
a,H,1,100,1,60
a,H,1,100,1.5,99
"""


def merge(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["profile", "merge", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_it_writes_a_table_that_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(ESTIMATED)
    (tmp_path / "m.csv").write_text(MEASURED)
    out = tmp_path / "o.csv"
    code, _, err = merge(str(tmp_path / "e.csv"), str(tmp_path / "m.csv"), "--out", str(out))
    assert code == 0, err
    assert "2 options (1 from " in err
    one, two = load_curves(out).options
    assert one.rates.tolist() == [1, 1.5]
    assert set(one.latency_ms) == {("ttft", "mean")}
    assert ("ttft", "p95") in two.latency_ms


def test_faults_of_all_tables_are_told_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(ESTIMATED.replace("50,90", "fast,90"))
    (tmp_path / "m.csv").write_text(MEASURED.replace("60", "-1"))
    code, _, err = merge(str(tmp_path / "e.csv"), str(tmp_path / "m.csv"))
    assert code == 2
    assert "e.csv" in err
    assert "m.csv" in err
    code, _, err = merge(str(tmp_path / "e.csv"))
    assert (code, "nothing to merge" in err) == (2, True)
