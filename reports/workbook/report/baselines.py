"""The sheet Baselines: the joint plan compared with simpler ways of deciding."""

import pandas as pd

from reports.content import Report
from reports.style import COLOURS, sentence_case
from reports.workbook.book import Book, PlacedTable, is_blank
from reports.workbook.charts import ChartWords, add_column_chart
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["write_baselines"]

WORDS = ["Variant", "Setup", "Note"]
"""Columns of text, which are shown below the table."""


def write_baselines(book: Book, report: Report) -> None:
    """Table, chart, and what each baseline decided."""
    frame = report["tables"]["baselines"]
    page = Page(
        book,
        "Baselines",
        "Baselines: gain of deciding jointly",
        [
            "Each baseline in its best variant on the same curves, scores and GPUs, checked by the"
            " same verifier."
        ],
    )
    placed = write_table(page, frame.drop(columns=WORDS), "baselines")
    cost = report["meta"]["objective"]["of"] == "cost"
    header = "Cost (USD/h)" if cost else "Quality (mean score)"
    if frame[header].notna().any():
        _write_baselines_chart(book, page, placed, frame, header)
    else:
        page.sentence("No chart: none of them has a plan.")
    page.heading("What each one decided")
    for name, *texts in frame[["Baseline", *WORDS]].itertuples(index=False, name=None):
        words = "; ".join(str(text) for text in texts if not is_blank(text) and text)
        page.sentence(f"{sentence_case(name)}: {words}.", font_color="#000000")
    page.finish()


def _write_baselines_chart(
    book: Book, page: Page, placed: PlacedTable, frame: pd.DataFrame, header: str
) -> None:
    """Columns: the joint plan dark, baselines that miss the SLO red."""
    colours = [
        COLOURS["plan"] if name == "joint plan" else COLOURS["bound"] if met else COLOURS["bad_ink"]
        for name, met in zip(frame["Baseline"], frame["SLO met"], strict=True)
    ]
    measure = header.partition(" (")[0]
    words = ChartWords(
        title=f"{measure} of the joint plan and of the baselines (red: misses the SLO)",
        y=header,
        x_form="General",
        y_form="0.00" if measure == "Cost" else "0.000",
    )
    low = 0 if frame[header].dropna().min() >= 0 else None
    chart = add_column_chart(book, placed, ("Baseline", header), words, colours, low=low)
    values = "; ".join(
        f"{name}: {'none' if is_blank(v) else f'{v:.5g}'}"
        for name, v in zip(frame["Baseline"], frame[header], strict=True)
    )
    page.chart(chart, f"Columns of {header}: {values}", width=900, height=340)
