"""The sheet Shadow prices: what one more of each limit would buy, in words and figures."""

from reports.content import Report
from reports.style import sentence_case
from reports.workbook.book import Book
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["write_shadow_prices"]


def write_shadow_prices(book: Book, report: Report) -> None:
    """Estimates by shadow prices, and below them what planning again gives, where it was done."""
    meta, tables = report["meta"], report["tables"]
    page = Page(book, "Shadow prices", "Shadow prices: what one more would buy", [meta["binding"]])
    for line in meta["estimates"]:
        page.bullet(sentence_case(line))
    page.row += 1
    frame = tables["shadow_prices"]
    write_table(page, frame, "shadow_prices")
    if meta["marginals"]:
        page.heading("One unit more or less, planned again")
        for line in meta["marginals"]:
            page.bullet(line)
        page.row += 1
        moved = tables["marginals"]
        write_table(page, moved, "marginals")
    page.finish()
