"""Points of a sweep over classes and cases: numbers of the whole and of every case."""

from pathlib import Path

import pytest

from planner.scenario.assemble import assemble_instance
from planner.studies.sweep_point import SweepPoint, plan_sweep_point
from tests.support.scenarios.demand_case import write_day

COARSE = ["solver.rel_gap=0.05"]


def point(scenario: Path, key: str, value: object) -> SweepPoint:
    return plan_sweep_point(str(scenario), COARSE, 0, {key: value})


def test_a_point_has_the_numbers_of_the_whole_and_of_every_case(tmp_path: Path) -> None:
    scenario = write_day(tmp_path)
    found = point(scenario, "cases.0.arrival_rate_rps.chat", 3)
    assert found.reason == ""
    assert found.status in ("optimal", "feasible")
    numbers = found.numbers
    assert numbers["Found (mean score)"] == numbers["Quality (mean score)"]
    assert numbers["Found (mean score)"] <= numbers["Best possible (mean score)"] + 1e-9
    loaded = assemble_instance(scenario, cells=True)
    assert loaded.demand is not None
    hours = {case.name: case.hours for case in loaded.demand.cases}
    cost = sum(h * numbers[f"{name}: cost (USD/h)"] for name, h in hours.items())
    assert cost / sum(hours.values()) == pytest.approx(numbers["Cost (USD/h)"])
    assert all(f"{name}: quality (mean score)" in numbers for name in hours)


def test_a_decided_number_of_nodes_is_a_column(tmp_path: Path) -> None:
    scenario = write_day(tmp_path)
    found = point(scenario, "pools.0.nodes", {"at_least": 1, "at_most": 2})
    assert found.numbers["a: nodes"] in (1, 2)


def test_a_point_without_a_plan_says_why(tmp_path: Path) -> None:
    scenario = write_day(tmp_path)
    found = point(scenario, "cases.0.arrival_rate_rps.chat", 4000)
    assert found.status == "infeasible"
    assert "all cases" in found.reason
    assert found.numbers["GPUs used"] is None
