"""What one more of each limit would buy, in words and figures, on the sheet Routing."""

from reports.content import Report
from reports.style import sentence_case
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["write_shadow_prices"]


def write_shadow_prices(report: Report, page: Page) -> None:
    """Estimates by shadow prices, or in their place what planning again gives, where it was done:
    an estimate beside it would contradict it.
    """
    meta, tables = report["meta"], report["tables"]
    again = bool(meta["marginals"])
    title = "What one more or less of a limit does: planned again, a limit at a time"
    page.heading(title if again else "Shadow prices: what one more would buy, estimated")
    page.sentence(meta["binding"])
    for line in meta["marginals"] if again else meta["estimates"]:
        page.bullet(sentence_case(line))
    page.row += 1
    key = "marginals" if again else "shadow_prices"
    write_table(page, tables[key], key)
