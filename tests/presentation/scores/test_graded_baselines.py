"""Baselines by grades, in a sentence and a table."""

from types import SimpleNamespace
from typing import Any

import pytest

from planner.operation.graded_baselines import GradedBaselines, GradedGain, GradedRow
from planner.presentation.scores.graded_baselines import (
    graded_baselines_line,
    graded_baselines_table,
)
from planner.studies.baselines.comparison import BaselineComparison
from planner.studies.baselines.solver import BaselineResult

ROWS = (
    GradedRow("joint plan", 0.7131, 0.6824, None),
    GradedRow("isolated", 0.68, 0.64, GradedGain(0.0331, 0.0424, 0.03, 0.05)),
    GradedRow("cascade", 0.65, 0.68, GradedGain(0.0631, 0.0024, -0.01, 0.01)),
)
GRADED = GradedBaselines(ROWS, 1640)


def comparison(*attempts: tuple[str, float], of: str = "quality") -> BaselineComparison:
    content = {
        "objective": {"of": of, "value": 0.7},
        "context": {"quality_at_least": 0.69},
    }
    plan: Any = SimpleNamespace(content=content)
    results = tuple(
        BaselineResult(name=name, variant="", content={}, value=value, quality=value)
        for name, value in attempts
    )
    return BaselineComparison(plan, results, 1e-4, 1.0)


@pytest.mark.parametrize(
    ("attempts", "words"),
    [
        (
            (("isolated", 0.67), ("cascade", 0.65)),
            "gains +0.0424 (95 %: +0.0300 to +0.0500) over isolated, the best other plan by scores,"
            " which promise +0.0331.",
        ),
        (
            (("isolated", 0.7), ("cascade", 0.65)),
            "gains +0.0024 (95 %: -0.0100 to +0.0100) over cascade, the best other plan by scores,"
            " which promise +0.0631; within noise.",
        ),
        ((("isolated", 0.7),), "has quality 0.6824; all baselines that keep the SLOs tie it."),
        ((), "has quality 0.6824; no baseline keeps the SLOs."),
    ],
)
def test_the_line_names_the_best_plan_that_differs(
    attempts: tuple[tuple[str, float], ...], words: str
) -> None:
    line = graded_baselines_line(comparison(*attempts), GRADED)
    assert line == f"By 1,640 held-out grades the joint plan {words}"


def test_with_a_cost_objective_the_required_quality_counts() -> None:
    assert graded_baselines_line(comparison(of="cost"), GRADED) == (
        "By 1,640 held-out grades the joint plan has quality 0.6824; 0.69 is required, and the"
        " scores promise 0.7131."
    )


def test_the_joint_plan_has_no_gain_over_itself() -> None:
    table = graded_baselines_table(GRADED)
    assert table["Baseline"].tolist() == ["joint plan", "isolated", "cascade"]
    assert table["Realised gain of the joint plan (mean grade)"].isna().tolist() == [
        *(True, False, False)
    ]
