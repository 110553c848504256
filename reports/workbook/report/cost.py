"""GPUs and what they cost, pool by pool, on the sheet Setup; every used GPU of a rented pool costs
its whole price, of an owned or bought pool every GPU, and reserved GPUs cost theirs in any case.

Live are, with the assumptions' names:

    GPUs of a pool   = nodes * GPUs per node
    GPUs at price    = GPUs used, of owned and bought pools GPUs of the pool, without the reserved
    cost             = GPUs at price * price + GPUs reserved * their price; a month =
                       hours_per_month
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from reports.content import Report
from reports.workbook.book import Book, Formula, PlacedTable
from reports.workbook.page import Page
from reports.workbook.table import next_table, write_table

__all__ = ["cost_rows", "write_cost", "write_cost_table"]

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
PAID = ["Paid as", "GPUs reserved", "Price of those (USD per GPU and h)", "GPUs at price"]
"""Only where a pool is not rented."""
NOT_SUMMED = (
    *("Nodes", "GPUs per node", "Price (USD per GPU and h)", "Paid as"),
    "Price of those (USD per GPU and h)",
)
NO_PRICE = "no price"


def write_cost(book: Book, report: Report, page: Page) -> None:
    """One row per pool, and the names of the totals."""
    pools = report["tables"]["pools"]
    paid = "Paid as" in pools.columns
    page.heading("Cost: GPUs and prices by pool")
    story = "A GPU that holds any shard costs its whole price."
    if paid:
        story = (
            "A rented GPU that holds any shard costs its whole price; GPUs that are owned or bought"
            " cost theirs used or not, and so do reserved ones."
        )
    page.sentence(story)
    # A pool without a node has no rows in the map.
    held = [
        "0" if span is None else f"SUM({book.placed['gpus'].range('In use', *span)})"
        for span in map(book.spans.get, range(len(pools)))
    ]
    placed = write_cost_table(page, pools, report["meta"]["hours_per_month"], "cost", held)
    book.name("cost_usd_per_h", placed.cell("Cost (USD/h)", placed.rows))
    book.name("cost_usd_per_month", placed.cell("Cost (USD/month)", placed.rows))
    book.name("gpus_used", placed.cell("GPUs used", placed.rows))


def write_cost_table(
    page: Page, pools: pd.DataFrame, hours: float, key: str, held: Sequence[str] = ()
) -> PlacedTable:
    """One row per pool, and their sum, placed as `key`.

    hours: of a month; held: by pool the formula of its GPUs in use, without =; as solved where
    there is none.
    """
    paid = "Paid as" in pools.columns
    given = pools[["Nodes", "GPUs per node", "GPUs used", "Price (USD per GPU and h)"]]
    payments = (
        pools[PAID[:3]].itertuples(index=False) if paid else [("rented", 0, 0.0)] * len(pools)
    )
    heads = [*HEADS[:5], *PAID, *HEADS[5:]] if paid else HEADS
    rows = [
        _cost_values(hours, tuple(payment), *pool, paid=paid)
        for pool, payment in zip(given.itertuples(index=False), payments, strict=True)
    ]
    numbers = pd.DataFrame(rows, columns=heads, dtype=object)
    # The nodes stand before the GPU: so columns are as wide as those of the setup above.
    parts = [pools[["Pool"]], numbers[["Nodes"]], pools[["GPU"]], numbers.drop(columns="Nodes")]
    shown = pd.concat(parts, axis=1)
    head = next_table(page, list(shown.columns), len(shown))
    formulas: dict[str, list[Formula]] = {header: [] for header in heads if header not in PAID[:3]}
    for k, row in enumerate(rows):
        texts = _cost_formulas(head, k, row[5] if paid else "", held[k] if held else "")
        for header, value in zip(heads, row, strict=True):
            if header in texts:
                formulas[header].append(Formula(texts[header], value))
    totals: dict[str, Any] = {"Pool": "Total"}
    for c, header in enumerate(heads):
        if header not in NOT_SUMMED:
            totals[header] = _cost_sum(head, header, [row[c] for row in rows])
    return write_table(page, shown, key, formulas=formulas, totals=totals)


def cost_rows(report: Report) -> int:
    """Rows that `write_cost` takes."""
    return 5 + len(report["tables"]["pools"])


def _cost_values(
    hours: float,
    payment: tuple[str, int, float],
    nodes: int,
    per_node: int,
    used: int,
    price: float | None,
    *,
    paid: bool,
) -> list[Any]:
    """One pool's numbers in the order of the heads. hours: of a month; payment: how it is paid, its
    reserved GPUs and their price; paid: whether that is shown.
    """
    total, (kind, reserved, reserved_price) = nodes * per_node, payment
    at_price = max((used if kind == "rented" else total) - reserved, 0)
    hourly: Any = 0.0 if not at_price else NO_PRICE if price is None else at_price * price
    if hourly != NO_PRICE:
        hourly += reserved * reserved_price
    monthly = NO_PRICE if hourly == NO_PRICE else hours * hourly
    shown = [*payment, at_price] if paid else []
    return [nodes, per_node, total, used, total - used, *shown, price, hourly, monthly]


def _cost_formulas(head: PlacedTable, k: int, kind: str, held: str) -> dict[str, str]:
    """One pool's formulas by their heads. kind: how it is paid, where that is shown; held: its GPUs
    in use, "" for a number.
    """
    name = f"pool_{k + 1}"
    cell = {header: head.here(header, k) for header in HEADS}
    used, price = cell["GPUs used"], f"{name}_price_usd_per_gpu_h"
    shown, own, at_price = {}, "", used
    if kind:
        reserved, reserved_price, at_price = (head.here(header, k) for header in PAID[1:])
        charged = used if kind == "rented" else cell["GPUs in the pool"]
        shown = {PAID[3]: f"=MAX(0,{charged}-{reserved})"}
        own = f"+{reserved}*{reserved_price}"
    cost = f'IF(ISNUMBER({price}),{at_price}*{cell["Price (USD per GPU and h)"]}{own},"{NO_PRICE}")'
    hourly = cell["Cost (USD/h)"]
    shown |= {"GPUs used": f"={held}"} if held else {}
    return shown | {
        "Nodes": f"={name}_nodes",
        "GPUs per node": f"={name}_gpus_per_node",
        "GPUs in the pool": f"={cell['Nodes']}*{cell['GPUs per node']}",
        "GPUs idle": f"={cell['GPUs in the pool']}-{used}",
        "Price (USD per GPU and h)": f"={price}",
        "Cost (USD/h)": f"=IF({at_price}=0,0{own},{cost})",
        "Cost (USD/month)": f'=IF(ISNUMBER({hourly}),{hourly}*hours_per_month,"{NO_PRICE}")',
    }


def _cost_sum(head: PlacedTable, header: str, values: list[Any]) -> Formula:
    """The total of a column; of costs only where every pool has a price."""
    area = head.range(header)
    if not header.startswith("Cost"):
        return Formula(f"=SUM({area})", sum(values))
    total = NO_PRICE if NO_PRICE in values else float(sum(values))
    return Formula(f'=IF(COUNT({area})=ROWS({area}),SUM({area}),"{NO_PRICE}")', total)
