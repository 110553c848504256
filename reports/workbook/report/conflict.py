"""The sheet Conflict: why no plan keeps all limits, and what makes the scenario feasible."""

from reports.content import Report
from reports.workbook.book import Book
from reports.workbook.page import Page
from reports.workbook.report.assumptions import assumption_input_cell
from reports.workbook.table import write_table

__all__ = ["write_conflict"]


def write_conflict(book: Book, report: Report) -> None:
    """Limits in conflict, repairs, and which of them the other sheets show."""
    tables, effort = report["tables"], report["meta"]["best_effort"]
    stories = [
        "No plan keeps all of these limits. Each change under What must change was tried: with it"
        " alone there is a plan."
    ]
    page = Page(book, "Conflict", "Conflict: why no plan keeps all limits", stories)
    page.widest = {0: 80.0, 1: 60.0}
    write_table(page, tables["conflict"], "conflict")
    repairs = tables["repairs"]
    if len(repairs):
        page.heading("What must change")
        cells = [_conflict_cell(book, argument) for argument in repairs.iloc[:, 1]]
        shown = repairs.copy()
        shown["In this workbook"] = cells
        write_table(page, shown, "repairs")
    last = f"{effort}. The other sheets show its plan."
    page.sentence(
        last if effort else "No single change makes the scenario feasible.",
        font_color="#000000",
    )
    page.finish()


def _conflict_cell(book: Book, argument: str) -> str | None:
    """Where a change (`KEY=VALUE`) is made on the input sheets, None where it has no cell."""
    cell = assumption_input_cell(argument.partition("=")[0])
    if not cell or not book.inputs:
        return None
    return cell.replace("'", "").replace("$", "").replace("!", ", cell ")
