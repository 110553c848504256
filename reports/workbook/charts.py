"""Native charts of the workbook, all in one style.

Names of series are addresses of cells, never text: text could be read as a formula.
"""

from collections.abc import Sequence
from typing import Any

from reports.style import COLOURS, FONT
from reports.workbook.book import Book, Placed

__all__ = ["bars", "columns", "scatter"]

SMALL = {"name": FONT, "size": 9, "bold": False, "color": COLOURS["quiet"]}


def _dressed(
    chart: Any,
    title: str,
    x: str,
    y: str,
    x_form: str,
    y_form: str,
    legend: bool,
    low: float | None = None,
) -> Any:
    """Title, axes with their units, a quiet grid.

    low: where the y axis begins; None: wherever the program likes.
    """
    rule = {"color": COLOURS["rule"], "width": 0.75}
    chart.set_title(
        {
            "name": title,
            "name_font": {"name": FONT, "size": 12, "bold": True, "color": COLOURS["title"]},
            "overlay": False,
        }
    )
    axis = {
        "name_font": SMALL,
        "num_font": SMALL,
        "line": rule,
        "major_gridlines": {"visible": True, "line": rule},
    }
    chart.set_x_axis(
        {**axis, "name": x, "num_format": x_form, "major_gridlines": {"visible": False}}
    )
    chart.set_y_axis({**axis, "name": y, "num_format": y_form, "min": low})
    chart.set_legend({"position": "bottom", "font": SMALL} if legend else {"none": True})
    chart.set_chartarea({"border": {"none": True}})
    return chart


def bars(
    book: Book, placed: Placed, header: str, title: str, llms: Sequence[str], form: str
) -> Any:
    """Lying bars, one an LLM in its colour, the figure beside each."""
    chart = book.file.add_chart({"type": "bar"})
    chart.add_series(
        {
            "categories": placed.spot("LLM"),
            "values": placed.spot(header),
            "points": [{"fill": {"color": book.looks[llm].colour}} for llm in llms],
            "data_labels": {"value": True, "num_format": form, "font": SMALL},
            "gap": 60,
        }
    )
    _dressed(chart, title, "", "", "General", "0", legend=False)
    chart.set_x_axis({"visible": False, "min": 0, "major_gridlines": {"visible": False}})
    rule = {"color": COLOURS["rule"], "width": 0.75}
    chart.set_y_axis(
        {
            "reverse": True,
            "num_font": {**SMALL, "size": 10},
            "major_gridlines": {"visible": False},
            "line": rule,
        }
    )
    return chart


def columns(
    book: Book,
    placed: Placed,
    category: str,
    header: str,
    title: str,
    x: str,
    y: str,
    form: str,
    colours: Sequence[str] = (),
    low: float | None = None,
) -> Any:
    """Standing columns, the figure above each where there are few.

    low: where the y axis begins; 0 where columns are to be compared.
    """
    chart = book.file.add_chart({"type": "column"})
    few = placed.rows <= 12
    series = {
        "categories": placed.spot(category),
        "values": placed.spot(header),
        "fill": {"color": COLOURS["plan"]},
        "gap": 40,
    }
    if few:
        series["data_labels"] = {"value": True, "num_format": form, "font": SMALL}
    if colours:
        series["points"] = [{"fill": {"color": colour}} for colour in colours]
    chart.add_series(series)
    return _dressed(chart, title, x, y, "General", form, legend=False, low=low)


def scatter(
    book: Book,
    series: Sequence[dict[str, Any]],
    title: str,
    x: str,
    y: str,
    x_form: str = "#,##0",
    y_form: str = "#,##0",
) -> Any:
    """Points, with lines where a series has one.

    series: as XlsxWriter's add_series, names as addresses.
    """
    chart = book.file.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for one in series:
        chart.add_series(one)
    return _dressed(chart, title, x, y, x_form, y_form, legend=True)
