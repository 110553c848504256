"""`planner.diff`: of plans, and of their files."""

from pathlib import Path

import pandas as pd
import pytest

import planner
from tests.support.plans.cells_plans import write_day_plan
from tests.support.scenarios.small_scenario import small_content


def test_a_second_node_starts_replicas(tmp_path: Path) -> None:
    old = planner.plan(small_content())
    new = planner.plan(small_content(arrival_rate_rps=90, pools=[_pool(nodes=2)]), current=old)
    result = planner.diff(old, new)
    assert result.changes["Replicas after"].sum() > result.changes["Replicas before"].sum()
    assert set(result.steps["Do"]) == {"start"}
    assert result.routing["LLM"].tolist() == ["alpha", "beta"]
    assert "start" in repr(result)
    assert any("90 req/s" in line for line in result.lines)
    for name, plan in (("old", old), ("new", new)):
        plan.to_json(tmp_path / f"{name}.json")
    of_files = planner.diff(tmp_path / "old.json", tmp_path / "new.json")
    pd.testing.assert_frame_equal(of_files.steps, result.steps)


def _pool(**values: object) -> dict:
    return {**small_content()["pools"][0], **values}


def test_both_plans_need_a_setup() -> None:
    plan = planner.plan(small_content())
    with pytest.raises(planner.InfeasibleError):
        planner.diff(plan, planner.plan(small_content(arrival_rate_rps=90)))


def test_plans_of_different_kinds_are_not_compared(tmp_path: Path) -> None:
    day = write_day_plan(tmp_path)
    with pytest.raises(planner.DataError, match="one plan is of classes and cases"):
        planner.diff(day, planner.plan(small_content()))


def test_a_file_without_its_scenario_is_reported(tmp_path: Path) -> None:
    day = write_day_plan(tmp_path)
    (tmp_path / "scenario.yaml").unlink()
    change = planner.diff(day, day)
    assert "not verified: its scenario is not at hand" in change.lines[0]
    assert len(change.steps) == len(change.routing) == 0
    assert change.cases["Case"].tolist() == ["day", "night", "node-lost"]
    assert "No replica changes" in repr(change)
