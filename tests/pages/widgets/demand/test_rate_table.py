"""Editors of a day on the page Inputs: rates, cases, the fleet, classes and their SLOs."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from planner.scenario.archive import zip_scenario
from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import ScenarioEdit, content_of_edit
from planner.scenario.upload import store_upload
from tests.support.page.page_app import edit_table, opened, settle, unescaped
from tests.support.scenarios.demand_case import rates_in_a_table, write_day


@pytest.fixture(scope="module")
def page() -> AppTest:
    """The page Inputs."""
    return opened("inputs")


@pytest.fixture
def day(page: AppTest, tmp_path: Path) -> AppTest:
    """The same with a small day that is not solved."""
    path = write_day(tmp_path)
    return with_scenario(page, path)


def with_scenario(app: AppTest, path: Path) -> AppTest:
    app.session_state["edit"] = ScenarioEdit.of_file(str(path))
    app.run()
    return settle(app, "table-summary")


def content(app: AppTest) -> dict[str, Any]:
    """What the page holds, sound."""
    edit = app.session_state["edit"]
    assert edit.scenario
    return content_of_edit(edit)


def rates(app: AppTest) -> list[Any]:
    return [list(case["arrival_rate_rps"].values()) for case in content(app)["cases"]]


def test_rates_are_edited_and_the_whole_day_is_scaled(day: AppTest, tmp_path: Path) -> None:
    before = assemble_instance(tmp_path / "scenario.yaml", cells=True).sha256
    edit_table(day, "rates", edited_rows={"0": {"rate.0": 5}})
    assert day.session_state["edit"].overrides == {"cases.0.arrival_rate_rps.chat": 5.0}
    assert "This plan is out of date" in unescaped(day)
    field = next(one for one in day.number_input if one.label == "All rates times")
    field.set_value(1.1).run()
    day.button(key="scale-rates").click().run()
    assert rates(day) == [[5.5, 1.1], [0.0, 2.2], [2.2, 0.0]]
    assert next(one for one in day.number_input if one.label == "All rates times").value == 1.0
    # What is saved holds the edits.
    folder = tmp_path / "kept"
    folder.mkdir()
    edit = day.session_state["edit"]
    kept = store_upload(folder, {"kept.zip": zip_scenario(edit.scenario)})
    after = assemble_instance(Path(edit.path), dict(edit.overrides), cells=True).sha256
    assert assemble_instance(kept, cells=True).sha256 == after != before
    # A refused rate has no effect, and the validator says why.
    edit_table(day, "rates", edited_rows={"1": {"rate.1": 1e-5}})
    assert "cases.1.arrival_rate_rps.batch" in unescaped(day)
    assert "write 0, or 0.001 or more" in unescaped(day)
    assert rates(day) == [[5.5, 1.1], [0.0, 2.2], [2.2, 0.0]]
    day.button(key="discard-rates").click().run()
    assert "This edit has no effect yet" not in unescaped(day)
    day.button(key="reset-edits").click().run()
    assert rates(day) == [[4.0, 1.0], [0.0, 2.0], [2.0, 0.0]]
    assert "Nothing is changed" in unescaped(day)


def test_rates_of_a_table_are_edited_in_place_of_it(page: AppTest, tmp_path: Path) -> None:
    path = write_day(tmp_path)
    rates_in_a_table(tmp_path)
    app = with_scenario(page, path)
    edit_table(app, "cases", edited_rows={"1": {"name": "dark"}})
    assert content(app)["demand"] is None
    assert [case["name"] for case in content(app)["cases"]] == ["day", "dark", "node-lost"]
    assert rates(app) == [[4.0, 1.0], [0.0, 2.0], [2.0, 0.0]]


@pytest.mark.slow
def test_rates_that_cannot_be_read_are_not_edited(page: AppTest, tmp_path: Path) -> None:
    path = write_day(tmp_path)
    rates_in_a_table(tmp_path)
    (tmp_path / "demand.csv").write_text("case,class\n")
    app = with_scenario(page, path)
    assert "The rates are in a table that is not read yet, or has faults" in unescaped(app)
    assert "demand.csv" in "".join(one.value for one in app.error)
    assert not [one for one in app.button if one.key == "scale-rates"]


def test_nodes_that_a_case_loses_follow_the_name_of_their_pool(day: AppTest) -> None:
    edit_table(day, "pools", edited_rows={"0": {"name": "b"}})
    assert content(day)["cases"][2]["lost_nodes"] == {"b": 1}


def test_cases_are_added_renamed_and_taken_away(day: AppTest) -> None:
    # A new row is refused at first, and the name of another changes before it is corrected.
    added = [{"name": "day", "lost:a": 1}]
    edit_table(day, "cases", added_rows=added)
    assert "This edit has no effect yet" in unescaped(day)
    rows: dict[str, Any] = {"0": {"name": "noon"}}
    edit_table(day, "cases", added_rows=added, edited_rows=rows)
    assert [case["name"] for case in content(day)["cases"]] == ["noon", "night", "node-lost", "day"]
    assert rates(day) == [[4.0, 1.0], [0.0, 2.0], [2.0, 0.0], [0.0, 0.0]]
    edit_table(day, "cases", added_rows=added, edited_rows=rows, deleted_rows=[1])
    assert rates(day) == [[4.0, 1.0], [2.0, 0.0], [0.0, 0.0]]
    assert content(day)["cases"][2]["lost_nodes"] == {"a": 1}


def test_setups_by_case_and_what_a_start_costs(day: AppTest) -> None:
    next(one for one in day.radio if one.label == "Fleet").set_value("scheduled").run()
    assert [case["of"] for case in content(day)["cases"]] == [None, None, "day"]
    edit_table(day, "cases", edited_rows={"2": {"of": "night"}})
    assert content(day)["cases"][2]["of"] == "night"
    label = "A start costs (USD for each GPU)"
    next(one for one in day.number_input if one.label == label).set_value(0.5).run()
    assert content(day)["fleet"] == {"mode": "scheduled", "start_usd_per_gpu": 0.5}
    next(one for one in day.radio if one.label == "Fleet").set_value("fixed").run()
    assert day.session_state["edit"].overrides == {"fleet.start_usd_per_gpu": 0.5}


@pytest.mark.slow
def test_the_budget_is_set_taken_away_and_kept_over_another_objective(day: AppTest) -> None:
    path = "objective.cost_at_most_usd_per_h"
    for value in (30.0, None):
        field = next(one for one in day.number_input if str(one.key).startswith(f"in-{path}"))
        field.set_value(value).run()
        assert day.session_state["edit"].overrides == {path: value}
    assert content(day)["objective"] == {"maximize": "quality", "cost_at_most_usd_per_h": None}
    for goal in ("cost", "quality"):
        next(one for one in day.radio if one.label == "Objective").set_value(goal).run()
    assert not day.session_state["edit"].overrides


def test_classes_and_their_slos_are_edited(day: AppTest) -> None:
    rows = {"0": {"name": "Chat"}, "1": {"llms": ["NA"]}}
    edit_table(day, "classes", edited_rows=rows)
    assert [one["name"] for one in content(day)["classes"]] == ["Chat", "batch"]
    assert content(day)["cases"][0]["arrival_rate_rps"] == {"Chat": 4.0, "batch": 1.0}
    assert content(day)["classes"][0]["work"] == {"NA": 1.5}
    assert "Work of Chat by LLM: NA 1.5" in unescaped(day)
    slo = {"class": "batch", "metric": "ttft", "statistic": "mean", "limit_ms": 900}
    edit_table(day, "class-slo", added_rows=[slo])
    assert [one["slo"][0]["limit_ms"] for one in content(day)["classes"]] == [500.0, 900.0]
    edit_table(day, "classes", edited_rows=rows, deleted_rows=[1])
    assert content(day)["cases"][0]["arrival_rate_rps"] == {"Chat": 4.0}
    assert len(content(day)["classes"][0]["slo"]) == 1


@pytest.mark.slow
def test_llms_outside_are_edited_in_a_table_of_their_own(day: AppTest) -> None:
    edit_table(day, "outside", edited_rows={"0": {"max_rate_rps": 9, "ttft_p95_ms": None}})
    assert day.session_state["edit"].overrides == {
        "llms.0.api.max_rate_rps": 9.0,
        "llms.0.api.ttft_p95_ms": None,
    }
    edit_table(day, "llms", added_rows=[{"name": "NN", "weights_gib": 5}])
    llms = content(day)["llms"]
    assert [llm["name"] for llm in llms] == ["far", "NO", "NA", "NN"]
    assert [llm["api"] is None for llm in llms] == [False, True, True, True]
    edit_table(day, "outside", deleted_rows=[0])
    assert [llm["name"] for llm in content(day)["llms"]] == ["NO", "NA", "NN"]
