"""Jobs that read uploaded files: the scenario as it will be edited, its summary, its archive."""

import io
import zipfile
from pathlib import Path

import pytest

from app_pages.jobs.uploads import (
    open_upload_job,
    replace_table_job,
    summarise_inputs_job,
    zip_scenario_job,
)
from planner.errors import DataError
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
