"""`planner.plan` of classes and cases: its tables, its files, and what it does not do."""

from pathlib import Path

import pandas as pd
import pytest

import planner
from tests.support.scenarios.demand_case import write_day
from tests.support.scenarios.small_scenario import small_content


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> planner.LoadedScenario:
    return planner.load(write_day(tmp_path_factory.mktemp("day")))


@pytest.fixture(scope="module")
def day(scenario: planner.LoadedScenario) -> planner.CellsPlanResult:
    return planner.plan(scenario)


def test_the_scenario_tells_its_cases(scenario: planner.LoadedScenario) -> None:
    rates = scenario.cases.set_index("Case")
    assert rates["Duration (hours)"].to_dict() == {"day": 14, "night": 10, "node-lost": 0}
    assert rates["Rate of chat (req/s)"].tolist() == [4, 0, 2]
    assert "2 classes in 3 cases, at most 5 req/s" in repr(scenario)
    assert len(planner.load(small_content()).cases) == 0


def test_figures_are_those_of_the_content(day: planner.CellsPlanResult) -> None:
    assert day.status == "optimal"
    assert day.content["checks"] == {"verified": True, "problems": []}
    assert day.objective == day.quality == day.content["objective"]["value"]
    assert day.bound == pytest.approx(day.quality, rel=1e-3)
    assert day.gap == day.content["objective"]["rel_gap"]
    assert day.cost == day.content["cost_usd_per_h"] <= 40
    assert (day.conflict, len(day.repairs)) == ((), 0)


def test_every_table_has_the_rows_of_the_plan(day: planner.CellsPlanResult) -> None:
    content = day.content
    (setup,) = content["setups"]
    assert day.cases["Case"].tolist() == ["day", "night", "node-lost"]
    assert day.cells[["Case", "Class"]].to_numpy().tolist() == [
        [cell["case"], cell["class"]] for cell in content["cells"]
    ]
    assert day.setups["Replicas"].tolist() == [one["replicas"] for one in setup["options"]]
    assert len(day.lanes) == len(content["lanes"])
    assert day.losses["Case"].tolist() == ["node-lost"] * len(content["losses"])
    assert set(day.slo["Unit"]) == {"ms"}
    assert {"quality", "p95 TTFT"} <= set(day.limits["What is limited"])
    assert len(day.prices) == len(content["cells"])
    assert len(day.placement) == len(setup["placement"])
    assert day.pools["Nodes"].tolist() == [2]
    assert len(day.gpu_map) == content["gpus_total"]
    assert (day.gpu_map["Runs"] != "").sum() == content["gpus_used"]
    parts = content["shadow_prices"]
    assert len(day.shadow_prices) == sum(len(parts[key]) for key in ("cells", "slo", "pools"))
    assert {"Arrival rate", "Pool a"} <= set(day.shadow_prices["Limit"])


def test_numbers_are_numbers(day: planner.CellsPlanResult) -> None:
    weighted = day.cases["Quality (mean score)"] @ day.cases["Duration (hours)"]
    assert weighted > 0
    assert pd.api.types.is_numeric_dtype(day.cells["Rate (req/s)"])


def test_it_shows_itself_in_short(day: planner.CellsPlanResult) -> None:
    assert repr(day).startswith("CellsPlanResult(day: optimal: quality")
    assert "<td>node-lost</td>" in day._repr_html_()


def test_the_workbook_has_the_sheets_of_a_day(day: planner.CellsPlanResult, tmp_path: Path) -> None:
    day.to_excel(tmp_path / "report.xlsx")
    with pd.ExcelFile(tmp_path / "report.xlsx") as book:
        assert {"Summary", "Cases"} <= set(book.sheet_names)


@pytest.mark.slow
def test_setups_of_a_schedule_are_told_apart(day: planner.CellsPlanResult) -> None:
    fleet = {"mode": "scheduled", "start_usd_per_gpu": 0.5}
    plan = planner.plan(planner.load(day.scenario, {"cases.2.of": "day"}, fleet=fleet))
    assert set(plan.placement["Serves"]) == {"day (also node-lost)", "night"}
    assert plan.gpu_map["Serves"].value_counts().tolist() == [8, 8]
    assert plan.pools["Serves"].tolist() == ["day (also node-lost)", "night"]
    change = planner.diff(day, plan)
    assert [one.cases for one in change.difference.setups] == [("day", "node-lost"), ("night",)]
    assert set(change.changes["Cases"]) <= {"day, node-lost", "night"}


def test_an_infeasible_day_is_a_result() -> None:
    content = small_content(
        cases=[
            {"name": "day", "hours": 14, "arrival_rate_rps": 90},
            {"name": "night", "hours": 10, "arrival_rate_rps": 10},
        ]
    )
    del content["arrival_rate_rps"]
    day = planner.plan(content)
    assert (day.status, day.objective, day.quality) == ("infeasible", None, None)
    assert day.conflict
    assert {"pools.0.nodes", "cases.0.arrival_rate_rps"} <= set(day.repairs["Override"])
    for name in (
        "cells",
        "setups",
        "lanes",
        "losses",
        "slo",
        "limits",
        "prices",
        "placement",
        "gpu_map",
    ):
        assert len(getattr(day, name)) == 0, name
    assert len(day.shadow_prices) == 0
    assert day.cases["Case"].tolist() == ["day", "night"]
    assert "<li>" in day._repr_html_()
    with pytest.raises(planner.InfeasibleError):
        planner.simulate(day)


def test_a_running_plan_does_not_go_with_classes(day: planner.CellsPlanResult) -> None:
    with pytest.raises(planner.DataError, match="classes and cases do not keep"):
        planner.plan(day.scenario, current=day)
    with pytest.raises(planner.DataError, match="cannot be the one that runs now"):
        planner.plan(small_content(), current=day)
