"""`plan --robust-to`: what is written, its exit codes, and faulty arguments."""

import json
from pathlib import Path

import pytest

from planner.cli.commands.robust_plan import read_robust_demand
from planner.errors import DataError
from tests.support.planner_run import run_planner


def test_the_plan_has_the_headroom_as_an_override_and_simulates(tmp_path: Path) -> None:
    assert run_planner(["init", "s"], tmp_path).returncode == 0
    done = run_planner(
        ["plan", "s/scenario.yaml", "--robust-to", "cv=2", "--json", "p.json", "--quiet"], tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Robust to gamma arrivals with a coefficient of variation of 2:" in done.stdout
    plan = json.loads((tmp_path / "p.json").read_text())
    found = plan["context"]["robustness"]
    assert plan["overrides"] == {f"headroom.{found['key']}": found["percent"]}
    assert found["kept_pct"] >= 95 > found["kept_without_pct"]
    again = run_planner(["simulate", "p.json", "--cv", "2"], tmp_path)
    assert again.returncode == 0, again.stdout
    assert "holds: the plan holds" in again.stdout


def test_replays_are_spread_only_where_there_are_some(tmp_path: Path) -> None:
    assert run_planner(["init", "s"], tmp_path).returncode == 0
    done = run_planner(["plan", "s/scenario.yaml", "--jobs", "2"], tmp_path)
    assert done.returncode == 2
    assert "only the replays of --robust-to are spread" in done.stderr


@pytest.mark.parametrize("text", ["cv=0", "cv=x", "cv=1e9", "cv=nan"])
def test_a_faulty_variation_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="above 0, at most 100"):
        read_robust_demand(text, 10.0)


def test_a_missing_trace_is_one_fault(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv"):
        read_robust_demand(str(tmp_path / "none.csv"), 10.0)


def test_a_trace_is_replayed_in_real_time(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("arrival_s\n" + "\n".join(f"{k * 0.5}" for k in range(50)), encoding="utf-8")
    demand, words = read_robust_demand(str(trace), 70.0)
    assert demand.gaps is not None
    assert demand.seconds == 600.0
    assert words == "the trace trace.csv, superposed in real time"
