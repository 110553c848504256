"""The sheet Routing: which part of the requests each LLM answers, the prices of the router, and
what one more of each limit would buy.

Live: rate of an LLM = fraction * arrival_rate_rps * (1 + headroom_rate_pct / 100).
"""

from reports.content import Report
from reports.series import routing_series_text
from reports.workbook.book import Book, Formula, is_blank
from reports.workbook.charts import routing_bars
from reports.workbook.page import Page
from reports.workbook.report.assumptions import PLANNED_RATE
from reports.workbook.report.shadow_prices import write_shadow_prices
from reports.workbook.table import next_table, write_table

__all__ = ["write_routing"]


def write_routing(book: Book, report: Report) -> None:
    """Fractions, rates and dual prices, ties, and a chart."""
    frame, ties = report["tables"]["routing"], report["tables"]["ties"]
    title = "Routing: which LLM answers which part of the requests"
    page = Page(book, "Routing", title, [report["meta"]["router"]])
    head = next_table(page, list(frame.columns), len(frame))
    rates = [
        Formula(f"={head.here('Fraction (%)', k)}/100*{PLANNED_RATE}", rate)
        for k, rate in enumerate(frame["Rate (req/s)"])
    ]
    totals: dict[str, str | Formula] = {"LLM": "Total"}
    for header in ("Fraction (%)", "Rate (req/s)"):
        totals[header] = Formula(f"=SUM({head.range(header)})", float(sum(frame[header])))
    write_table(page, frame, "routing", formulas={"Rate (req/s)": rates}, totals=totals)
    if any(is_blank(price) for price in frame["Dual price (score)"]):
        page.sentence("No dual price: the LLM gets no requests.")
    if len(ties):
        page.heading("Prompts whose best LLMs tie")
        write_table(page, ties, "ties")
    chart = routing_bars(book, list(frame["LLM"]))
    page.chart(chart, routing_series_text(report), height=max(220, 110 + 34 * len(frame)))
    if len(report["tables"]["shadow_prices"]):
        write_shadow_prices(report, page)
    page.finish()
