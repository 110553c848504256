"""Jobs of the page Export: every file is read back by what it is for, and tables are read once."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app_pages.jobs.export import (
    export_bundle_job,
    export_report_job,
    export_scenario_workbook_job,
    export_scenario_zip_job,
    plan_text,
    zip_exported_tables,
)
from models.router import Router
from planner.errors import DataError
from planner.export.exporter_protocol import bundle_kinds
from planner.plans.plan_and_scenario import load_plan_and_scenario
from planner.scenario.assemble import assemble_instance
from tests.support.page.page_charts import idle_job
from tests.support.plans import export_cases


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def shown() -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Path, changes and content of a plan, as a page hands them to a job."""
    source = export_cases.planned(export_cases.shared().loaded.scenario.path, "arrival_rate_rps=50")
    return str(source.loaded.scenario.path), {"arrival_rate_rps": 50}, dict(source.plan.content)


def test_the_scenario_comes_back_with_its_changes(shown: Any, tmp_path: Path) -> None:
    data, notes = export_scenario_zip_job(*shown, job=idle_job())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    source = load_plan_and_scenario(tmp_path / "plan.json")
    assert (source.loaded.instance.arrival_rate, notes) == (50.0, [])
    book, notes = export_scenario_workbook_job(*shown, job=idle_job())
    (tmp_path / "back.xlsx").write_bytes(book)
    assert (assemble_instance(tmp_path / "back.xlsx").sha256, notes) == (source.loaded.sha256, [])
    report, _ = export_report_job(*shown, job=idle_job())
    (tmp_path / "report.xlsx").write_bytes(report)
    assert assemble_instance(tmp_path / "report.xlsx").sha256 == source.loaded.sha256


def test_files_that_changed_since_are_reported(shown: Any, tmp_path: Path) -> None:
    path, _, content = shown
    with pytest.raises(DataError, match="have changed since this plan was made"):
        export_scenario_zip_job(path, {"arrival_rate_rps": 49}, content, job=idle_job())


def test_the_bundle_is_a_program_with_its_policy(shown: Any, tmp_path: Path) -> None:
    made = export_bundle_job(*shown, list(bundle_kinds()), job=idle_job())
    with zipfile.ZipFile(io.BytesIO(made["zip"])) as archive:
        assert (archive.getinfo("deploy.sh").external_attr >> 16) & 0o111
        assert not (archive.getinfo("deploy.env").external_attr >> 16) & 0o111
    assert made["files"]["What it is for"].str.len().min() > 10
    assert any(
        reason.startswith("kubernetes, llm-d: node lab-0 has") for reason in made["left_out"]
    )
    assert any("MODEL_SMALL" in one for one in made["to_do"])
    (tmp_path / "policy.json").write_bytes(unzipped(made["zip"])["router_policy.json"])
    assert set(Router.load(tmp_path / "policy.json").llms) == {"small", "large"}
    assert export_bundle_job(*shown, ["router"], job=idle_job())["left_out"] == []


def test_a_lone_plan_names_no_folder_of_the_server(shown: Any) -> None:
    assert json.loads(plan_text(shown[2]))["scenario_path"] == "scenario.yaml"


def test_tables_are_csv_and_run_nothing() -> None:
    frames = {
        "setup": pd.DataFrame({"LLM": ["=1+1"], "Rate (req/s)": [-0.5]}),
        "empty": pd.DataFrame({"a": []}),
    }
    files = unzipped(zip_exported_tables(frames))
    assert set(files) == {"setup.csv"}
    assert files["setup.csv"].decode() == "LLM,Rate (req/s)\n'=1+1,-0.5\n"


def test_a_report_reads_every_table_once(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = export_cases.count_reads(monkeypatch)
    export_report_job(*shown, job=idle_job())
    assert reads == {"profiles.csv": 1, "scores.csv": 1}
