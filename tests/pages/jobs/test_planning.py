"""Jobs of the pages Plan and Inputs: summaries of tables, and nothing after a stop."""

import pytest

from app_pages.jobs.planning import run_marginals_planning_job, summarise_planning_inputs_job
from planner.scenario.assemble import assemble_instance
from tests.support.page.page_charts import idle_job
from tests.support.paths import EXAMPLES
from tests.support.plans.export_cases import count_reads

SCENARIO = EXAMPLES / "from-benchmarks" / "scenario.yaml"


def test_tables_are_summarised_from_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = count_reads(monkeypatch)
    summary = summarise_planning_inputs_job(str(SCENARIO), {}, job=idle_job())
    assert reads == {"profiles.csv": 1, "scores.csv": 1}
    instance = assemble_instance(SCENARIO).instance
    assert summary["options"] == len(instance.options)
    assert summary["prompts"] == len(instance.scores.weights)
    assert list(summary["scores"]["LLM"]) == [llm.name for llm in instance.llms]


def test_a_stopped_job_has_no_marginals() -> None:
    job = idle_job()
    job.cancel.set()
    assert run_marginals_planning_job(str(SCENARIO), {}, job=job) == []
