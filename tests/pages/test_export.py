"""The page Export: every file it hands over is read back by what it is for."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages.jobs.export import (
    deployment,
    plan_file,
    scenario_folder,
    scenario_workbook,
    tables_zip,
    workbook,
)
from app_pages.jobs.messages import Watch
from models.router import Router
from planner.export.bundle import KINDS
from planner.plans.plan_and_scenario import load_plan
from planner.scenario.assemble import load_instance
from tests.support import export_cases
from tests.support.page_app import opened, settle


def words(app: AppTest) -> str:
    told = "\n".join(
        str(part.value)
        for part in (*app.markdown, *app.caption, *app.error, *app.warning, *app.info)
    )
    return told.replace("\\", "")


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# ---------------------------------------------------------------- the page


@pytest.fixture(scope="module")
def page() -> AppTest:
    return opened("app_pages/pages/export.py")


def test_it_says_what_each_file_is_for(page: AppTest) -> None:
    for title in (
        "Deploy bundle",
        "Report (Excel)",
        "Charts",
        "plan.json",
        "Tables (CSV)",
        "Scenario and plan",
        "Scenario (Excel)",
        "link",
    ):
        assert f"{title}" in words(page)
    assert page.session_state["shown"].content["scenario_sha256"][:12] in words(page)


@pytest.mark.usefixtures("unasked_at_once")
def test_what_one_more_buys_goes_along_where_it_is_known() -> None:
    app = settle(opened(example="from-benchmarks"), "worth")
    app.switch_page("export.py").run()
    app.button(key="export-make-workbook").click().run()
    made = settle(app, "export-file").session_state["work"]["export-file"]
    found = app.session_state["work"]["worth"].outcome.result
    assert len(found) >= 5
    assert made.args[2]["context"]["marginals"] == found
    sheet = openpyxl.load_workbook(io.BytesIO(made.outcome.result[0]), read_only=True)["Summary"]
    told = "\n".join(
        str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    )
    assert "+1 node of pool a100 (2 instead of 1)" in told


def test_the_bundle_is_made_and_told(page: AppTest) -> None:
    page.button(key="export-bundle").click().run()
    page = settle(page, "export-bundle").run()
    made = page.session_state["work"]["export-bundle"].outcome.result
    files = unzipped(made["zip"])
    assert set(page.dataframe[0].value["File"]) == set(files)
    assert json.loads(files["router_policy.json"])["price_table"]["rows"]
    assert "Left out, and why" in words(page)
    assert "a threshold is for two LLMs" in words(page)
    page.toggle(key="export-some").set_value(True).run()
    page.multiselect(key="export-kinds").set_value(["routellm"]).run()
    assert not page.dataframe
    page.button(key="export-bundle").click().run()
    page = settle(page, "export-bundle").run()
    assert "Not made: 1 fault to mend" in words(page)
    assert "a threshold is for two LLMs" in words(page)
    page.multiselect(key="export-kinds").set_value([]).run()
    assert page.button(key="export-bundle").disabled


def test_one_made_file_is_kept_at_a_time(page: AppTest) -> None:
    for call in ("workbook", "scenario_folder"):
        page.button(key=f"export-make-{call}").click().run()
        page = settle(page, "export-file").run()
        assert [
            one.key for one in page.button if one.key and one.key.startswith("export-make-")
        ].count(f"export-make-{call}") == 0
    data, notes = page.session_state["work"]["export-file"].outcome.result
    assert notes == []
    assert {"scenario.yaml", "plan.json"} < set(unzipped(data))
    assert page.button(key="export-make-workbook").label == "Make the report"


def test_a_plan_without_a_setup_can_be_taken_away_all_the_same() -> None:
    app = opened("app_pages/pages/plan.py", **{"arrival_rate_rps": "100000"})
    app = settle(app, "plan").run()
    assert app.session_state["shown"].content["status"] == "infeasible"
    app.switch_page("export.py").run()
    assert not app.exception
    assert "There is no setup to deploy" in words(app)
    app.button(key="export-make-workbook").click().run()
    app = settle(app, "export-file").run()
    data, _ = app.session_state["work"]["export-file"].outcome.result
    assert "Summary" in openpyxl.load_workbook(io.BytesIO(data), read_only=True).sheetnames


# ---------------------------------------------------------------- the files


@pytest.fixture
def shown() -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Path, changes and content of a plan, as a page hands them to a job."""
    source = export_cases.planned(export_cases.shared().loaded.scenario.path, "arrival_rate_rps=50")
    return str(source.loaded.scenario.path), {"arrival_rate_rps": 50}, dict(source.plan.content)


def test_the_scenario_comes_back_with_its_changes(shown: Any, tmp_path: Path, idle: Watch) -> None:
    data, notes = scenario_folder(*shown, watch=idle)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    source = load_plan(tmp_path / "plan.json")
    assert (source.loaded.instance.arrival_rate, notes) == (50.0, [])
    book, notes = scenario_workbook(*shown, watch=idle)
    (tmp_path / "back.xlsx").write_bytes(book)
    assert (load_instance(tmp_path / "back.xlsx").sha256, notes) == (source.loaded.sha256, [])
    report, _ = workbook(*shown, watch=idle)
    (tmp_path / "report.xlsx").write_bytes(report)
    assert load_instance(tmp_path / "report.xlsx").sha256 == source.loaded.sha256


def test_files_that_changed_since_are_told(shown: Any, tmp_path: Path, idle: Watch) -> None:
    path, _, content = shown
    with pytest.raises(Exception, match="have changed since this plan was made"):
        scenario_folder(path, {"arrival_rate_rps": 49}, content, watch=idle)


def test_the_bundle_is_a_program_with_its_policy(shown: Any, tmp_path: Path, idle: Watch) -> None:
    made = deployment(*shown, list(KINDS), watch=idle)
    with zipfile.ZipFile(io.BytesIO(made["zip"])) as archive:
        assert (archive.getinfo("deploy.sh").external_attr >> 16) & 0o111
        assert not (archive.getinfo("deploy.env").external_attr >> 16) & 0o111
    assert made["files"]["What it is for"].str.len().min() > 10
    assert any(reason.startswith("kubernetes: node lab-0 has") for reason in made["left_out"])
    assert any("MODEL_SMALL" in one for one in made["to_do"])
    (tmp_path / "policy.json").write_bytes(unzipped(made["zip"])["router_policy.json"])
    assert set(Router.load(tmp_path / "policy.json").llms) == {"small", "large"}
    assert deployment(*shown, ["router"], watch=idle)["left_out"] == []


def test_a_lone_plan_names_no_folder_of_the_server(shown: Any) -> None:
    assert json.loads(plan_file(shown[2]))["scenario_path"] == "scenario.yaml"


def test_tables_are_csv_and_run_nothing() -> None:
    frames = {
        "setup": pd.DataFrame({"LLM": ["=1+1"], "Rate (req/s)": [-0.5]}),
        "empty": pd.DataFrame({"a": []}),
    }
    files = unzipped(tables_zip(frames))
    assert set(files) == {"setup.csv"}
    assert files["setup.csv"].decode() == "LLM,Rate (req/s)\n'=1+1,-0.5\n"


@pytest.fixture
def idle() -> Watch:
    """Nobody watches."""
    from threading import Event

    return Watch(lambda _: None, lambda _: None, Event())
