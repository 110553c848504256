"""The workbook: a report's tables and words as sheets, written with XlsxWriter.

Sheets whose data was not computed are left out. Text is written as text: no cell, name, link or
chart title is read off what the user wrote. The input sheets (reports.workbook.input_sheets) go
last, so that the workbook can be read back as a scenario.

With a conflict the sheets of a setup show the best effort, and each says so at its top.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from xlsxwriter import Workbook

from profiles.io.writing import writing_whole_file
from profiles.workbook_layout import REPORT_SHEETS, WorkbookInputs
from reports.content import Report
from reports.style import safe_style_text, style_of_llms
from reports.workbook.book import Book
from reports.workbook.input_sheets import write_input_sheets
from reports.workbook.report import (
    alternatives,
    assumptions,
    baselines,
    checks,
    conflict,
    dropped_options,
    gpus,
    latency,
    log,
    routing,
    setup,
    setups,
    summary,
    sweeps,
)
from reports.workbook.workbook_file import open_workbook

__all__ = ["report_sheets", "write_workbook"]

WriteSheet = Callable[[Book, Report], None]

PLANNED: Mapping[str, WriteSheet] = {
    "GPU map": gpus.write_gpu_map,
    "Setup": setup.write_setup,
    "Routing": routing.write_routing,
    "Latency": latency.write_latency,
}
"""Sheets of a plan that has a setup."""
OPTIONAL: Mapping[str, tuple[WriteSheet, str]] = {
    "Sensitivity": (sweeps.write_sensitivity, "sensitivity"),
    "Frontier": (sweeps.write_frontier, "frontier"),
    "Setups study": (setups.write_setups_study, "spread"),
    "Setups data": (setups.write_setups_data, "setups"),
    "Baselines": (baselines.write_baselines, "baselines"),
    "Alternatives": (alternatives.write_alternatives, "alternatives"),
    "Dropped options": (dropped_options.write_dropped_options, "dropped"),
    "Conflict": (conflict.write_conflict, "conflict"),
}
"""Sheets that are left out without a table, or without its rows."""
WRITERS: Mapping[str, WriteSheet] = {
    "Assumptions": assumptions.write_assumptions,
    **PLANNED,
    **{sheet: write for sheet, (write, _) in OPTIONAL.items()},
}
"""In the order of writing: sheets whose cells others refer to come first."""


def report_sheets(report: Report) -> list[str]:
    """Names of the report's own sheets, in order."""
    tables = _write_beside_conflict(report)["tables"]
    there = {"Summary", "Assumptions", log.LOG}
    there |= {sheet for sheet, (_, key) in OPTIONAL.items() if key in tables and len(tables[key])}
    if len(tables["setup"]):
        there |= PLANNED.keys()
        if not gpus.gpus_stand_alone(report):
            there.discard("GPU map")
    return [sheet for sheet in REPORT_SHEETS if sheet in there]


def write_workbook(path: Path, report: Report, inputs: WorkbookInputs | None = None) -> None:
    """Write the report whole or not at all. WriteError when that is not possible.

    inputs: what the input sheets hold, None to leave them out.
    """
    report = _write_beside_conflict(report)
    meta = report["meta"]
    comments, title = "Written by the joint LLM planner", safe_style_text(meta["scenario"])
    with (
        writing_whole_file(path, ".xlsx") as temporary,
        open_workbook(temporary, title, comments, meta["created"]) as file,
    ):
        _write_report_sheets(file, report, inputs)


def _write_beside_conflict(report: Report) -> Report:
    """The best effort with the conflict's own tables and verdict; any other report as it is."""
    nearest = report["nearest"]
    if nearest is None:
        return report
    tables, meta = report["tables"], report["meta"]
    own = ("conflict", "repairs", "dropped", "notices", "effort")
    return {
        "tables": {**nearest["tables"], **{key: tables[key] for key in own}},
        "meta": {
            **nearest["meta"],
            "status": meta["status"],
            "verdict": meta["verdict"],
            "goal": meta["goal"],
            "dropped": meta["dropped"],
            "effort_notes": meta["effort_notes"],
            "notes": meta["notes"],
            "best_effort_verdict": nearest["meta"]["verdict"],
        },
        "nearest": None,
    }


def _write_report_sheets(file: Workbook, report: Report, inputs: WorkbookInputs | None) -> None:
    """Sheets in order, then their content."""
    meta = report["meta"]
    file.set_size(2400, 1400)
    file.set_calc_mode("auto")
    banners = {}
    if meta["best_effort"]:
        marked = (*PLANNED, log.LOG, "Assumptions")
        banners = dict.fromkeys(marked, f"{meta['best_effort']}.")
    book = Book(file=file, looks=style_of_llms(meta["signs"]), inputs=inputs, banners=banners)
    sheets = report_sheets(report)
    for name in sheets:
        file.add_worksheet(name)
    if inputs is not None:
        notes = [*inputs.notes, *write_input_sheets(file, inputs)]
        meta = {**meta, "notes": [*meta["notes"], *notes]}
    whole: Report = {**report, "meta": meta}
    planned = len(report["tables"]["setup"]) > 0
    if planned:
        latency.begin_latency(book, whole)
    for name, write in WRITERS.items():
        if name in sheets:
            write(book, whole)
    (checks.write_checks if planned else log.write_log)(book, whole)
    summary.write_summary(book, whole)
