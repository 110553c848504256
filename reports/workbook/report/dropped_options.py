"""The sheet Dropped options: what was left out, and why."""

from reports.content import Report
from reports.workbook.book import Book
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["write_dropped_options"]

MOST_LINES = 6


def write_dropped_options(book: Book, report: Report) -> None:
    """Options that were considered and left out, with the first rule they fail."""
    stories = [
        "Options of the profile table that no plan may use, with the first rule they fail.",
        *report["meta"]["dropped"][:MOST_LINES],
    ]
    page = Page(book, "Dropped options", "Dropped options: what was left out, and why", stories)
    write_table(page, report["tables"]["dropped"], "dropped")
    page.finish()
