"""A day of demand in words, tables and content."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from planner.demand.burstiness import Burstiness
from planner.demand.day import DayChoices, DemandDay, build_demand_day
from planner.demand.day_levels import BinOrder
from planner.presentation.demand.day import (
    demand_classes_table,
    demand_day_content,
    demand_day_headline,
    demand_day_lines,
    demand_day_notices,
    demand_levels_table,
)
from profiles.request_logs.pipeline import LogSource, import_request_logs
from profiles.request_logs.record import LogClock, LogLabel
from tests.support.scenarios.log_files import hourly_csv_text, rate_table_text


def day_of(path: Path, text: str, choices: DayChoices) -> DemandDay:
    path.write_text(text)
    return build_demand_day(import_request_logs([LogSource(path)], LogLabel.CLASS).log, choices)


@pytest.fixture
def day(tmp_path: Path) -> DemandDay:
    text = hourly_csv_text({"chat": (100, 400, 100, 0), "code": (0, 50, 0, 0)})
    return day_of(tmp_path / "log.csv", text, DayChoices(levels=3))


def test_the_table_names_each_case_once(day: DemandDay) -> None:
    table = demand_levels_table(day)
    assert table["Case"].tolist() == ["level-1", "", "level-2", "", "level-3", ""]
    assert table["Hours (h)"].dropna().tolist() == pytest.approx([6.0, 12.0, 6.0])
    assert table["Class"].tolist() == ["chat", "code"] * 3
    assert demand_classes_table(day)["Output tokens"].tolist() == [20, 20]
    assert "3 cases of 4 bins of 60 min" in demand_day_headline(day)


def test_many_classes_have_their_sums_alone(tmp_path: Path) -> None:
    text = rate_table_text(classes={f"c{k}": 1.0 for k in range(30)})
    table = demand_levels_table(day_of(tmp_path / "r.csv", text, DayChoices()))
    assert table["Class"].tolist() == ["all", "all"]
    assert table["Planned (req/s)"].tolist() == [30.0, 60.0]


def test_lines_say_what_is_planned_and_how_bursty_it_is(day: DemandDay) -> None:
    text = "\n".join(demand_day_lines(day))
    assert "highest rate of its bins" in text
    assert "by number of levels: 1: " in text
    assert "none beyond chance" in text
    bursty = Burstiness(3.21, 9.0, 500, is_bursty=True)
    worse = replace(day, classes=(replace(day.classes[0], burstiness=bursty), day.classes[1]))
    assert "burstier than Poisson" in demand_day_lines(worse)[-1]
    assert "cv=3.2" in demand_day_lines(worse)[-1]


def test_quantiles_say_what_is_above(tmp_path: Path) -> None:
    text = hourly_csv_text({"chat": (100, 200, 300, 400)})
    day = day_of(tmp_path / "l.csv", text, DayChoices(levels=1, quantile=0.5))
    lines = demand_day_lines(day)
    assert "50 % quantile" in lines[0]
    assert "50.0 % of the bins are above" in lines[1]


def test_notices_say_what_is_doubtful(day: DemandDay, tmp_path: Path) -> None:
    text = "\n".join(demand_day_notices(day))
    assert "1 bins have no request" in text
    assert "the bins cover 4.00 h" in text
    assert "instead of" not in text
    assert "1 case instead of 4" in "\n".join(
        demand_day_notices(
            day_of(tmp_path / "r.csv", hourly_csv_text({"chat": (9,)}), DayChoices())
        )
    )
    table = rate_table_text(hours=36)
    odd = day_of(tmp_path / "r.csv", table, DayChoices())
    assert any("1.5 days" in one for one in demand_day_notices(odd))
    folded = day_of(tmp_path / "r.csv", table, DayChoices(order=BinOrder.HOUR_OF_DAY))
    assert any("unknown start" in one for one in demand_day_notices(folded))
    known = replace(folded, bins=replace(folded.bins, clock=LogClock.UNIX, left_out=2))
    notices = demand_day_notices(known)
    assert not any("unknown start" in one for one in notices)
    assert "2 bins left out" in notices[0]


def test_content_is_plain_json(day: DemandDay) -> None:
    content = json.loads(json.dumps(demand_day_content(day, ["log.csv"]), allow_nan=False))
    assert [case["name"] for case in content["cases"]] == ["level-1", "level-2", "level-3"]
    assert content["cases"][2]["rates_rps"]["code"] == pytest.approx(50 / 3600)
    assert content["classes"][0]["burstiness"]["requests"] == 601
