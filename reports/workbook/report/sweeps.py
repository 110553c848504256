"""The sheets Sensitivity and Frontier: what one changed assumption does, every point planned
again.
"""

from typing import Any

import numpy as np
import pandas as pd

from reports.content import Report
from reports.style import COLOURS
from reports.workbook.book import Book, Formula, is_blank
from reports.workbook.charts import ChartWords, add_column_chart, add_scatter_chart
from reports.workbook.page import Page
from reports.workbook.table import next_table, write_table

__all__ = ["frontier_chart", "write_frontier", "write_sensitivity"]


def _header(frame: pd.DataFrame, beginning: str) -> str:
    """The header that begins so."""
    return next(str(header) for header in frame.columns if str(header).startswith(beginning))


def _without_empty_reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without its reasons where every row has a plan."""
    return frame if frame["Reason"].any() else frame.drop(columns="Reason")


def write_sensitivity(book: Book, report: Report) -> None:
    """What really happens when one limit changes."""
    frame = _without_empty_reasons(report["tables"]["sensitivity"])
    page = Page(
        book,
        "Sensitivity",
        "Sensitivity: one change at a time, planned again",
        ["Every row is the best plan under one changed assumption, or says why there is none."],
    )
    change, found = _header(frame, "Change of "), _header(frame, "Found (")
    head = next_table(page, list(frame.columns), len(frame))
    cells = [
        None if is_blank(v) else Formula(f"={head.here(found, k)}-objective_found", v)
        for k, v in enumerate(frame[change])
    ]
    placed = write_table(page, frame, "sensitivity", formulas={change: cells})
    if frame[change].notna().any():
        form = "+0.00;-0.00;0"
        if report["meta"]["objective"]["unit"] == "mean score":
            form = "+0.0000;-0.0000;0"
        title = f"{change.partition(' (')[0]} by one change"
        words = ChartWords(title=title, y=change, x_form="General", y_form=form)
        chart = add_column_chart(book, placed, ("Changed", change), words)
        chart.set_x_axis({"label_position": "low", "num_font": {"name": "Arial", "size": 9}})
        changes = "; ".join(
            f"{what}: {value:+.4g}"
            for what, value in zip(frame["Changed"], frame[change], strict=True)
            if not is_blank(value)
        )
        page.chart(chart, f"Columns: {changes}", width=900, height=380)
    else:
        page.sentence("No chart: there is no plan under any of the changes.")
    page.finish()


def write_frontier(book: Book, report: Report) -> None:
    """The best plan along one assumption after the other."""
    frame = report["tables"]["frontier"]
    page = Page(
        book,
        "Frontier",
        "Frontier: what more or less of one assumption would do",
        [
            "The best plan at every value of one assumption, all others unchanged, or the reason"
            " why there is none. This report's plan is marked."
        ],
    )
    write_table(page, _without_empty_reasons(frame), "frontier")
    for k, varied in enumerate(dict.fromkeys(frame["Varied"])):
        chart, alt = frontier_chart(book, report, str(varied))
        page.chart(chart, alt, width=590, height=340, left=4 + 600 * k, advance=False)
    page.row += 18
    page.finish()


def frontier_chart(book: Book, report: Report, varied: str) -> tuple[Any, str]:
    """Found and best possible along one assumption, the plan marked; and what the chart shows in
    words.
    """
    frame, objective = report["tables"]["frontier"], report["meta"]["objective"]
    rows = np.flatnonzero((frame["Varied"] == varied).to_numpy())
    start, stop = int(rows[0]), int(rows[-1]) + 1
    part, of = frame.iloc[start:stop], objective["of"]
    words = ChartWords(
        title=f"{of.capitalize()} by {varied}",
        x=f"{varied} ({part['Unit'].iloc[0]})",
        y=f"{of} ({objective['unit']})",
        x_form="#,##0.##",
        y_form="0.000" if objective["unit"] == "mean score" else "#,##0.00",
    )
    chart = add_scatter_chart(book, _frontier_series(book, frame, start, stop), words)
    points = ", ".join(
        f"{value:g}: {'no plan' if is_blank(v) else f'{v:.4f}'}"
        for value, v in zip(part["Value"], part[_header(frame, "Found (")], strict=True)
    )
    return chart, f"Best {words.y} by {words.x}: {points}"


def _frontier_series(
    book: Book, frame: pd.DataFrame, start: int, stop: int
) -> list[dict[str, Any]]:
    """Best possible, found, and the plan of this report, of rows start to stop."""
    placed, plan = book.placed["frontier"], COLOURS["plan"]
    found, bound = _header(frame, "Found ("), _header(frame, "Best possible (")
    dot = {"type": "circle", "size": 6, "fill": {"color": plan}, "border": {"color": plan}}
    series: list[dict[str, Any]] = [
        {
            "name": [placed.sheet, placed.first - 1, placed.columns[header]],
            "categories": placed.spot("Value", start, stop),
            "values": placed.spot(header, start, stop),
            "line": {"color": COLOURS[colour], "width": 2, "dash_type": dash},
            "marker": marker,
        }
        for header, colour, dash, marker in (
            (bound, "bound", "dash", {"type": "none"}),
            (found, "plan", "solid", dot),
        )
    ]
    mark = {
        "type": "diamond",
        "size": 12,
        "fill": {"color": COLOURS["warn"]},
        "border": {"color": "#000000"},
    }
    for at in range(start, stop):
        if frame["This plan"].iloc[at]:
            series.append(
                {
                    "name": [placed.sheet, placed.first + at, placed.columns["This plan"]],
                    "categories": placed.spot("Value", at, at + 1),
                    "values": placed.spot(found, at, at + 1),
                    "line": {"none": True},
                    "marker": mark,
                }
            )
    return series
