"""Jobs that read uploaded files: the scenario as it will be edited, its summary, its archive."""

import io
import zipfile
from pathlib import Path

import pytest

from app_pages.jobs.messages import OpenedPlan, PlanView
from app_pages.jobs.planning import run_planning_job
from app_pages.jobs.uploads import (
    open_upload_job,
    replace_table_job,
    summarise_inputs_job,
    zip_scenario_job,
)
from planner.errors import DataError
from planner.plans.plan_file import plan_file_text
from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import ScenarioEdit
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page.page_charts import idle_job
from tests.support.paths import EXAMPLES
from tests.support.plans.export_cases import count_reads
from tests.support.scenarios.demand_case import rates_in_a_table

SCENARIO = EXAMPLES / "from-benchmarks" / "scenario.yaml"


def test_tables_are_summarised_from_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = count_reads(monkeypatch)
    summary = summarise_inputs_job(str(SCENARIO), {}, job=idle_job())
    assert reads == {"profiles.csv": 1, "scores.csv": 1}
    instance = assemble_instance(SCENARIO).instance
    assert summary["options"] == len(instance.options)
    assert summary["prompts"] == len(instance.scores.weights)
    assert list(summary["scores"]["LLM"]) == [llm.name for llm in instance.llms]


def test_rates_are_those_of_every_case_and_class(day: Path) -> None:
    rates_in_a_table(day)
    summary = summarise_inputs_job(str(day / "scenario.yaml"), {}, job=idle_job())
    assert summary["rates"] == [[4.0, 1.0], [0.0, 2.0], [2.0, 0.0]]


def stored(folder: Path, texts: dict[str, str]) -> dict[str, str]:
    """Files as the server stores them: under numbers."""
    paths = {name: folder / str(k) for k, name in enumerate(texts)}
    for name, path in paths.items():
        path.write_text(texts[name], encoding="utf-8")
    return {name: str(path) for name, path in paths.items()}


def opened(tmp_path: Path) -> ScenarioEdit:
    for folder in ("stored", "scenario"):
        (tmp_path / folder).mkdir()
    files = stored(tmp_path / "stored", TEMPLATE_TEXTS)
    return open_upload_job(str(tmp_path / "scenario"), files, job=idle_job())


def test_an_upload_becomes_a_scenario_without_changes(tmp_path: Path) -> None:
    edit = opened(tmp_path)
    assert edit.path == str(tmp_path / "scenario" / "scenario.yaml")
    assert not edit.overrides
    assert edit.scenario.spec.name == "my-cluster"
    archive = zip_scenario_job(edit, job=idle_job())
    assert sorted(zipfile.ZipFile(io.BytesIO(archive)).namelist()) == sorted(TEMPLATE_TEXTS)


def test_a_replaced_table_is_read_before_it_counts(tmp_path: Path) -> None:
    edit = opened(tmp_path)
    good = stored(tmp_path, {"own.csv": "prompt_id,small,large\np1,0.2,0.9\n"})["own.csv"]
    (tmp_path / "second").mkdir()
    args = (edit, "scores", "own.csv", good)
    new = replace_table_job(str(tmp_path / "second"), *args, job=idle_job())
    assert len(assemble_instance(Path(new.path)).instance.scores.weights) == 1
    Path(good).write_text("prompt_id,small,large\np1,0.2,bad\n", encoding="utf-8")
    (tmp_path / "third").mkdir()
    with pytest.raises(DataError, match="row 2"):
        replace_table_job(str(tmp_path / "third"), *args, job=idle_job())


def planned(tmp_path: Path, scenario: Path, *tables: str) -> dict[str, str]:
    """A scenario's files and its plan.json, as the server stores them."""
    done = run_planning_job(str(scenario), {"arrival_rate_rps": 11.0}, job=idle_job())
    texts = {name: (scenario.parent / name).read_text() for name in (scenario.name, *tables)}
    (tmp_path / "stored").mkdir()
    (tmp_path / "scenario").mkdir()
    return stored(tmp_path / "stored", {**texts, "plan.json": plan_file_text(done.content)})


def test_a_plan_is_opened_with_its_scenario_and_verified(tmp_path: Path) -> None:
    files = planned(tmp_path, SCENARIO, "profiles.csv", "scores.csv")
    opened = open_upload_job(str(tmp_path / "scenario"), files, job=idle_job())
    assert isinstance(opened, OpenedPlan)
    assert isinstance(opened.view, PlanView)
    assert opened.edit.scenario.spec.arrival_rate_rps == 11.0
    assert opened.view.content["status"] == "optimal"
    assert opened.view.report["tables"]

    plan = Path(files["plan.json"])
    plan.write_text(plan.read_text().replace('"gpus_used": ', '"gpus_used": 1'))
    (tmp_path / "again").mkdir()
    with pytest.raises(DataError, match="gpus_used"):
        open_upload_job(str(tmp_path / "again"), files, job=idle_job())


def test_files_without_a_scenario_are_named_as_what_they_are(tmp_path: Path) -> None:
    texts = {
        "plan.json": '{"schema": 1, "scenario_sha256": "ab"}',
        "profiles.csv": TEMPLATE_TEXTS["profiles.csv"],
    }
    (tmp_path / "stored").mkdir()
    files = stored(tmp_path / "stored", texts)
    with pytest.raises(DataError) as error:
        open_upload_job(str(tmp_path / "new"), files, job=idle_job())
    assert [(one.file, one.problem) for one in error.value.faults] == [
        ("plan.json", "this is a plan (plan.json), and a scenario is expected here"),
        ("profiles.csv", "this is a profile table, and a scenario is expected here"),
    ]
