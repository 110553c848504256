"""The sheet Checks and log, of a report without checks: provenance, notices, the effort of the
search, and what makes the plan again.
"""

from typing import Any

import pandas as pd

from reports.content import Report
from reports.workbook.book import Book
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["LOG", "write_log", "write_log_tables"]

LOG = "Checks and log"
"""The sheet."""


def write_log(book: Book, report: Report) -> None:
    """The sheet of a report that has nothing to check."""
    stories = ["Where the plan comes from, notices, and the effort of the search."]
    page = Page(book, LOG, "Log: how the plan was made", stories, portrait=True)
    write_log_tables(book, report, page)
    page.finish()


def write_log_tables(book: Book, report: Report, page: Page) -> None:
    """Sentences by kind, when the workbook was written, seconds and counts of the search."""
    meta, tables = report["meta"], report["tables"]
    rows: list[tuple[str, Any]] = [
        ("Scenario", meta["scenario"]),
        ("Scenario file", meta["scenario_path"]),
        *((f"Overridden by --set {key}", value) for key, value in meta["overrides"].items()),
        ("Scenario SHA-256", meta["sha256"]),
        ("Planner version", meta["version"]),
        *(("Notice", text) for text in tables["notices"]["Notice"]),
        *(("Inputs", text) for text in meta["provenance"]),
        ("Options", meta["filters"]),
        *(("Search", text) for text in meta["effort_notes"]),
        *(("This report", text) for text in meta["notes"]),
    ]
    page.widest = {0: 44.0, 1: 70.0}
    write_table(page, pd.DataFrame(rows, columns=["What", "Text"], dtype=object), "log")
    page.heading("Written")
    page.put(page.row, 0, "Workbook written (UTC)")
    look = book.format(num_format="yyyy-mm-dd hh:mm:ss", align="left", indent=1)
    page.sheet.write_datetime(page.row, 1, meta["created"], look)
    page.row += 2
    page.heading("Effort of the search")
    effort = tables["effort"]
    units = list(effort["Unit"])
    write_table(page, effort[["What", "Value"]], "effort", units=units, side="left")
