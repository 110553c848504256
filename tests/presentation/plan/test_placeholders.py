"""Made-up scores are named wherever a plan made with them is read or taken away."""

from datetime import date
from pathlib import Path

import openpyxl

from planner.export.bundle import build_bundle
from planner.export.cells.cells_report_content import build_cells_report
from planner.export.cells.setup_deployments import build_setup_deployments
from planner.export.report_content import build_report
from planner.export.report_files import write_report_workbook
from planner.presentation.plan.placeholders import placeholder_scores_text
from planner.presentation.plan.provenance import provenance_lines
from planner.scenario.assemble import assemble_instance
from profiles.score_tables.score_columns import PLACEHOLDER_SCORES
from tests.support.plans.cells_sources import planned_cells
from tests.support.plans.report_cases import planned
from tests.support.scenarios.demand_case import write_day

ON = date(2026, 11, 24)
MADE_UP = "The scores are a stand-in (placeholders), made up, not of these LLMs."


def mark(table: Path) -> None:
    """Say of every row of a score table that it was made up."""
    head, *rows = table.read_text(encoding="utf-8").splitlines()
    lines = [f"{head},provenance", *(f"{row},placeholder" for row in rows)]
    table.write_text("\n".join([*lines, ""]), encoding="utf-8")


def test_a_plan_of_made_up_scores_says_so_first(case: Path, tmp_path: Path) -> None:
    scenario = case / "scenario.yaml"
    before = planned(scenario)
    assert placeholder_scores_text(before.plan.content) == ""
    assert MADE_UP not in build_bundle(before, ON).files["README.md"]
    mark(case / "scores.csv")
    source = planned(scenario)
    content = source.plan.content
    assert content["scenario_sha256"] != before.plan.content["scenario_sha256"]
    assert placeholder_scores_text(content) == PLACEHOLDER_SCORES
    assert content["context"]["notices"][0] == (
        f"scores.csv: the scores{PLACEHOLDER_SCORES.removeprefix('The scores')}"
    )
    assert not any("predictor" in line for line in provenance_lines(content))
    bundle = build_bundle(source, ON)
    _, _, start = bundle.files["README.md"].partition("## 1. Before you start\n\n")
    assert start.startswith(f"- **{MADE_UP}")
    assert bundle.cautions[0] == PLACEHOLDER_SCORES
    book = tmp_path / "report.xlsx"
    write_report_workbook(source, build_report(source.plan, source.loaded), book)
    written = openpyxl.load_workbook(book, read_only=True)
    top = [row[0] for row in written["Summary"].iter_rows(max_row=6, values_only=True)]
    assert f"{PLACEHOLDER_SCORES}." in top
    assert assemble_instance(book).sha256 == content["scenario_sha256"]


def test_one_class_with_made_up_scores_is_enough(tmp_path: Path) -> None:
    scenario = write_day(tmp_path)
    mark(tmp_path / "batch.csv")
    content, loaded = planned_cells(scenario, "classes.0.slo.0.limit_ms=1000")
    assert content["context"]["notices"][0].startswith("batch.csv: the scores are a stand-in")
    meta = build_cells_report(content, loaded)["meta"]
    assert meta["placeholders"] == PLACEHOLDER_SCORES
    assert loaded.demand is not None
    made = build_setup_deployments(content, loaded.demand, ON)
    assert made[0].deployment["about"]["placeholders"] == PLACEHOLDER_SCORES
