"""Content of a report on classes and cases: headline, goal, curves, confidence."""

import pytest

from planner.export.cells.cells_report_content import build_cells_report
from tests.support.plans.cells_sources import day_planned, impossible_day


def test_the_headline_is_the_plan_s() -> None:
    content, loaded = day_planned()
    meta = build_cells_report(content, loaded)["meta"]
    figures = {what.strip(): value for what, value, _ in meta["figures"]}
    assert figures["Quality found"] == content["quality"]
    assert figures["GPUs used"] == content["gpus_used"]
    parts = figures["of GPUs"] + figures["of requests outside"]
    assert parts == pytest.approx(figures["Cost, mean over the hours"])
    assert figures["Budget"] == 40.0
    goal = (
        "day: best quality for 2 classes in 3 cases, up to 5 req/s on 2 x 4 G (pool a), within 40"
    )
    assert meta["goal"].startswith(goal)
    assert [line.partition(":")[0] for line in meta["nearest"]] == ["day", "night", "node-lost"]
    assert meta["lost_nodes"]
    assert any(line.startswith("Source: ") for line in meta["confidence"])


def test_points_are_the_curves_of_the_deployed_options() -> None:
    content, loaded = day_planned()
    frame = build_cells_report(content, loaded)["tables"]["points"]
    assert set(frame["LLM"]) == {option["llm"] for option in content["setups"][0]["options"]}
    small = frame[frame["LLM"] == "NO"]
    assert small["TTFT p95 (ms)"].tolist()[:2] == [200.0, 400.0]
    assert "Class" not in frame, "no class has curves of its own"


def test_without_a_plan_there_are_reasons_and_no_setup() -> None:
    content, loaded = impossible_day()
    report = build_cells_report(content, loaded)
    assert report["meta"]["conflict"] == content["conflict"]["limits"] != []
    assert report["maps"] == []
    assert not len(report["tables"]["setup"])
    assert not report["meta"]["confidence"]
