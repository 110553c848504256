"""The sheets Setups study and Setups data: how far all setups lie apart."""

import numpy as np
import pandas as pd

from reports.content import Report
from reports.style import COLOURS
from reports.workbook.book import Book, Formula
from reports.workbook.charts import ChartWords, add_column_chart
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["write_setups_data", "write_setups_study"]

PRINTED = 60
"""Rows of the data that go on paper."""


def write_setups_study(book: Book, report: Report) -> None:
    """Spread and histogram of the setups' best qualities."""
    spread, histogram = report["tables"]["spread"], report["tables"]["histogram"]
    stories = [
        "Every way to deploy the LLMs that fits on the GPUs, each routed at its best. The sheet"
        " Setups data lists them all."
    ]
    title = "Setups study: how far setups lie apart"
    page = Page(book, "Setups study", title, stories, portrait=True)
    write_table(page, spread, "spread", units=list(spread["Unit"]))
    if len(histogram):
        page.heading("Feasible setups by their best quality")
        _write_setups_histogram(book, page, histogram, report["meta"]["quality"])
    else:
        page.sentence("No histogram: no setup keeps the SLOs, or all reach the same quality.")
    page.finish()


def _write_setups_histogram(
    book: Book, page: Page, histogram: pd.DataFrame, quality: float | None
) -> None:
    """Bins, the best first, and their columns; quality: of the plan."""
    shown = histogram.iloc[::-1].reset_index(drop=True)
    bins = zip(shown.iloc[:, 0], shown.iloc[:, 1], strict=True)
    shown.insert(0, "Quality", [f"{low:.3f} to {high:.3f}" for low, high in bins])
    area = f"D{page.row + 2}:D{page.row + 1 + len(shown)}"
    total = Formula(f"=SUM({area})", int(shown["Setups"].sum()))
    totals = {"Quality": "Total", "Setups": total}
    placed = write_table(page, shown, "histogram", totals=totals)
    here = None if quality is None else _setups_histogram_bin(shown, quality)
    pairs = zip(shown["Quality"], shown["Setups"], strict=True)
    counts = "; ".join(f"{words}: {count:,}" for words, count in pairs)
    title, where = "Feasible setups by their best quality", ""
    if here is not None:
        title += " (amber: this plan)"
        where = f". This plan: {quality:.5f}, in {shown['Quality'].iloc[here]}"
    words = ChartWords(
        title=title, x="best quality (mean score)", y="number of setups", x_form="General"
    )
    colours = [COLOURS["warn"] if k == here else COLOURS["plan"] for k in range(len(shown))]
    chart = add_column_chart(book, placed, ("Quality", "Setups"), words, colours, low=0)
    alt = f"Histogram of feasible setups by best quality: {counts}{where}"
    page.chart(chart, alt, width=700, height=380)


def _setups_histogram_bin(histogram: pd.DataFrame, quality: float) -> int | None:
    """The bin in which a quality falls, the lowest first; None outside, by more than rounding and a
    closed gap.
    """
    low, high = (histogram.iloc[:, c].to_numpy(dtype=float) for c in (1, 2))
    near = 0.02 * (high[-1] - low[0])
    if not low[0] - near <= quality <= high[-1] + near:
        return None
    return int(np.clip(np.searchsorted(high, quality), 0, len(high) - 1))


def write_setups_data(book: Book, report: Report) -> None:
    """One row per setup."""
    stories = [
        f"Feasible setups by quality, the best first, then the others. The first {PRINTED} rows are"
        " printed."
    ]
    page = Page(book, "Setups data", "Setups data: every setup", stories)
    page.widest = dict.fromkeys(range(report["tables"]["setups"].shape[1]), 24.0)
    write_table(page, report["tables"]["setups"], "setups")
    page.finish()
    page.print_first(PRINTED)
