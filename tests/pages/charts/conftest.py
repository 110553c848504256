"""What tests of charts share: a plan with several replicas of one option."""

import pytest

from app_pages.jobs import planning
from app_pages.jobs.messages import PlanView
from tests.support.page.page_charts import idle_job
from tests.support.paths import EXAMPLES


@pytest.fixture(scope="package")
def view() -> PlanView:
    path = EXAMPLES / "two-gpu-types" / "scenario.yaml"
    return planning.run_planning_job(str(path), {"llms.0.max_replicas": 8}, job=idle_job())
