"""The command `setups`: every row, its file, exit codes, Ctrl-C."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S

TRIO = str(HOME / "examples" / "paper-trio" / "scenario.yaml")

FEW = ["--set", "setups.tp_degrees=[2]", "--set", "setups.mps_shares_pct=[30, 50, 70, 100]"]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80"})
    return done.exit_code, done.stdout if done.exit_code == 0 else done.output


def test_setups_prints_and_writes_every_row(tmp_path: Path) -> None:
    out = tmp_path / "setups.csv"
    code, text = run("setups", TRIO, *FEW, "--csv", str(out), "--top", "3", "--jobs", "1")
    assert code == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    enumerated, retained = (
        int(n.replace(",", ""))
        for n in re.search(r"([\d,]+) setups enumerated.*?([\d,]+)\s+retained", text, re.S).groups()
    )  # type: ignore[union-attr]
    assert len(rows) == retained <= enumerated
    assert float(rows[0]["Quality (mean score)"]) == pytest.approx(
        0.62432, abs=1e-4
    )  # the joint plan of these shares
    assert max(map(len, text.splitlines())) <= 80
    assert "Top 3" in text
    assert not list(tmp_path.glob("*.partial"))


def test_setups_without_any_routing_is_infeasible() -> None:
    code, text = run("setups", TRIO, *FEW, "--jobs", "1", "--set", "slo.0.limit_ms=1", "--quiet")
    assert code == 3
    assert "no retained setup has a routing within the SLOs" in text


@pytest.mark.parametrize("command", ["setups", "check"])
def test_bad_input_is_exit_code_2(command: str) -> None:
    code, text = run(command, TRIO, "--set", "slo.0.limit_ms=soon")
    assert code == 2
    assert "slo.0.limit_ms" in text


def test_a_file_that_cannot_be_written_is_reported_before_anything_is_done(tmp_path: Path) -> None:
    code, text = run("setups", TRIO, "--csv", str(tmp_path / "no" / "s.csv"))
    assert code == 2
    assert "--csv cannot be written: there is no folder" in text


def test_ctrl_c_keeps_what_was_routed(tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    many = str(HOME / "examples" / "paper-study" / "8xa100.yaml")
    free = ["--set", "setups.min_gpu_utilization_pct=0"]
    command = [sys.executable, "-m", "planner", "setups", many, *free, "--csv", str(out)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command,
        cwd=HOME,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = Path(f"{out}.partial")
    deadline = time.monotonic() + UNHURRIED_S
    while time.monotonic() < deadline and (
        not journal.exists() or len(journal.read_text(encoding="utf-8").splitlines()) < 3
    ):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all processes hear it
    stdout, stderr = process.communicate(timeout=UNHURRIED_S)
    assert process.returncode == 4, stderr
    assert "stopped" in stdout
    assert "Traceback" not in stderr
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert {row["Status"] for row in rows} >= {"not routed"}
    assert journal.exists()
