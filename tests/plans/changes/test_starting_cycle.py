"""The plan that a scheduled fleet starts from: a setup for every own case, by name."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from models.demand.requests import DemandInstance
from planner.errors import DataError
from planner.plans.changes import starting_cycle
from planner.plans.changes.starting_cycle import (
    StartingCycle,
    demand_from_running_cycle,
    read_starting_cycle,
    start_of_cycle,
    starting_cycle_lines,
)
from planner.plans.plan_file import write_plan_file
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import trio
from tests.verification.cells.test_start_checks import scheduled


def of_trio() -> DemandInstance:
    return replace(scheduled(), instance=trio())


def own_cases(demand: DemandInstance) -> list[str]:
    return [demand.cases[cases[0]].name for cases in demand.setups]


def test_one_setup_runs_in_every_case(tmp_path: Path) -> None:
    write_plan_file(built_plan(), tmp_path / "old.json")
    demand = of_trio()
    cycle = read_starting_cycle(str(tmp_path / "old.json"), 2, demand)
    assert list(cycle.setups) == own_cases(demand)
    runs = demand_from_running_cycle(demand, cycle).runs
    assert len(runs) == len(demand.setups) > 1
    total = sum(entry["replicas"] for entry in built_plan().content["options"])
    assert all((sum(one.replicas), one.most) == (total, 2) for one in runs)
    (line,) = starting_cycle_lines(demand, cycle)
    assert "not verified" in line
    with pytest.raises(DataError):
        read_starting_cycle(str(tmp_path / "none.json"), None, demand)


def test_a_case_that_no_setup_runs_in_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    demand = of_trio()
    first, second = own_cases(demand)

    content = {"setups": [{"cases": [first, "other"]}, {"cases": ["more"]}]}
    plan = Mock(content=content)
    monkeypatch.setattr(starting_cycle, "load_any_plan_to_compare", lambda _: (plan, ""))
    with pytest.raises(DataError) as refused:
        read_starting_cycle("old.json", None, demand)
    assert f"none of its setups runs in the case {second}" in refused.value.faults[0].problem


def test_counts_are_null_without_a_plan() -> None:
    old = deepcopy(built_plan().content)
    cycle = StartingCycle("old.json", {"day": old, "night": old}, most=1)
    stated = start_of_cycle({"setups": []}, cycle)["from_cycle"]
    assert [one["case"] for one in stated["setups"]] == ["day", "night"]
    assert all(one["kept"] is one["started"] is one["stopped"] is None for one in stated["setups"])
    assert stated["most_changes"] == 1
