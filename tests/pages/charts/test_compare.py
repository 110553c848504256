"""Charts of the page Compare: every plan has its bars and its point, by its name."""

import pandas as pd
import pytest

from app_pages.charts.compare import build_quality_comparison_chart, build_routing_comparison_chart
from app_pages.jobs.messages import PlanView
from planner.presentation.comparison_tables import (
    routing_comparison_table,
    tradeoff_comparison_table,
)
from tests.support.page.page_charts import rows_of


def test_plans_are_distinguished_by_their_names(view: PlanView) -> None:
    contents = {"as given": view.content, "50 req/s": view.content}
    signs = view.report["meta"]["signs"]
    bars = rows_of(build_routing_comparison_chart(routing_comparison_table(contents), signs))
    assert {row["Label"].partition("%")[2].strip() for row in bars} == set(contents)
    points = rows_of(build_quality_comparison_chart(tradeoff_comparison_table(contents)))
    assert {row["Plan"] for row in points} == set(contents)


@pytest.mark.parametrize(("step", "stretched"), [(1e-6, False), (0.01, True)])
def test_what_the_gaps_leave_open_is_drawn_as_no_difference(step: float, stretched: bool) -> None:
    plans = {"Plan": ["a", "b"], "Quality (mean score)": [0.6, 0.6 + step], "GPUs used": [2, 3]}
    chart, _ = build_quality_comparison_chart(pd.DataFrame(plans))
    scale = chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]
    low, high = scale.get("domain", (0.6, 0.6 + step))
    assert (high - low < 100 * step) == stretched
