"""The command `drift`: silent without drift, exit code 6 with."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.plans import cells_plans
from tests.support.scenarios.played_day import PlayedDay, play_day, write_day, write_day_plan
from tests.support.scenarios.played_prometheus import PlayedPrometheus, serve_prometheus
from tests.support.scenarios.played_server import START, play_server

SHORT = 21_600.0


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, ["drift", *map(str, args)], env={"COLUMNS": "80"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift")
    write_day_plan(folder)
    flat = {"load": lambda at: np.ones(len(at)), "seconds": SHORT}
    write_day(folder / "none.json", play_day(PlayedDay(**flat)))
    slower = {"alpha": lambda at: np.full(len(at), 1.5)}
    write_day(folder / "slower.json", play_day(PlayedDay(**flat, slower=slower)))
    return folder


def test_without_drift_it_is_silent(folder: Path):
    done = call(folder / "plan.json", "--prometheus", folder / "none.json", "--quiet")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_the_report_fits_a_terminal(folder: Path, tmp_path: Path):
    out = tmp_path / "drift.json"
    done = call(folder / "plan.json", "--prometheus", folder / "slower.json", "--json", out)
    assert done.exit_code == 6, done.stderr
    assert done.stdout.startswith("two: DRIFT: a curve is off by more than its error")
    for word in ("Rate", "Curves", "SLOWER", "SLO", "Planned again", "What to do"):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "curve" in json.loads(out.read_text(encoding="utf-8"))["findings"]


def test_quiet_says_the_drift_alone_and_json_goes_to_a_pipe(folder: Path):
    day = (folder / "plan.json", "--prometheus", folder / "slower.json")
    done = call(*day, "--quiet")
    assert (done.exit_code, len(done.stdout.splitlines())) == (6, 1)
    done = call(*day, "--quiet", "--json", "-")
    assert done.exit_code == 6
    assert json.loads(done.stdout)["drift"] is True


def test_a_part_of_the_time_is_looked_at(folder: Path):
    done = call(
        *(folder / "plan.json", "--prometheus", folder / "none.json"),
        *("--from", "2026-11-24T06:00Z", "--to", "2026-11-24T07:00Z"),
    )
    assert done.exit_code == 0
    assert "2026-11-24T06:00Z to 2026-11-24T07:00Z" in done.stdout


def test_a_prometheus_is_asked_by_its_address(folder: Path):
    """An hour in which alpha alone answers, at the planned rate and with the TTFT of its curve."""
    labels = {"model_name": "alpha"}
    server = play_server([(3.0, 3600.0)], labels=labels, edges=(0.1, 0.4))
    times = [START + 60.0 * k for k in range(61)]
    with serve_prometheus(PlayedPrometheus({"a:8000": server}, times)) as address:
        done = call(
            *(folder / "plan.json", "--prometheus", address, "--label", "job=llm"),
            *("--from", f"{START:.0f}", "--to", f"{START + 3600:.0f}", "--curve-error", "50"),
        )
    assert done.exit_code == 0, done.stdout
    assert "beta on GPU-X, tp1 100 %: none of 1 planned replicas have metrics" in done.stderr
    assert "the same plan would come out" in done.stdout
    assert "1 server, 12 windows of 5 minutes" in done.stdout


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--from", "soon"), "this is no time"),
        (("--label", "job"), "this is no label"),
        (("--map", "missing.yaml"), "missing.yaml"),
        (("--label", "job=other"), "no vLLM or SGLang server"),
    ],
)
def test_bad_input_is_exit_2(folder: Path, more: tuple[str, str], word: str):
    done = call(folder / "plan.json", "--prometheus", folder / "none.json", *more)
    assert done.exit_code == 2
    assert word in done.stderr


def test_plans_of_classes_and_cases_are_refused(tmp_path: Path):
    done = call(cells_plans.write_day_plan(tmp_path), "--prometheus", tmp_path)
    assert done.exit_code == 2
    assert "this one has classes or cases" in done.stderr
