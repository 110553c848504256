"""The command `sweep`: its file, going on after a stop."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.cli.commands import sweep as command
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S

TRIO = HOME / "examples" / "paper-trio" / "scenario.yaml"

FEW = ["setups.tp_degrees=[2]", "setups.mps_shares_pct=[30, 50, 70, 100]"]

SETS = [word for one in FEW for word in ("--set", one)]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(
        app, ["sweep", str(TRIO), *SETS, "--jobs", "1", *arguments], env={"COLUMNS": "80"}
    )
    return done.exit_code, done.stdout if done.exit_code == 0 else done.output


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_the_file_holds_every_point(tmp_path: Path, name: str) -> None:
    code, text = run(
        "--vary",
        "arrival_rate_rps=50,500",
        "--vary",
        "pools.0.nodes=1,2",
        "--csv",
        str(tmp_path / name),
    )
    assert code == 0
    assert max(map(len, text.splitlines())) <= 80
    frame = (
        pd.read_parquet(tmp_path / name)
        if name.endswith("parquet")
        else pd.read_csv(tmp_path / name)
    )
    assert list(frame["Status"]) == ["optimal", "optimal", "infeasible", "infeasible"]
    assert not list(tmp_path.glob("*.partial"))


def test_a_stopped_sweep_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, vary = tmp_path / "s.csv", ("--vary", "arrival_rate_rps=40:70:10")
    real = command.sweep

    def stopped(*arguments, cancel, **how):  # type: ignore[no-untyped-def]
        keep = how["store"].keep
        how["store"].keep = lambda point: (keep(point), cancel.set())
        return real(*arguments, cancel=cancel, **how)

    monkeypatch.setattr(command, "sweep", stopped)
    code, text = run(*vary, "--csv", str(out))
    assert code == 4
    assert "goes on from there" in text
    journal = Path(f"{out}.partial")
    assert len(journal.read_text(encoding="utf-8").splitlines()) == 2
    with journal.open("a", encoding="utf-8") as stream:
        stream.write('{"number": 2, "val')
    planned: list[int] = []
    monkeypatch.setattr(
        command, "sweep", lambda *a, **how: (planned.extend(how["store"].done), real(*a, **how))[1]
    )
    assert run(*vary, "--csv", str(out))[0] == 0
    assert planned == [0]
    assert len(pd.read_csv(out)) == 4
    journal.write_text(json.dumps({"key": "another sweep"}) + "\n", encoding="utf-8")
    planned.clear()
    assert run(*vary, "--csv", str(out))[0] == 0
    assert not planned


def test_bad_axes_are_all_reported() -> None:
    code, text = run("--vary", "arrival_rate_rps", "--vary", "a=1:2:0")
    assert code == 2
    assert text.count("--vary") >= 2


@pytest.mark.slow
def test_a_signal_to_the_whole_group_keeps_what_is_done_in_silence(tmp_path: Path) -> None:
    """A supervisor ends all processes of a sweep at once; the workers' end is no fault."""
    rates = ",".join(str(rate) for rate in range(40, 80))
    line = ["sweep", str(TRIO), *SETS, "--jobs", "2", "--quiet", "--csv", "s.csv"]
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", *line, "--vary", f"arrival_rate_rps={rates}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = tmp_path / "s.csv.partial"
    end = time.monotonic() + UNHURRIED_S
    while not journal.exists() or len(journal.read_text().splitlines()) < 3:
        assert time.monotonic() < end
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGTERM)
    shown, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (4, "")
    assert "the same command goes on from there" in shown
    assert len(pd.read_csv(tmp_path / "s.csv")) >= 2
