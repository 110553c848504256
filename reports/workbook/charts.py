"""Native charts of the workbook, all in one style.

Names of series are addresses of cells, never text: text could be read as a formula.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.style import COLOURS, FONT
from reports.workbook.book import Book, PlacedTable

__all__ = [
    "SMALL",
    "ChartWords",
    "add_bar_chart",
    "add_column_chart",
    "add_scatter_chart",
    "routing_bars",
    "style_workbook_chart",
]

SMALL = {"name": FONT, "size": 9, "bold": False, "color": COLOURS["quiet"]}
RULE = {"color": COLOURS["rule"], "width": 0.75}
FEW = 12
"""Most columns that are labelled with their figures."""


@dataclass(frozen=True, kw_only=True)
class ChartWords:
    """Title and axes of a chart. x, y: what they show, with the unit; x_form, y_form: number
    formats.
    """

    title: str
    x: str = ""
    y: str = ""
    x_form: str = "#,##0"
    y_form: str = "#,##0"


def style_workbook_chart(
    chart: Any, words: ChartWords, *, legend: bool, low: float | None = None
) -> Any:
    """Title, axes with their units, a quiet grid.

    low: where the y axis begins; None: chosen by the spreadsheet program.
    """
    title = {"name": FONT, "size": 12, "bold": True, "color": COLOURS["title"]}
    chart.set_title({"name": words.title, "name_font": title, "overlay": False})
    axis = {"name_font": SMALL, "num_font": SMALL, "line": RULE}
    bare = {"major_gridlines": {"visible": False}}
    chart.set_x_axis({**axis, **bare, "name": words.x, "num_format": words.x_form})
    grid = {"major_gridlines": {"visible": True, "line": RULE}}
    chart.set_y_axis({**axis, **grid, "name": words.y, "num_format": words.y_form, "min": low})
    chart.set_legend({"position": "bottom", "font": SMALL} if legend else {"none": True})
    chart.set_chartarea({"border": {"none": True}})
    return chart


def add_bar_chart(
    book: Book, placed: PlacedTable, header: str, words: ChartWords, llms: Sequence[str]
) -> Any:
    """Horizontal bars, one per LLM in its colour, the figure (in the format of x) next to each."""
    chart = book.file.add_chart({"type": "bar"})
    chart.add_series(
        {
            "categories": placed.spot("LLM"),
            "values": placed.spot(header),
            "points": [{"fill": {"color": book.looks[llm].colour}} for llm in llms],
            "data_labels": {"value": True, "num_format": words.x_form, "font": SMALL},
            "gap": 60,
        }
    )
    style_workbook_chart(chart, words, legend=False)
    bare = {"major_gridlines": {"visible": False}}
    chart.set_x_axis({"visible": False, "min": 0, **bare})
    chart.set_y_axis({"reverse": True, "num_font": {**SMALL, "size": 10}, **bare, "line": RULE})
    return chart


def routing_bars(book: Book, llms: Sequence[str]) -> Any:
    """The requests by LLM, of the table `routing`."""
    words = ChartWords(title="Requests by LLM (% of all requests)", x_form='0.0" %"', y_form="0")
    return add_bar_chart(book, book.placed["routing"], "Fraction (%)", words, llms)


def add_column_chart(
    book: Book,
    placed: PlacedTable,
    headers: tuple[str, str],
    words: ChartWords,
    colours: Sequence[str] = (),
    low: float | None = None,
) -> Any:
    """Vertical columns, the figure above each where there are few.

    headers: of categories and values; colours: by column; low: where the y axis begins; 0 where
    columns are to be compared.
    """
    category, header = headers
    chart = book.file.add_chart({"type": "column"})
    series = {
        "categories": placed.spot(category),
        "values": placed.spot(header),
        "fill": {"color": COLOURS["plan"]},
        "gap": 40,
    }
    if placed.rows <= FEW:
        series["data_labels"] = {"value": True, "num_format": words.y_form, "font": SMALL}
    if colours:
        series["points"] = [{"fill": {"color": colour}} for colour in colours]
    chart.add_series(series)
    return style_workbook_chart(chart, words, legend=False, low=low)


def add_scatter_chart(book: Book, series: Sequence[dict[str, Any]], words: ChartWords) -> Any:
    """Points, with lines where a series has one.

    series: as XlsxWriter's add_series, names as addresses.
    """
    chart = book.file.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for one in series:
        chart.add_series(one)
    return style_workbook_chart(chart, words, legend=True)
