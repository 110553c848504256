"""Jobs of the pages What-if and Setups: frontiers point by point, alternatives that are plans, the
list of all setups.
"""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app_pages.jobs import planning, what_if
from app_pages.jobs.messages import JobContext, PlanView
from planner.errors import DataError
from planner.presentation.alternatives import alternatives_lines, alternatives_table
from planner.presentation.frontier import THIS, frontier_lines, frontier_measures, frontier_table
from planner.presentation.setup_listing import (
    QUALITY,
    setup_listing_marks_table,
    setup_listing_rank_lines,
)
from planner.presentation.what_if import (
    ScenarioField,
    what_if_frontier_axis,
)
from planner.scenario.assemble import assemble_instance
from planner.scenario.templates import TEMPLATE_TEXTS
from planner.studies.sweep_point import SweepPoint
from planner.verification.verifier import run_verifier
from tests.support.paths import EXAMPLES

FOUR = {"pools.0.gpus_per_node": 4}


def job(parts: list[Any] | None = None) -> JobContext:
    return JobContext(
        lambda _: None, (parts if parts is not None else []).append, threading.Event()
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The scenario of the template."""
    folder = tmp_path_factory.mktemp("template")
    for name, text in TEMPLATE_TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder / "scenario.yaml")


@pytest.fixture(scope="module")
def plan(path: str) -> PlanView:
    return planning.run_planning_job(path, FOUR, job=job())


def test_a_frontier_is_planned_point_by_point(path: str) -> None:
    parts: list[SweepPoint] = []
    points = what_if.what_if_frontier_job(
        path, FOUR, "arrival_rate_rps", [10, 30, 900], job=job(parts)
    )
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
    again = planning.run_planning_job(path, {**FOUR, "arrival_rate_rps": 30}, job=job())
    assert again.content["objective"]["value"] == pytest.approx(
        frame["Found (mean score)"].iloc[1], rel=2e-4
    )


def test_a_frontier_over_what_is_no_number_and_over_objectives(path: str) -> None:
    names = what_if.what_if_frontier_job(path, FOUR, "setups.tp_degrees", [[1], [1, 2]], job=job())
    assert list(
        frontier_table(names, ScenarioField("setups.tp_degrees", "Degrees", ""))["Degrees"]
    ) == [
        "[1]",
        "[1, 2]",
    ]
    field = ScenarioField("objective", "Quality at least", "", cheapest=True)
    points = what_if.what_if_frontier_job(
        path, FOUR, "objective", what_if_frontier_axis(field, "0.5,0.75").values, job=job()
    )
    frame = frontier_table(points, field)
    assert list(frame["Quality at least"]) == [0.5, 0.75]
    assert frame["Found (USD/h)"].is_monotonic_increasing
    assert frontier_measures(frame)[0] == "Found (USD/h)"


def test_a_frontier_of_bad_input_is_bad_input_and_a_stopped_one_ends(path: str) -> None:
    with pytest.raises(DataError):
        what_if.what_if_frontier_job(
            path, {"arrival_rate_rps": -1}, "slo.0.limit_ms", [1], job=job()
        )
    rows = what_if.what_if_frontier_job(path, FOUR, "no.such.field", [1], job=job())
    assert [row.status for row in rows] == ["bad input"]
    stopped = job()
    stopped.cancel.set()
    assert what_if.what_if_frontier_job(path, FOUR, "arrival_rate_rps", [10, 20], job=stopped) == []


def test_an_alternative_is_a_separate_plan(path: str, plan: PlanView) -> None:
    running = planning.run_planning_job(path, {**FOUR, "arrival_rate_rps": 10}, job=job()).content
    request = what_if.AlternativesRequest(
        number=2, loss_pct=20.0, running_name="the plan that runs", running=running
    )
    found = what_if.what_if_alternatives_job(path, FOUR, plan.content, request, job=job())
    content = {**plan.content, "context": {**plan.content["context"], "alternatives": found}}
    assert len(alternatives_table(content)) == len(found["plans"]) >= 2
    assert "from the plan that runs" in " ".join(alternatives_lines(content))
    instance = assemble_instance(Path(path), FOUR).instance
    for number, entry in enumerate(found["plans"]):
        view = what_if.what_if_alternative_job(path, FOUR, content, number, job=job())
        assert view.content.keys() == plan.content.keys()
        assert not run_verifier(view.content, instance)
        assert view.content["options"] == entry["options"] != plan.content["options"]
        assert view.content["objective"]["bound"] == plan.content["objective"]["bound"]
        assert view.content["status"] == "feasible"
        assert "the choice of another setup" in view.report["meta"]["verdict"]


def test_the_plan_among_all_setups_and_baselines(path: str, plan: PlanView) -> None:
    listed = what_if.what_if_setups_job(path, FOUR, job=job())
    assert listed.complete
    assert len(listed.setups) >= listed.quality.size > 1
    assert listed.better(plan.content["quality"]) == 0
    assert listed.better(0.0) == listed.quality.size
    baselines = what_if.what_if_baselines_job(path, FOUR, job=job())
    marks = setup_listing_marks_table(plan.content, listed, baselines)
    assert marks[QUALITY].is_monotonic_decreasing
    assert {"plan", "bound", "setup", "baseline"} == set(marks["Kind"])
    worst = marks[marks["Mark"] == "worst listed setup"]
    assert worst["Better setups"].iloc[0] == (listed.quality > listed.quality[-1] * 1.0001).sum()
    lines = setup_listing_rank_lines(plan.content, listed)
    assert "no listed setup is better" in lines[0]
    nearly = replace(listed, quality=np.array([1.0] + 999 * [0.94]))
    line = setup_listing_rank_lines({**plan.content, "quality": 1.0}, nearly)[-1]
    assert line.endswith(
        "more than 99 % lose more than 1 %, more than 99 % lose more than 5 %, 0 % lose more than"
        " 10 %."
    ), "not 100 %"
    few = replace(listed, quality=np.array([0.98] + 999 * [1.0]))
    assert (
        "less than 1 % lose more than 1 %, 0 % lose more than 5 %"
        in setup_listing_rank_lines({**plan.content, "quality": 1.0}, few)[-1]
    )
    assert (
        setup_listing_marks_table(plan.content, listed, None)["Kind"].tolist().count("baseline")
        == 0
    )


def test_setups_that_cannot_be_listed_are_reported() -> None:
    example = EXAMPLES / "two-gpu-types" / "scenario.yaml"
    with pytest.raises(DataError, match="too many setups"):
        what_if.what_if_setups_job(str(example), {}, job=job())


def test_what_moves_a_plan_and_how_far_it_holds(path: str, plan: PlanView) -> None:
    few = {**FOUR, "solver.rel_gap": 0.01}
    tornado = what_if.what_if_tornado_job(path, few, job=job())
    assert tornado.complete
    assert {"arrival rate", "nodes of pool a100"} <= {bar.moved.words for bar in tornado.bars}
    assert tornado.today.value == pytest.approx(plan.content["objective"]["value"], rel=0.02)
    stopped = job()
    stopped.cancel.set()
    assert not what_if.what_if_thresholds_job(path, few, job=stopped).complete
