"""The workbook of a plan over classes and cases, written with XlsxWriter.

Sheets whose data is not there are left out. Text is written as text: no cell, name, link or chart
title is read off what the user wrote. The input sheets go last, so that the workbook can be read
back as a scenario.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from profiles.io.writing import writing_whole_file
from profiles.workbook_layout import REPORT_SHEETS, WorkbookInputs
from reports.cells_content import CellsReport
from reports.style import safe_style_text, style_of_llms
from reports.workbook.book import Book
from reports.workbook.cells import case_sheets, setup_sheets
from reports.workbook.cells.cells_summary import write_cells_summary
from reports.workbook.input_sheets import write_input_sheets
from reports.workbook.report import dropped_options, log
from reports.workbook.workbook_file import open_workbook

__all__ = ["cells_workbook_sheets", "write_cells_workbook"]

WRITERS: Mapping[str, tuple[Callable[[Book, CellsReport], None], tuple[str, ...]]] = {
    "Assumptions": (setup_sheets.write_assumption_values, ("assumptions",)),
    "Class results": (case_sheets.write_class_results, ("classes",)),
    "Limits": (case_sheets.write_limits, ("limits",)),
    "Setup": (setup_sheets.write_setups, ("setup",)),
    "Lanes": (setup_sheets.write_lanes, ("lanes",)),
    "GPU map": (setup_sheets.write_setup_maps, ("setup",)),
    "Case results": (case_sheets.write_case_results, ("cases",)),
}
"""Sheet -> what writes it, and the tables of which one must have rows; sheets whose cells others
refer to come first.
"""


def cells_workbook_sheets(report: CellsReport) -> list[str]:
    """Names of the report's own sheets, in order."""
    tables = report["tables"]
    there = {"Summary", log.LOG}
    there |= {
        sheet for sheet, (_, keys) in WRITERS.items() if any(len(tables[key]) for key in keys)
    }
    if not setup_sheets.setup_maps_stand_alone(report):
        there.discard("GPU map")
    if len(tables["dropped"]):
        there.add("Dropped options")
    return [sheet for sheet in REPORT_SHEETS if sheet in there]


def write_cells_workbook(
    path: Path, report: CellsReport, inputs: WorkbookInputs | None = None
) -> None:
    """Write the report whole or not at all. WriteError when that is not possible.

    inputs: what the input sheets hold, None to leave them out.
    """
    meta = report["meta"]
    comments, title = "Written by the joint LLM planner", safe_style_text(meta["scenario"])
    with (
        writing_whole_file(path, ".xlsx") as temporary,
        open_workbook(temporary, title, comments, meta["created"]) as file,
    ):
        file.set_size(2400, 1400)
        book = Book(file=file, looks=style_of_llms(meta["signs"]), inputs=inputs)
        sheets = cells_workbook_sheets(report)
        for name in sheets:
            file.add_worksheet(name)
        notes = list(meta["notes"])
        if inputs is not None:
            notes += [*inputs.notes, *write_input_sheets(file, inputs)]
        whole: CellsReport = {**report, "meta": {**meta, "notes": notes}}
        for name, (write, _) in WRITERS.items():
            if name in sheets:
                write(book, whole)
        # The log and what was dropped are told as in every report.
        plain = cast("Any", whole)
        if "Dropped options" in sheets:
            dropped_options.write_dropped_options(book, plain)
        log.write_log(book, plain)
        write_cells_summary(book, whole)
