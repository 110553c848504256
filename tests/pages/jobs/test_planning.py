"""Jobs of the page Plan: nothing after a stop."""

from app_pages.jobs.planning import run_marginals_planning_job
from tests.support.page.page_charts import idle_job
from tests.support.paths import EXAMPLES

SCENARIO = EXAMPLES / "from-benchmarks" / "scenario.yaml"


def test_a_stopped_job_has_no_marginals() -> None:
    job = idle_job()
    job.cancel.set()
    assert run_marginals_planning_job(str(SCENARIO), {}, job=job) == []
