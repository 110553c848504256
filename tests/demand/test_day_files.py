"""Files of a day: keys of a scenario, tables that agree with them, no text of a message."""

import csv
from pathlib import Path

import pytest

from planner.demand.day import DayChoices, DemandDay, build_demand_day
from planner.demand.day_files import (
    CASES_FILE,
    DEMAND_FILE,
    RATES_FILE,
    day_keys,
    demand_day_files,
    origin_lines,
)
from profiles.io.yaml_text import parse_yaml
from profiles.request_logs.pipeline import LogSource, import_request_logs
from profiles.request_logs.record import LogLabel
from tests.support.scenarios.log_files import MESSAGE, hourly_csv_text, plain_csv_text


@pytest.fixture
def day(tmp_path: Path) -> DemandDay:
    path = tmp_path / "log.csv"
    path.write_text(hourly_csv_text({"chat": (100, 400, 100), "code": (0, 50, 0)}))
    log = import_request_logs([LogSource(path)], LogLabel.CLASS).log
    return build_demand_day(log, DayChoices(levels=2))


def test_keys_and_tables_agree(day: DemandDay) -> None:
    files = demand_day_files(day, ["log.csv"])
    assert set(files) == {CASES_FILE, DEMAND_FILE, RATES_FILE}
    faults: list = []
    keys = parse_yaml(files[CASES_FILE], CASES_FILE, faults)
    assert not faults
    assert keys == day_keys(day)
    assert [case["name"] for case in keys["cases"]] == ["level-1", "level-2"]
    assert [case["hours"] for case in keys["cases"]] == [16, 8]
    assert keys["classes"][1] == {"name": "code", "input_tokens": 102.94, "output_tokens": 20}
    rows = list(csv.DictReader(files[DEMAND_FILE].splitlines()))
    assert [(row["case"], row["class"]) for row in rows] == [
        (case, name) for case in ("level-1", "level-2") for name in ("chat", "code")
    ]
    assert float(rows[1]["rate_rps"]) == 0  # 0 is a rate: every cell has its row
    assert float(rows[3]["rate_rps"]) == pytest.approx(50 / 3600)


def test_every_bin_has_its_rates_and_its_case(day: DemandDay) -> None:
    rows = list(csv.DictReader(demand_day_files(day, ["log.csv"])[RATES_FILE].splitlines()))
    assert [row["case"] for row in rows] == ["level-1"] * 2 + ["level-2"] * 2 + ["level-1"] * 2
    assert len({row["bin_start_s"] for row in rows}) == 3


def test_comments_stay_comments(day: DemandDay) -> None:
    sources = ["a\nb: 1", "\u202e.csv", *(f"{k}.csv" for k in range(9))]
    text = demand_day_files(day, sources)[CASES_FILE]
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert len(head) == 3
    assert text.isascii()
    assert "a?b: 1, ?.csv, 0.csv, 1.csv, 2.csv and 6 more" in head[0]
    assert "highest rate" in origin_lines(day, ["x"])[1]


def test_a_rate_is_never_too_small_for_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(hourly_csv_text({"chat": (100, 400), "rare": (1, 0)}))
    log = import_request_logs([LogSource(path)], LogLabel.CLASS).log
    text = demand_day_files(build_demand_day(log, DayChoices()), ["log.csv"])[DEMAND_FILE]
    assert [row["rate_rps"] for row in csv.DictReader(text.splitlines())][1::2] == ["0.001", "0"]


def test_no_text_of_a_message_is_written(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(plain_csv_text())
    log = import_request_logs([LogSource(path)], LogLabel.CLASS).log
    files = demand_day_files(build_demand_day(log, DayChoices(bin_s=15.0)), ["log.csv"])
    assert MESSAGE not in "".join(files.values())
