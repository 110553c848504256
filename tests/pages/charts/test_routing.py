"""The routing of a plan as bars: every LLM with its part of the requests."""

from app_pages.charts.routing import PART, build_routing_chart
from app_pages.jobs.messages import PlanView
from tests.support.page.page_charts import rows_of


def test_every_llm_has_its_bar(view: PlanView) -> None:
    rows = rows_of(build_routing_chart(view.report))
    assert {row["LLM"]: row[PART] for row in rows} == {
        llm: 100 * part for llm, part in view.content["routing"].items()
    }
