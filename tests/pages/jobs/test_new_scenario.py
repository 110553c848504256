"""The day of a new scenario, and the scenario written and read."""

import io
from pathlib import Path

import pandas as pd
import pytest

from app_pages.jobs.new_scenario import NewDay, read_new_day_job, write_new_scenario_job
from planner.demand.day import DayChoices
from planner.errors import DataError
from planner.scenario.starting.new_scenario import NewTables
from planner.scenario.templates import TEMPLATE_TEXTS
from profiles.request_logs.record import LogLabel
from tests.support.page.page_charts import idle_job

LOG = "time,class\n" + "".join(f"{60 * k},{'a' if k % 3 else 'b'}\n" for k in range(180))
PART = {
    "name": "mine",
    "pools": [{"name": "a", "gpu": "A100-PCIe-80GB", "nodes": 1, "gpus_per_node": 2}],
    "llms": [{"name": "small"}, {"name": "large"}],
    "arrival_rate_rps": 5,
}


def day_of(tmp_path: Path, text: str) -> NewDay:
    (tmp_path / "0").write_text(text)
    (tmp_path / "logs").mkdir()
    files = [("log.csv", str(tmp_path / "0"))]
    folder = str(tmp_path / "logs")
    return read_new_day_job(folder, files, LogLabel.CLASS, DayChoices(levels=2), job=idle_job())


def tables(tmp_path: Path, demand: str = "") -> tuple[str, NewTables]:
    """An empty folder, and the template's tables."""
    (tmp_path / "scores.csv").write_text(TEMPLATE_TEXTS["scores.csv"])
    (tmp_path / "new").mkdir()
    curves = pd.read_csv(io.StringIO(TEMPLATE_TEXTS["profiles.csv"]))
    return str(tmp_path / "new"), NewTables([curves], tmp_path / "scores.csv", demand)


def test_a_log_gives_keys_and_rates_that_make_a_scenario(tmp_path: Path) -> None:
    day = day_of(tmp_path, LOG)
    assert {one["name"] for one in day.keys["classes"]} == {"a", "b"}
    part = {key: value for key, value in PART.items() if key != "arrival_rate_rps"} | day.keys
    edit = write_new_scenario_job(*_args(tmp_path, part, day.demand), job=idle_job())
    assert edit.base["demand"] == "demand.csv"


def test_what_a_day_says_names_no_option_of_the_command(tmp_path: Path) -> None:
    few = "time,class\n" + "".join(f"{977 * k},a\n" for k in range(300))
    said = "\n".join(day_of(tmp_path, few).lines)
    assert "longer bins or a lower quantile" in said
    assert "--bin" not in said


def _args(tmp_path: Path, part: dict, demand: str) -> tuple[str, dict, NewTables]:
    folder, made = tables(tmp_path, demand)
    return folder, part, made


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this is a score table, and a log of requests"):
        day_of(tmp_path, TEMPLATE_TEXTS["scores.csv"])


def test_every_fault_of_the_whole_is_raised(tmp_path: Path) -> None:
    part = {**PART, "llms": [{"name": "small"}, {"name": "absent"}]}
    with pytest.raises(DataError, match="absent"):
        write_new_scenario_job(*_args(tmp_path, part, ""), job=idle_job())
