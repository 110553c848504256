"""The sheet Cost: GPUs and what they cost, pool by pool; every used GPU costs its whole price.

Live are, with the assumptions' names:

    GPUs of a pool   = nodes * GPUs per node
    cost             = GPUs used * price; a month = hours_per_month
"""

from typing import Any

import pandas as pd

from reports.content import Report
from reports.workbook.book import Book, Formula, PlacedTable
from reports.workbook.page import Page
from reports.workbook.report.assumptions import EDITS
from reports.workbook.table import next_table, write_table

__all__ = ["write_cost"]

HEADS = [
    "Nodes",
    "GPUs per node",
    "GPUs in the pool",
    "GPUs used",
    "GPUs idle",
    "Price (USD per GPU and h)",
    "Cost (USD/h)",
    "Cost (USD/month)",
]
NOT_SUMMED = ("Nodes", "GPUs per node", "Price (USD per GPU and h)")
NO_PRICE = "no price"


def write_cost(book: Book, report: Report) -> None:
    """One row per pool, and the names of the totals."""
    pools = report["tables"]["pools"]
    stories = ["A GPU that holds any shard costs its whole price.", EDITS]
    page = Page(book, "Cost", "Cost: GPUs and prices by pool", stories)
    given = pools[["Nodes", "GPUs per node", "GPUs used", "Price (USD per GPU and h)"]]
    hours = report["meta"]["hours_per_month"]
    rows = [_cost_values(hours, *pool) for pool in given.itertuples(index=False)]
    numbers = pd.DataFrame(rows, columns=HEADS, dtype=object)
    shown = pd.concat([pools[["Pool", "GPU"]], numbers], axis=1)
    head = next_table(page, list(shown.columns), len(shown))
    formulas: dict[str, list[Formula]] = {header: [] for header in HEADS}
    for k, row in enumerate(rows):
        for header, text, value in zip(HEADS, _cost_formulas(book, head, k), row, strict=True):
            formulas[header].append(Formula(text, value))
    totals: dict[str, Any] = {"Pool": "Total"}
    for c, header in enumerate(HEADS):
        if header not in NOT_SUMMED:
            totals[header] = _cost_sum(head, header, [row[c] for row in rows])
    placed = write_table(page, shown, "cost", formulas=formulas, totals=totals)
    book.name("cost_usd_per_h", placed.cell("Cost (USD/h)", placed.rows))
    book.name("cost_usd_per_month", placed.cell("Cost (USD/month)", placed.rows))
    book.name("gpus_used", placed.cell("GPUs used", placed.rows))
    page.finish()


def _cost_values(
    hours: float, nodes: int, per_node: int, used: int, price: float | None
) -> list[Any]:
    """One pool's numbers in the order of HEADS. hours: of a month."""
    total = nodes * per_node
    hourly: Any = 0.0 if not used else NO_PRICE if price is None else used * price
    monthly = NO_PRICE if hourly == NO_PRICE else hours * hourly
    return [nodes, per_node, total, used, total - used, price, hourly, monthly]


def _cost_formulas(book: Book, head: PlacedTable, k: int) -> list[str]:
    """One pool's formulas in the order of HEADS."""
    name, (start, stop) = f"pool_{k + 1}", book.spans[k]
    cell = {header: head.here(header, k) for header in HEADS}
    used, price = cell["GPUs used"], f"{name}_price_usd_per_gpu_h"
    cost = f'IF(ISNUMBER({price}),{used}*{cell["Price (USD per GPU and h)"]},"{NO_PRICE}")'
    hourly = cell["Cost (USD/h)"]
    return [
        f"={name}_nodes",
        f"={name}_gpus_per_node",
        f"={cell['Nodes']}*{cell['GPUs per node']}",
        f"=SUM({book.placed['gpus'].range('In use', start, stop)})",
        f"={cell['GPUs in the pool']}-{used}",
        f"={price}",
        f"=IF({used}=0,0,{cost})",
        f'=IF(ISNUMBER({hourly}),{hourly}*hours_per_month,"{NO_PRICE}")',
    ]


def _cost_sum(head: PlacedTable, header: str, values: list[Any]) -> Formula:
    """The total of a column; of costs only where every pool has a price."""
    area = head.range(header)
    if not header.startswith("Cost"):
        return Formula(f"=SUM({area})", sum(values))
    total = NO_PRICE if NO_PRICE in values else float(sum(values))
    return Formula(f'=IF(COUNT({area})=ROWS({area}),SUM({area}),"{NO_PRICE}")', total)
