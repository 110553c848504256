"""Kept work in notebooks: saved, listed, read back, removed."""

from pathlib import Path

import pytest

import planner
from planner.library.library_database import open_library_database
from planner.library.record_keeping import keep_study
from tests.support.kept.kept_plans import kept_scenario_folder, planned_day, small_plan
from tests.support.scenarios.small_scenario import small_content


@pytest.fixture(autouse=True)
def own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "kept"))


def test_a_plan_comes_back(tmp_path: Path) -> None:
    assert planner.list_kept().empty
    plan = small_plan(tmp_path / "s", arrival_rate_rps=3)
    record = planner.save(plan, "first", tags=["a"], note="why")
    for path in sorted((tmp_path / "s").rglob("*.*")):
        path.unlink()
    again = planner.read_kept(record)
    assert isinstance(again, planner.PlanResult)
    assert again.objective == plan.objective
    assert again.scenario.result.sha256 == plan.content["scenario_sha256"]
    # Its files last as long as it does: it can be planned and written anew.
    assert planner.plan(again.scenario).objective == pytest.approx(plan.objective, rel=1e-4)
    again.to_json(tmp_path / "plan.json")
    again.scenario.to_folder(tmp_path / "copy")
    assert planner.load(tmp_path / "copy" / "scenario.yaml").result.instance.arrival_rate == 3
    listed = planner.list_kept("FIRST", kind="plan", tags=["a"])
    assert listed[["Number", "Note"]].to_numpy().tolist() == [[record.number, "why"]]
    with pytest.raises(ValueError, match="recipe"):
        planner.list_kept(kind="recipe")


def test_scenarios_of_memory_and_of_files(tmp_path: Path) -> None:
    by_mapping = planner.save(small_content())
    by_file = planner.save(kept_scenario_folder(tmp_path / "s"))
    assert (by_mapping.name, by_file.name) == ("two", "tiny")
    again = planner.read_kept("two")
    assert isinstance(again, planner.LoadedScenario)
    assert again.result.sha256 == by_mapping.scenario_sha256
    assert planner.save(again).number == by_mapping.number


def test_a_plan_file_and_a_plan_of_cases(tmp_path: Path) -> None:
    plan = small_plan(tmp_path / "s")
    plan.to_json(tmp_path / "plan.json")
    assert planner.save(tmp_path / "plan.json").kind == "plan"
    day = planner.read_kept(planner.save(planned_day()))
    assert isinstance(day, planner.CellsPlanResult)
    assert day.content["setups"] == planned_day().content["setups"]


def test_a_study_and_what_is_removed(tmp_path: Path) -> None:
    loaded = planner.load(kept_scenario_folder(tmp_path / "s")).result
    record = keep_study(open_library_database(), "sweep", {"rows": [1]}, loaded)
    assert planner.read_kept(record.number) == {"rows": [1]}
    planner.remove_kept(record, planner.save(kept_scenario_folder(tmp_path / "s")))
    assert planner.list_kept().empty
    with pytest.raises(planner.LibraryError, match="there is no such record"):
        planner.remove_kept(1)
    with pytest.raises(planner.DataError, match="there is no such record"):
        planner.read_kept("first")
