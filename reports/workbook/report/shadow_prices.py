"""What one more of each limit would buy, in words and figures, on the sheet Routing."""

from reports.content import Report
from reports.style import sentence_case
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["write_shadow_prices"]


def write_shadow_prices(report: Report, page: Page) -> None:
    """Estimates by shadow prices, and below them what planning again gives, where it was done."""
    meta, tables = report["meta"], report["tables"]
    page.heading("Shadow prices: what one more would buy")
    page.sentence(meta["binding"])
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
