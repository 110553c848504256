"""The sheets of what classes and cases get: Case results with the nodes that may be lost, Class
results with the prices of the router, Limits.
"""

import pandas as pd

from reports.cells_content import CellsReport
from reports.workbook.book import Book
from reports.workbook.cells.case_costs import case_costs, name_case_costs
from reports.workbook.cells.day_charts import cost_chart, day_chart, day_chart_text
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = [
    "write_case_results",
    "write_class_results",
    "write_limits",
]

WIDE_TEXT, NUMBERS_WIDTH = 48.0, 16.0


def write_case_results(book: Book, report: CellsReport) -> None:
    """One row a case, the day as a chart, cost by case."""
    stories = [
        "One row a case: what arrives, what quality it gets, what it costs, and the limit with the"
        " least room.",
        "Cases of 0 hours must hold and count neither in quality nor in cost. With lost nodes"
        " quality and cost are those of the worst loss.",
    ]
    page = Page(book, "Case results", "Case results: what every case needs and gets", stories)
    frame = report["tables"]["cases"]
    # The tables below must not widen the columns of this one.
    columns = len(frame.columns)
    page.bare, page.widest = True, dict.fromkeys(range(1, columns), NUMBERS_WIDTH)
    page.widest[columns - 2] = WIDE_TEXT
    write_table(page, frame, "cases", **case_costs(book, page, report))
    name_case_costs(book)
    width = 760 + 24 * max(0, len(frame) - 8)
    page.chart(day_chart(book, report), day_chart_text(report), width=min(width, 1400), height=360)
    chart = cost_chart(book, report)
    if chart is not None and frame["Cost in all (USD/h)"].notna().any():
        pairs = zip(frame["Case"], frame["Cost in all (USD/h)"], strict=True)
        words = "; ".join(f"{case} {cost:.2f}" for case, cost in pairs if cost is not None)
        alt = f"Columns of cost by case in USD/h: {words}"
        page.chart(chart, alt, width=min(width, 1400), height=320)
    elif chart is not None:
        page.sentence("No chart of cost: a pool that is used has no price.")
    _write_case_losses(page, report)
    page.finish()


def write_class_results(book: Book, report: CellsReport) -> None:
    """One row a class in a case."""
    stories = [
        "What quality every class gets in every case, and which LLMs answer it.",
        "With lost nodes one row for every loss that is routed apart. Blank: the LLM gets nothing.",
    ]
    page = Page(book, "Class results", "Class results: every class in every case", stories)
    write_table(page, report["tables"]["classes"], "classes")
    _write_class_prices(page, report)
    page.finish()


def write_limits(book: Book, report: CellsReport) -> None:
    """One row a limit of every case."""
    stories = [
        "One row a limit in a case: SLOs, required quality, rates of LLMs outside, loads of"
        " replicas. 100 % used: the limit binds.",
        "Of several lanes of an LLM the one nearest to its highest profiled rate is shown. Limits"
        " of SLOs are those of the scenario times the case's factor.",
    ]
    page = Page(book, "Limits", "Limits: what is allowed, and how much of it is used", stories)
    frame = report["tables"]["limits"]
    write_table(page, _without_blank(frame, "Lost nodes"), "limits")
    page.finish()


def _without_blank(frame: pd.DataFrame, header: str) -> pd.DataFrame:
    """The table without a column that is blank everywhere."""
    return frame if frame[header].astype(bool).any() else frame.drop(columns=header)


def _write_class_prices(page: Page, report: CellsReport) -> None:
    """Prices by cell, and ties."""
    if not len(report["tables"]["prices"]):
        return
    page.heading("Router: prices by class and case")
    page.sentence(report["meta"]["router"])
    write_table(page, report["tables"]["prices"], "prices")
    ties = report["tables"]["ties"]
    if len(ties):
        page.heading("Prompts whose best LLMs tie")
        write_table(page, ties, "ties")


def _write_case_losses(page: Page, report: CellsReport) -> None:
    """Kinds of lost nodes that the plan holds, and what any other lost node would do."""
    tables = report["tables"]
    if len(tables["losses"]):
        page.heading("What happens when nodes are lost")
        page.sentence(
            "Cases that lose nodes hold whichever nodes these are: the surviving replicas stay,"
            " requests are routed anew. Nodes that hold the same are of one kind."
        )
        write_table(page, tables["losses"], "losses")
    if len(tables["lost_pools"]):
        page.heading("If any one node is lost in the other cases")
        page.sentence(
            "The setup stays and requests are routed anew; shown is the worst node of each pool."
        )
        write_table(page, tables["lost_pools"], "lost_pools")
