"""Jobs of the page Library: a record opens as the scenario that was kept, changes included."""

from pathlib import Path

import pytest

from app_pages.jobs.library import keep_plan_job, list_kept_job, open_kept_job, remove_kept_job
from app_pages.jobs.planning import run_planning_job
from planner.errors import DataError
from planner.library.kept_record import KeptAs
from planner.scenario.edits import content_of_edit
from tests.support.page.page_charts import idle_job
from tests.support.paths import EXAMPLES

SCENARIO = str(EXAMPLES / "from-benchmarks" / "scenario.yaml")


def test_a_record_opens_with_its_changes(tmp_path: Path) -> None:
    overrides = {"arrival_rate_rps": 7.5}
    content = run_planning_job(SCENARIO, overrides, job=idle_job()).content
    kept_as = KeptAs("with changes", ("job-test",))
    number = keep_plan_job(SCENARIO, overrides, content, kept_as, job=idle_job())
    listed = list_kept_job("job-test", None, job=idle_job())
    assert listed[["Number", "Name"]].values.tolist() == [[number, "with changes"]]
    edit = open_kept_job(str(tmp_path), number, None, job=idle_job())
    assert Path(edit.path).parent == tmp_path
    assert content_of_edit(edit)["arrival_rate_rps"] == 7.5
    remove_kept_job(number, None, job=idle_job())
    with pytest.raises(DataError, match="there is no such record"):
        open_kept_job(str(tmp_path), number, None, job=idle_job())
