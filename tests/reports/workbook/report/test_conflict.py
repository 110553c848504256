"""The sheet Conflict, and the best effort that the other sheets show next to it."""

from pathlib import Path

import openpyxl

from planner.export.report_content import build_report
from planner.plans.record import Plan
from planner.scenario.assemble import assemble_instance
from reports.charts import write_charts
from reports.workbook.report.write import write_workbook
from tests.support.plans.report_cases import infeasible, written


def test_an_infeasible_plan_is_shown(tmp_path: Path) -> None:
    """Why, what must change and where, and the best effort as a plan is shown, each of its sheets
    saying what it is.
    """
    source = infeasible()
    assert source.plan.status == "infeasible"
    best = source.plan.content["conflict"]["best_effort"]
    assert best["change"]["change"] == "arrival_rate_rps"
    path = written(source, tmp_path / "none.xlsx")
    book = openpyxl.load_workbook(path, data_only=True)
    for name in (
        "Assumptions",
        "Setup",
        "Routing",
        "Latency",
        "Checks and log",
    ):
        assert book[name]["A2"].value.startswith("Best effort after one change: "), name
    reported = {value for row in book["Summary"].iter_rows(values_only=True) for value in row}
    assert {
        "These limits cannot hold together",
        "What must change: any one of these is enough",
        "best effort",
    } <= reported
    assert any(str(value).startswith("Infeasible: ") for value in reported)
    (row,) = [
        row
        for row in book["Conflict"].iter_rows(values_only=True)
        if str(row[1]).startswith("arrival_rate_rps=")
    ]
    assert row[2] == "Demand & SLO, cell B1"
    assumed = {row[0]: row[1:] for row in book["Assumptions"].iter_rows(values_only=True)}
    assert assumed["Arrival rate"][:2] == (best["change"]["to"], best["change"]["to"])
    assert assumed["Arrival rate"][3] == "best effort: 500 in the scenario"
    assert assemble_instance(path).sha256 == source.plan.content["scenario_sha256"]
    report = build_report(source.plan, source.loaded)
    assert len(write_charts(tmp_path / "charts", report)) == 6
    assert "Best effort after one change: " in (tmp_path / "charts" / "routing.svg").read_text(
        encoding="utf-8"
    )


def test_a_conflict_without_a_best_effort_is_shown(tmp_path: Path) -> None:
    source = infeasible()
    content = {
        **source.plan.content,
        "conflict": {"limits": ["500 req/s to be served"], "repairs": [], "best_effort": None},
    }
    report = build_report(Plan(content), source.loaded)
    write_workbook(tmp_path / "none.xlsx", report)
    book = openpyxl.load_workbook(tmp_path / "none.xlsx")
    assert book.sheetnames == ["Summary", "Assumptions", "Conflict", "Checks and log"]
    assert any(
        row[0] == "No single change makes the scenario feasible."
        for row in book["Conflict"].iter_rows(values_only=True)
    )
    assert write_charts(tmp_path / "charts", report) == []
