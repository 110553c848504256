"""What-if questions: fields and values worth trying, frontiers as tables and words, and what the
pages have computed in a worker.
"""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app_pages.jobs import planning, what_if
from app_pages.jobs.messages import Told, Watch
from planner.errors import DataError
from planner.joint import solve as joint
from planner.plans.solved_content import solved_content
from planner.plans.to_solution import to_solution
from planner.presentation.alternatives import alternatives_lines, alternatives_table
from planner.presentation.frontier import THIS, frontier_lines, frontier_measures, frontier_table
from planner.presentation.setup_listing import QUALITY, marks_table, plan_rank_lines
from planner.presentation.what_if import (
    ScenarioField,
    edit_with_value,
    field_value,
    frontier_axis,
    overrides_without,
    scenario_fields,
    slider_range,
    sweep_command,
)
from planner.scenario.assemble import load_instance
from planner.scenario.edits import ScenarioEdit, content_of
from planner.scenario.templates import TEMPLATE_TEXTS
from planner.studies.sweep import SweepPoint
from planner.verification.verifier import verify
from tests.support.paths import EXAMPLES

FOUR = {"pools.0.gpus_per_node": 4}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The scenario of the template."""
    folder = tmp_path_factory.mktemp("template")
    for name, text in TEMPLATE_TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder / "scenario.yaml")


def watch(parts: list[Any] | None = None) -> Watch:
    return Watch(lambda _: None, (parts if parts is not None else []).append, threading.Event())


@pytest.fixture(scope="module")
def plan(path: str) -> Told:
    return planning.plan(path, FOUR, watch=watch())


# ---------------------------------------------------------------- fields


def test_every_field_of_every_example_can_be_varied() -> None:
    for file in sorted((EXAMPLES).glob("*/scenario.yaml")):
        asked = ScenarioEdit.of_file(str(file))
        fields = scenario_fields(content_of(asked), 0.6)
        assert len({field.label for field in fields}) == len(fields)
        for field in fields:
            for value in frontier_axis(field, field.values).values:
                assert edit_with_value(asked, field.path, value).scenario.spec is not None
        around = [field for field in fields if field.path == "arrival_rate_rps"]
        assert (
            field_value(asked, "arrival_rate_rps")
            in frontier_axis(around[0], around[0].values).values
        )


def test_the_cheapest_gpus_for_a_quality_are_another_objective(path: str) -> None:
    asked = ScenarioEdit.of_file(path)
    field = next(field for field in scenario_fields(content_of(asked), 0.8) if field.cheapest)
    assert frontier_axis(field, "0.7,0.75").values == tuple(
        {"minimize": "cost", "quality_at_least": value} for value in (0.7, 0.75)
    )
    assert not [field for field in scenario_fields(content_of(asked)) if field.cheapest]


def test_values_that_cannot_be_are_told() -> None:
    field = ScenarioField("arrival_rate_rps", "Arrival rate (req/s)", "")
    with pytest.raises(DataError, match="more than 60"):
        frontier_axis(field, "1:100:1")
    with pytest.raises(DataError, match="does not lead from START to STOP"):
        frontier_axis(field, "1:100:-1")


@pytest.mark.parametrize(
    ("value", "start", "whole"),
    [(60, 60, False), (200, 60, False), (1, 60, False), (0.66, 0.66, False), (9, 2, True)],
)
def test_a_slider_holds_where_it_stands(value: float, start: float, whole: bool) -> None:
    low, high, step = slider_range(value, start, whole)
    assert low <= value <= high
    assert low <= start <= high
    assert 0 < step <= (high - low) / 4
    assert low >= 1 if whole else low > 0


def test_a_field_is_set_read_and_left_out(path: str) -> None:
    asked = edit_with_value(
        edit_with_value(ScenarioEdit.of_file(path), "slo.0.limit_ms", 250.0), "arrival_rate_rps", 15
    )
    assert asked.overrides == {"slo.0.limit_ms": 250.0, "arrival_rate_rps": 15}
    assert field_value(asked, "slo.0.limit_ms") == 250.0
    assert field_value(asked, "slo.7.limit_ms") is None
    assert overrides_without(asked, "arrival_rate_rps") == {"slo.0.limit_ms": 250.0}
    assert overrides_without(asked, "slo") == {"arrival_rate_rps": 15}
    assert edit_with_value(asked, "arrival_rate_rps", 20).overrides == {"slo.0.limit_ms": 250.0}


def test_the_command_line_gives_the_same_points(path: str) -> None:
    axis = frontier_axis(ScenarioField("setups.tp_degrees", "", ""), "[1],[1, 2]")
    told = sweep_command("scenario.yaml", {"arrival_rate_rps": 15}, axis)
    assert told.startswith(
        "python -m planner sweep scenario.yaml --set arrival_rate_rps=15 --vary"
        " 'setups.tp_degrees=[1],[1, 2]'"
    )


# ---------------------------------------------------------------- frontier


def test_a_frontier_is_planned_point_by_point(path: str) -> None:
    parts: list[SweepPoint] = []
    points = what_if.frontier(path, FOUR, "arrival_rate_rps", [10, 30, 900], watch=watch(parts))
    assert parts == points
    assert [point.status for point in points] == ["optimal", "optimal", "infeasible"]
    field = ScenarioField("arrival_rate_rps", "Arrival rate (req/s)", "")
    frame = frontier_table(points, field, 30)
    assert list(frame[field.label]) == [10.0, 30.0, 900.0]
    assert list(frame[THIS]) == ["", THIS, ""]
    assert frame["Found (mean score)"].iloc[0] > frame["Found (mean score)"].iloc[1]
    assert (
        frame["Best possible (mean score)"].iloc[:2] >= frame["Found (mean score)"].iloc[:2]
    ).all()
    assert frontier_measures(frame)[:2] == ["Found (mean score)", "Quality (mean score)"]
    lines = frontier_lines(frame)
    assert lines[0].startswith("From Arrival rate (req/s) 10 to 30: 0.7")
    assert lines[-1].startswith("No plan at 900: ")
    again = planning.plan(path, {**FOUR, "arrival_rate_rps": 30}, watch=watch())
    assert again.content["objective"]["value"] == pytest.approx(
        frame["Found (mean score)"].iloc[1], rel=2e-4
    )


def test_a_frontier_over_what_is_no_number_and_over_objectives(path: str) -> None:
    names = what_if.frontier(path, FOUR, "setups.tp_degrees", [[1], [1, 2]], watch=watch())
    assert list(
        frontier_table(names, ScenarioField("setups.tp_degrees", "Degrees", ""))["Degrees"]
    ) == [
        "[1]",
        "[1, 2]",
    ]
    field = ScenarioField("objective", "Quality at least", "", cheapest=True)
    points = what_if.frontier(
        path, FOUR, "objective", frontier_axis(field, "0.5,0.75").values, watch=watch()
    )
    frame = frontier_table(points, field)
    assert list(frame["Quality at least"]) == [0.5, 0.75]
    assert frame["Found (USD/h)"].is_monotonic_increasing
    assert frontier_measures(frame)[0] == "Found (USD/h)"


def test_a_frontier_of_bad_input_is_bad_input_and_a_stopped_one_ends(path: str) -> None:
    with pytest.raises(DataError):
        what_if.frontier(path, {"arrival_rate_rps": -1}, "slo.0.limit_ms", [1], watch=watch())
    rows = what_if.frontier(path, FOUR, "no.such.field", [1], watch=watch())
    assert [row.status for row in rows] == ["bad input"]
    stopped = watch()
    stopped.cancel.set()
    assert what_if.frontier(path, FOUR, "arrival_rate_rps", [10, 20], watch=stopped) == []


# ---------------------------------------------------------------- alternatives, setups, baselines


def test_a_plan_that_is_told_finds_its_way_back(path: str) -> None:
    loaded = load_instance(Path(path), FOUR)
    solution = joint.solve(loaded.instance, loaded.settings)
    content = solved_content(loaded.instance, solution, loaded.settings.rel_gap)
    back = to_solution(loaded.instance, content)
    for name in ("replicas", "routed_rates", "fractions"):
        assert np.array_equal(getattr(back, name), getattr(solution, name))
    assert (back.value, back.bound, back.quality) == (
        solution.value,
        solution.bound,
        solution.quality,
    )
    assert set(back.placement) == set(solution.placement)


def test_an_alternative_is_a_plan_of_its_own(path: str, plan: Told) -> None:
    running = planning.plan(path, {**FOUR, "arrival_rate_rps": 10}, watch=watch()).content
    found = what_if.near(
        path, FOUR, plan.content, 2, 20.0, "the plan that runs", running, watch=watch()
    )
    content = {**plan.content, "context": {**plan.content["context"], "alternatives": found}}
    assert len(alternatives_table(content)) == len(found["plans"]) >= 2
    assert "from the plan that runs" in " ".join(alternatives_lines(content))
    instance = load_instance(Path(path), FOUR).instance
    for number, entry in enumerate(found["plans"]):
        told = what_if.other(path, FOUR, content, number, watch=watch())
        assert told.content.keys() == plan.content.keys()
        assert not verify(told.content, instance)
        assert told.content["options"] == entry["options"] != plan.content["options"]
        assert told.content["objective"]["bound"] == plan.content["objective"]["bound"]
        assert told.content["status"] == "feasible"
        assert "the choice of another setup" in told.report["meta"]["verdict"]


def test_the_plan_among_all_setups_and_baselines(path: str, plan: Told) -> None:
    listed = what_if.setups(path, FOUR, watch=watch())
    assert listed.complete
    assert len(listed.setups) >= listed.quality.size > 1
    assert listed.better(plan.content["quality"]) == 0
    assert listed.better(0.0) == listed.quality.size
    baselines = what_if.baselines(path, FOUR, watch=watch())
    marks = marks_table(plan.content, listed, baselines)
    assert marks[QUALITY].is_monotonic_decreasing
    assert {"plan", "bound", "setup", "baseline"} == set(marks["Kind"])
    worst = marks[marks["Mark"] == "worst listed setup"]
    assert worst["Better setups"].iloc[0] == (listed.quality > listed.quality[-1] * 1.0001).sum()
    lines = plan_rank_lines(plan.content, listed)
    assert "no listed setup is better" in lines[0]
    nearly = replace(listed, quality=np.array([1.0] + 999 * [0.94]))
    told = plan_rank_lines({**plan.content, "quality": 1.0}, nearly)[-1]
    assert told.endswith(
        "more than 99 % lose more than 1 %, more than 99 % lose more than 5 %, 0 % lose more than"
        " 10 %."
    ), "not 100 %"
    few = replace(listed, quality=np.array([0.98] + 999 * [1.0]))
    assert (
        "less than 1 % lose more than 1 %, 0 % lose more than 5 %"
        in plan_rank_lines({**plan.content, "quality": 1.0}, few)[-1]
    )
    assert marks_table(plan.content, listed, None)["Kind"].tolist().count("baseline") == 0


def test_setups_that_cannot_be_listed_are_told() -> None:
    example = EXAMPLES / "two-gpu-types" / "scenario.yaml"
    with pytest.raises(DataError, match="too many setups"):
        what_if.setups(str(example), {}, watch=watch())


def test_sensitivity_is_the_reports_table(path: str, plan: Told) -> None:
    frame = what_if.sensitivity(path, FOUR, plan.content, watch=watch())
    assert isinstance(frame, pd.DataFrame)
    assert {"Changed", "Status", "Change of quality (mean score)", "Reason"} <= set(frame.columns)
    assert len(frame) >= 5
