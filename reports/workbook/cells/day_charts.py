"""Native charts of the cases: rates by class with the quality as a line, and cost by case."""

from collections.abc import Sequence
from typing import Any

from reports.cells_content import CellsReport
from reports.style import COLOURS, style_of_llms
from reports.workbook.book import Book
from reports.workbook.charts import ChartWords, style_workbook_chart

__all__ = ["cost_chart", "day_chart", "day_chart_text"]

CASE, QUALITY = "Case", "Quality (mean score)"
COSTS = ("Cost of GPUs (USD/h)", "Cost outside (USD/h)")


def day_chart(book: Book, report: CellsReport) -> Any:
    """Rates stacked by class, a column a case, and the quality as a line on an axis of its own."""
    rates = report["meta"]["rates"]
    # Classes get their colours as LLMs do, in their order.
    colours = [look.colour for look in style_of_llms(dict.fromkeys(rates, "")).values()]
    chart = _stacked_columns(book, rates, colours)
    words = ChartWords(
        title="Rates by class, and quality", x="", y="rate (req/s)", y_form="#,##0.##"
    )
    style_workbook_chart(chart, words, legend=True, low=0)
    if report["tables"]["cases"][QUALITY].notna().any():
        placed = book.placed["cases"]
        line = book.file.add_chart({"type": "line"})
        line.add_series(
            {
                "name": _header_cell(book, QUALITY),
                "categories": placed.spot(CASE),
                "values": placed.spot(QUALITY),
                "y2_axis": True,
                "line": {"color": COLOURS["plan"], "width": 2.0},
                "marker": {
                    "type": "diamond",
                    "size": 8,
                    "fill": {"color": COLOURS["plan"]},
                    "border": {"color": "#FFFFFF"},
                },
            }
        )
        chart.combine(line)
        small = {"name": "Arial", "size": 9, "bold": False, "color": COLOURS["quiet"]}
        line.set_y2_axis(
            {"name": "quality (mean score)", "num_format": "0.000", "name_font": small}
            | {"num_font": small, "major_gridlines": {"visible": False}}
        )
    return chart


def cost_chart(book: Book, report: CellsReport) -> Any | None:
    """Cost by case, GPUs and requests outside stacked; None where the table does not part them."""
    if COSTS[0] not in report["tables"]["cases"].columns:
        return None
    chart = _stacked_columns(book, COSTS, (COLOURS["plan"], "#E69F00"))
    words = ChartWords(title="Cost by case", y="USD/h", y_form="#,##0.##")
    return style_workbook_chart(chart, words, legend=True, low=0)


def _stacked_columns(book: Book, headers: Sequence[str], colours: Sequence[str]) -> Any:
    placed = book.placed["cases"]
    chart = book.file.add_chart({"type": "column", "subtype": "stacked"})
    for header, colour in zip(headers, colours, strict=True):
        chart.add_series(
            {
                "name": _header_cell(book, header),
                "categories": placed.spot(CASE),
                "values": placed.spot(header),
                "fill": {"color": colour},
                "gap": 60,
            }
        )
    return chart


def _header_cell(book: Book, header: str) -> list[Any]:
    """The header's cell as the name of a series: text could be read as a formula."""
    placed = book.placed["cases"]
    return [placed.sheet, placed.first - 1, placed.columns[header]]


def day_chart_text(report: CellsReport) -> str:
    """The chart of the day in words."""
    frame, meta = report["tables"]["cases"], report["meta"]
    parts = []
    for _, row in frame.iterrows():
        rates = ", ".join(
            f"{name} {row[header]:g}"
            for name, header in zip(meta["classes"], meta["rates"], strict=True)
        )
        quality = row[QUALITY]
        parts.append(
            f"{row[CASE]}: {rates} req/s" + ("" if quality is None else f", quality {quality:.4f}")
        )
    return f"Columns of rates by class and a line of quality. {'; '.join(parts)}"
