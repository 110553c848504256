"""`planner.read_plan`: plans of both kinds, and of decided numbers of nodes, read back verified."""

import json
from pathlib import Path

import pandas as pd
import pytest

import planner
from tests.support.plans.cells_plans import write_day_plan
from tests.support.scenarios.small_scenario import small_content


def sized_content() -> dict:
    """The small scenario, with one to three nodes to be had at the least cost."""
    content = small_content(objective={"minimize": "cost", "quality_at_least": 0.6})
    content["pools"][0]["nodes"] = {"at_least": 1, "at_most": 3}
    return content


@pytest.fixture(scope="module")
def sized() -> planner.PlanResult:
    return planner.plan(sized_content())


def test_a_plan_of_one_rate(tmp_path: Path) -> None:
    scenario = planner.load(planner.load(small_content()).to_folder(tmp_path))
    plan = planner.plan(scenario)
    plan.to_json(tmp_path / "plan.json")
    again = planner.read_plan(tmp_path / "plan.json")
    assert isinstance(again, planner.PlanResult)
    pd.testing.assert_frame_equal(again.options, plan.options)
    assert (again.quality, again.cost) == (plan.objective, plan.content["cost_usd_per_h"])
    assert again.scenario.result.sha256 == scenario.result.sha256
    again.to_json(tmp_path / "again.json")
    assert planner.read_plan(tmp_path / "again.json").content == again.content
    with pytest.raises(ValueError, match="read from a file"):
        again.to_model(tmp_path / "m.mps")


def test_a_plan_of_classes_and_cases(tmp_path: Path) -> None:
    plan = planner.read_plan(write_day_plan(tmp_path))
    assert isinstance(plan, planner.CellsPlanResult)
    plan.to_json(tmp_path / "again.json")
    again = planner.read_plan(tmp_path / "again.json")
    assert again.content == plan.content
    assert planner.diff(plan, tmp_path / "again.json").lines[0].startswith("Inputs: the same")


def test_a_forged_plan_is_refused(tmp_path: Path) -> None:
    def better(content: dict) -> None:
        content["quality"] += 0.1

    with pytest.raises(planner.DataError, match="quality"):
        planner.read_plan(write_day_plan(tmp_path, better))


def test_a_plan_decides_numbers_of_nodes(sized: planner.PlanResult, tmp_path: Path) -> None:
    assert sized.content["pools"] == [{"pool": "p", "nodes": 1}]
    assert sized.cost == pytest.approx(4.0)
    assert len(sized.gpu_map) == 2
    assert "up to 3 x 2 GPU-X" in repr(sized.scenario)
    sized.to_excel(tmp_path / "report.xlsx")
    assert planner.simulate(sized, minutes=0.1).verdict == "holds"
    kept = planner.plan(sized.scenario, current=sized)
    assert kept.placement.equals(sized.placement)
    file = sized.scenario.to_folder(tmp_path / "scenario")
    sized.to_json(tmp_path / "plan.json")
    again = planner.read_plan(tmp_path / "plan.json", scenario=file)
    assert again.scenario.pools["Nodes"].tolist() == [3]
    assert planner.plan(again.scenario).cost == pytest.approx(4.0)


def test_no_number_of_nodes_is_enough(tmp_path: Path) -> None:
    plan = planner.plan(planner.load(sized_content(), arrival_rate_rps=900))
    assert plan.status == "infeasible"
    assert "pools.0.nodes.at_most" in set(plan.repairs["Override"])


def test_numbers_of_nodes_in_studies() -> None:
    frame = planner.sweep(sized_content(), {"arrival_rate_rps": [10]})
    assert frame["Status"].tolist() == ["optimal"]
    with pytest.raises(planner.DataError, match="does not decide numbers of nodes") as caught:
        planner.baselines(sized_content())
    assert caught.value.faults[0].file == "scenario (mapping)"


def test_a_file_that_is_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"schema": 3}), encoding="utf-8")
    with pytest.raises(planner.DataError, match="schema version 1 or 2"):
        planner.read_plan(path)
