"""The command `demand import`."""

import csv
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.scenario.assemble import assemble_instance
from profiles.io.yaml_text import parse_yaml
from tests.support.paths import EXAMPLES
from tests.support.scenarios.log_files import (
    MESSAGE,
    hourly_csv_text,
    rate_table_text,
    write_every_log,
)
from tests.support.scenarios.small_scenarios import write_scenario

FILES = ["cases.yaml", "demand.csv", "rates.csv"]


def demand_import(*arguments: str, width: int = 80) -> tuple[int, str, str]:
    runner = CliRunner(env={"COLUMNS": str(width)})
    done = runner.invoke(app, ["demand", "import", *arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(hourly_csv_text({"chat": (100, 400, 410, 120), "code": (50, 50, 10, 10)}))
    return path


def test_it_writes_the_cases_and_says_what_they_are(tmp_path: Path, log: Path) -> None:
    folder = tmp_path / "new" / "day"
    code, out, err = demand_import(str(log), "--to", str(folder), "--levels", "2")
    assert code == 0, err
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert max(map(len, out.splitlines())) <= 80
    assert "2 cases of 4 bins of 60 min" in out
    assert "cases.yaml, demand.csv, rates.csv written to" in out
    assert "hours of the cases are their shares of a day" in err
    rows = list(csv.DictReader((folder / "demand.csv").read_text().splitlines()))
    assert float(rows[2]["rate_rps"]) == pytest.approx(410 / 3600)


@pytest.mark.parametrize(
    "name", ["azure.csv", "burst.csv", "mooncake.jsonl", "otlp.jsonl", "plain.csv", "rates.csv",
             "router.jsonl", "spans.json"]
)  # fmt: skip
def test_no_message_reaches_any_output(tmp_path: Path, name: str) -> None:
    trace = write_every_log(tmp_path / "logs")[name]
    code, out, err = demand_import(str(trace), "--to", str(tmp_path / "day"))
    assert code == 0, err
    written = [path.read_text() for path in (tmp_path / "day").iterdir()]
    assert MESSAGE not in "".join([out, err, *written])


def test_faults_show_no_message_either(tmp_path: Path) -> None:
    logs = write_every_log(tmp_path / "logs")
    for name in ("plain.csv", "router.jsonl", "otlp.jsonl"):
        text = logs[name].read_text().replace("100", f'"{MESSAGE}"')
        logs[name].write_text(text.replace('""', '"'))
    code, out, err = demand_import(
        *(str(logs[name]) for name in ("plain.csv", "router.jsonl", "otlp.jsonl")),
        *("--to", str(tmp_path / "day")),
        width=300,
    )
    assert code == 2
    assert err.count("\n") >= 3
    assert MESSAGE not in out + err
    assert not (tmp_path / "day").exists()


def test_nothing_is_overwritten_and_nothing_is_left_on_failure(tmp_path: Path, log: Path) -> None:
    folder = tmp_path / "day"
    folder.mkdir()
    (folder / "demand.csv").write_text("mine")
    code, _, err = demand_import(str(log), "--to", str(folder))
    assert (code, "nothing is overwritten" in err) == (2, True)
    assert os.listdir(folder) == ["demand.csv"]
    assert (folder / "demand.csv").read_text() == "mine"
    code, _, err = demand_import(str(log), "--to", str(log))
    assert (code, "this is a file, not a folder" in err) == (2, True)
    code, _, err = demand_import(str(log), "--to", "/proc/no/day")
    assert (code, "cannot be written" in err) == (2, True)


def test_options_that_make_no_sense_are_all_refused_at_once(tmp_path: Path, log: Path) -> None:
    code, _, err = demand_import(
        *(str(log), "--to", str(tmp_path / "day"), "--bin", "nan", "--quantile", "0"),
        *("--scale", "-1", "--levels", "9" * 400, "--utc-offset", "99", "--length-borders", "5,3"),
        *("--length-classes", "1", "--class", "a", "--class", "a=b"),
    )
    assert code == 2
    for option in ("--bin", "--quantile", "--scale", "--levels", "--utc-offset"):
        assert f"{option}: this must be from" in err
    assert "named twice" in err
    assert "no rising token counts" in err
    assert not (tmp_path / "day").exists()


def test_json_alone_or_beside(tmp_path: Path, log: Path) -> None:
    code, out, _ = demand_import(str(log), "--to", str(tmp_path / "a"), "--json", "-")
    assert code == 0
    assert len(json.loads(out)["cases"]) == 4
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == FILES
    path = tmp_path / "day.json"
    code, out, err = demand_import(
        str(log), "--to", str(tmp_path / "b"), "--json", str(path), "--quiet"
    )
    assert (code, err) == (0, "")
    assert len(out.splitlines()) <= 4
    assert json.loads(path.read_text())["classes"][0]["name"] == "chat"
    code, _, err = demand_import(
        str(log), "--to", str(tmp_path / "c"), "--json", "/dev/full", "--quiet"
    )
    assert (code, "cannot be written" in err) == (2, True)
    assert not (tmp_path / "c").exists()


def test_files_become_classes_and_tables_of_rates_fold(tmp_path: Path, log: Path) -> None:
    code, out, err = demand_import(f"one={log}", "--to", str(tmp_path / "a"), "--quiet")
    assert code == 0, err
    keys = parse_yaml((tmp_path / "a/cases.yaml").read_text(), "cases.yaml", [])
    assert [one["name"] for one in keys["classes"]] == ["one"]
    table = tmp_path / "a=b.csv"
    table.write_text(rate_table_text())
    code, out, err = demand_import(
        *(str(table), "--to", str(tmp_path / "b"), "--by", "hour-of-day", "--class", "chat=x"),
        *("--scale", "0.5", "--quantile", "0.9"),
    )
    assert code == 0, err
    assert "96 windows" not in err
    assert "x " in out
    rows = list(csv.DictReader((tmp_path / "b/demand.csv").read_text().splitlines()))
    assert [float(row["rate_rps"]) for row in rows] == [2.0, 4.0]


def test_a_whole_scenario_is_written_with_the_cases_in_it(tmp_path: Path, log: Path) -> None:
    source = EXAMPLES / "paper-trio/scenario.yaml"
    folder = tmp_path / "day"
    code, out, err = demand_import(str(log), "--to", str(folder), "--into", str(source))
    assert code == 0, err
    merged = parse_yaml((folder / "scenario.yaml").read_text(), "s", [])
    assert (folder / merged["profiles"]).resolve() == EXAMPLES / "paper-trio/profiles.csv"
    assert [case["name"] for case in merged["cases"]] == [f"level-{k}" for k in (1, 2, 3, 4)]
    assert "scenario.yaml" in out
    demand = assemble_instance(folder / "scenario.yaml", cells=True).demand
    assert demand is not None
    assert demand.hours == pytest.approx(24.0)
    assert demand.rates().max() == pytest.approx(410 / 3600)


def test_the_written_scenario_is_planned(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = write_scenario(tmp_path / "in")
    log, folder = tmp_path / "log.csv", tmp_path / "day"
    log.write_text(hourly_csv_text({"chat": (100, 400, 410, 120), "code": (50, 50, 10, 10)}))
    code, _, err = demand_import(
        *(str(log), "--to", str(folder), "--levels", "2", "--scale", "100"),
        *("--into", str(source), "--quiet"),
    )
    assert code == 0, err
    plan = folder / "plan.json"
    done = CliRunner().invoke(app, ["plan", str(folder / "scenario.yaml"), "--json", str(plan)])
    assert done.exit_code in (0, 4), done.stderr  # how good the plan is, other tests say
    cells = json.loads(plan.read_text())["cells"]
    assert {(one["case"], one["class"]) for one in cells} == {
        (case, name) for case in ("level-1", "level-2") for name in ("chat", "code")
    }
    assert max(one["rate_rps"] for one in cells) == pytest.approx(41000 / 3600)
