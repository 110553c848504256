"""The sheet Alternatives: other setups that lose little, each against the plan of this report."""

from reports.content import Report
from reports.workbook.book import Book
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["write_alternatives"]


def write_alternatives(book: Book, report: Report) -> None:
    """Sentences and table."""
    title = "Alternatives: other setups nearly as good"
    page = Page(book, "Alternatives", title, ["Other numbers of replicas, each at its best."])
    for line in report["meta"]["alternatives"]:
        page.bullet(line)
    page.row += 1
    frame = report["tables"]["alternatives"]
    write_table(page, frame.dropna(axis="columns", how="all"), "alternatives")
    page.finish()
