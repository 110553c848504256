"""The page Export: it says what each file is for, makes it, and hands it over."""

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from profiles.plugins.own_entry_points import PluginGroup
from tests.support.page.page_app import opened, settle, unescaped
from tests.support.plugins.installed_plugins import write_distribution

REPORT = "export-file-export_report_job"
"""Slot."""


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def page() -> AppTest:
    return opened("export")


def test_it_says_what_each_file_is_for(page: AppTest) -> None:
    for title in (
        "Deploy bundle",
        "Report workbook (Excel)",
        "Charts",
        "plan.json",
        "Tables (CSV)",
        "Scenario and plan",
        "Scenario workbook (Excel)",
        "link",
    ):
        assert f"{title}" in unescaped(page)
    assert page.session_state["shown"].content["scenario_sha256"][:12] in unescaped(page)


@pytest.mark.slow
@pytest.mark.usefixtures("marginals_at_once")
def test_what_one_more_buys_goes_along_where_it_is_known() -> None:
    app = settle(opened(example="from-benchmarks"), "marginals")
    app.switch_page("views/export.py").run()
    app.button(key="export-make-export_report_job").click().run()
    made = settle(app, REPORT).session_state["job-slots"][REPORT]
    found = app.session_state["job-slots"]["marginals"].outcome.result
    assert len(found) >= 5
    assert made.args[2]["context"]["marginals"] == found
    sheet = openpyxl.load_workbook(io.BytesIO(made.outcome.result[0]), read_only=True)["Summary"]
    reported = "\n".join(
        str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    )
    assert "+1 node of pool a100 (2 instead of 1)" in reported


def test_the_bundle_is_made_and_reported(page: AppTest) -> None:
    page.button(key="export-bundle").click().run()
    page = settle(page, "export-bundle").run()
    made = page.session_state["job-slots"]["export-bundle"].outcome.result
    files = unzipped(made["zip"])
    assert set(page.dataframe[0].value["File"]) == set(files)
    assert json.loads(files["router_policy.json"])["price_table"]["rows"]
    assert "Left out, and why" in unescaped(page)
    assert "Connect scores: a gateway without a score for each prompt sends" in unescaped(page)
    assert "a threshold is for two LLMs" in unescaped(page)
    page.toggle(key="export-some").set_value(True).run()
    page.multiselect(key="export-kinds").set_value(["routellm"]).run()
    assert not page.dataframe
    page.button(key="export-bundle").click().run()
    page = settle(page, "export-bundle").run()
    assert "Not made: 1 fault to fix" in unescaped(page)
    assert "a threshold is for two LLMs" in unescaped(page)
    page.multiselect(key="export-kinds").set_value([]).run()
    assert page.button(key="export-bundle").disabled


def test_kinds_of_plug_ins_are_offered_and_what_is_left_out_is_named(plugin_path: Path) -> None:
    code = """
class Note:
    def refusals(self, plan): return []
    def files(self, plan): return {}
NOTE = Note()
"""
    points = {PluginGroup.EXPORTERS: {"note": "NOTE", "bad": "MISSING"}}
    write_distribution(plugin_path, "mine", points, code)
    page = opened("export")
    page.toggle(key="export-some").set_value(True).run()
    assert page.multiselect(key="export-kinds").options[-1] == "note"
    assert "of mine" in page.warning[0].value


def test_a_made_file_stays_while_another_is_made_and_goes_with_its_plan(page: AppTest) -> None:
    for call in ("export_report_job", "export_scenario_zip_job"):
        page.button(key=f"export-make-{call}").click().run()
        page = settle(page, f"export-file-{call}").run()
    slots = page.session_state["job-slots"]
    assert slots[REPORT].outcome.has_result
    assert not {one.key for one in page.button} & {
        "export-make-export_report_job",
        "export-make-export_scenario_zip_job",
    }
    data, notes = slots["export-file-export_scenario_zip_job"].outcome.result
    assert notes == []
    assert {"scenario.yaml", "plan.json"} < set(unzipped(data))
    page.session_state["export-file-export_report_job"] = "another plan"
    page.run()
    assert REPORT not in page.session_state["job-slots"]
    assert page.button(key="export-make-export_report_job").label == "Make the report"


def test_a_plan_without_a_setup_can_be_taken_away_all_the_same() -> None:
    app = opened("plan", example="from-benchmarks", arrival_rate_rps="100000")
    app = settle(app, "plan").run()
    assert app.session_state["shown"].content["status"] == "infeasible"
    app.switch_page("views/export.py").run()
    assert not app.exception
    assert "There is no setup to deploy" in unescaped(app)
    app.button(key="export-make-export_report_job").click().run()
    app = settle(app, REPORT).run()
    data, _ = app.session_state["job-slots"][REPORT].outcome.result
    assert "Summary" in openpyxl.load_workbook(io.BytesIO(data), read_only=True).sheetnames
