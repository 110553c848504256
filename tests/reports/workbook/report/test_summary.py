"""The sheet Summary: the goal, the figures, and how sure they are."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl

from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.record import Plan
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


def test_a_limit_that_a_simulation_misses_stands_before_the_binding_limits(
    small: PlanAndScenario, tmp_path: Path
) -> None:
    content: Any = deepcopy(dict(small.plan.content))
    interval = {"mean_ms": 900.0, "low_ms": 719.6, "high_ms": 990.0, "verdict": "misses"}
    content["context"]["simulated"] = {
        "runs": 5, "seconds_per_run": 600.0, "requests": 9, "seed": 0,
        "slo": [interval, *[None] * (len(content["slo"]) - 1)],
    }  # fmt: skip
    source = replace(small, plan=Plan(content))
    book = openpyxl.load_workbook(written(source, tmp_path / "missed.xlsx"), data_only=True)
    texts = [str(row[0]) for row in book["Summary"].iter_rows(values_only=True)]
    at = texts.index("Limits that the curves keep and a simulation of this plan misses")
    assert "719.6 to 990 ms" in texts[at + 1]
    assert at < texts.index("Binding limits and marginal values")
