"""Charts of the page Compare: every plan has its bars and its point, by its name."""

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
