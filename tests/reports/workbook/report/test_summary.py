"""The sheet Summary: the goal, the figures, and how sure they are."""

from pathlib import Path

import openpyxl

from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.plans.report_cases import planned, written


def test_the_summary_shows_the_goal_and_the_confidence(
    small: PlanAndScenario, tmp_path: Path
) -> None:
    cheap = planned(small.loaded.scenario.path, "objective={minimize: cost, quality_at_least: 0.6}")
    rows = list(
        openpyxl.load_workbook(written(cheap, tmp_path / "cheap.xlsx"), data_only=True)[
            "Summary"
        ].iter_rows(values_only=True)
    )
    goal = (
        "my-cluster: lowest cost for 20 req/s on 1 x 2 A100-PCIe-80GB (pool a100), with quality at"
        " least 0.6 and mean TTFT at most 300 ms"
    )
    assert rows[1][0] == f"Goal: {goal}"
    figures = {row[0]: row[1:3] for row in rows}
    assert figures["Quality at least"] == (0.6, "mean score")
    assert figures["Curves measured"] == (0, f"of {len(cheap.plan.content['options'])} curves")
    assert figures["Independent verifier"] == ("no problem", "at planning")
