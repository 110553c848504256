"""What charts and sheets both draw: bars of GPUs and spans of curves."""

import pytest

from planner.export.report_content import build_report
from planner.plans.plan_and_scenario import PlanAndScenario
from reports.series import CELLS, bar_series, gpu_series, routing_series_text, span_series


@pytest.mark.parametrize(
    ("shares", "cells"),
    [
        ([], {}),
        ([("a", 50.0), ("b", 30.0)], {"a": 5, "b": 3}),
        ([("a", 33.0), ("b", 33.0), ("c", 34.0)], {"a": 3, "b": 4, "c": 3}),
    ],
)
def test_a_bar_has_a_cell_for_every_tenth(
    shares: list[tuple[str, float]], cells: dict[str, int]
) -> None:
    bar = bar_series(shares)
    assert len(bar) == CELLS
    assert {llm: bar.count(llm) for llm in cells} == cells
    assert bar.count(None) == CELLS - sum(cells.values())


def test_every_gpu_and_every_curve_is_there_once(trio: PlanAndScenario) -> None:
    report, content = build_report(trio.plan, trio.loaded), trio.plan.content
    gpus = list(gpu_series(report))
    assert len(gpus) == content["gpus_total"]
    rows = [row for *_, numbers in gpus for row in numbers]
    assert sorted(rows) == list(range(len(content["placement"])))
    spans = span_series(report)
    assert [stop for _, stop in spans[:-1]] == [start for start, _ in spans[1:]]
    assert len(spans) == len(content["options"])
    for llm, fraction in content["routing"].items():
        assert f"{llm} {100 * fraction:.1f} %" in routing_series_text(report)
