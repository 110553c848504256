"""What the cases of a day cost, live, on the sheet Case results.

    GPUs of a case       = the sum over the pools of its setup, on the sheet Setup
    outside, of a case   = 3,600 x sum over its classes of rate x part sent outside x price
    in all, by hours     = sum over cases of hours x cost / sum of hours, and what starts cost

Where a case costs something else than these sums it keeps its number: no formula may say otherwise
than the plan.
"""

import math
from collections.abc import Mapping
from typing import Any

from reports.cells_content import CellsReport
from reports.workbook.book import Book, Formula, PlacedTable, is_blank
from reports.workbook.page import Page
from reports.workbook.table import next_table

__all__ = ["case_costs", "name_case_costs"]

HOURS, RATE = "Duration (hours)", "Rate in all (req/s)"
GPUS, OUTSIDE, ALL = "Cost of GPUs (USD/h)", "Cost outside (USD/h)", "Cost in all (USD/h)"
NAMES = {
    RATE: "mean_rate_rps",
    GPUS: "gpus_usd_per_h",
    OUTSIDE: "outside_usd_per_h",
    ALL: "cost_usd_per_h",
}
"""Names of the means over the hours."""


def case_costs(book: Book, page: Page, report: CellsReport) -> Mapping[str, Any]:
    """Formulas by header and the last row, for the table that is written next on the page."""
    frame = report["tables"]["cases"]
    head = next_table(page, list(frame.columns), len(frame))
    cells: dict[str, list[Any]] = {h: [] for h in (GPUS, OUTSIDE, ALL) if h in frame.columns}
    cells[HOURS] = [Formula(f"=case_{k + 1}_hours", v) for k, v in enumerate(frame[HOURS])]
    for k in range(len(frame)):
        row = frame.iloc[k]
        gpus = _case_gpus(book, report, k)
        if OUTSIDE in row:
            cells[GPUS].append(_same(gpus, row[GPUS]))
            cells[OUTSIDE].append(_same(_case_outside(book, report, k), row[OUTSIDE]))
            gpus = Formula(f"={head.here(GPUS, k)}+{head.here(OUTSIDE, k)}", row[ALL])
        cells[ALL].append(_same(gpus, row[ALL]))
    return {"formulas": cells, "totals": _case_totals(head, report)}


def name_case_costs(book: Book) -> None:
    """Name the means over the hours; after the table was written."""
    placed = book.placed["cases"]
    for header, name in NAMES.items():
        if header in placed.columns:
            book.name(name, placed.cell(header, placed.rows))


def _same(formula: Formula | None, value: Any) -> Any:
    """The formula where it gives the plan's value, else the value."""
    if formula is None or is_blank(value) or is_blank(formula.value):
        return value
    return formula if math.isclose(formula.value, value, rel_tol=1e-9, abs_tol=1e-9) else value


def _case_gpus(book: Book, report: CellsReport, k: int) -> Formula | None:
    """What the GPUs of a case's setup cost."""
    setup = report["meta"]["case_setups"][k]
    if setup is None:
        return None
    placed, cost = book.placed[f"cost {setup}"], report["tables"]["cases"][ALL].iloc[k]
    if GPUS in report["tables"]["cases"].columns:
        cost = report["tables"]["cases"][GPUS].iloc[k]
    return Formula(f"={placed.cell('Cost (USD/h)', placed.rows)}", cost)


def _case_outside(book: Book, report: CellsReport, k: int) -> Formula | None:
    """What a case sends outside, of the rows of the table `classes` that its cost is of."""
    if report["meta"]["case_setups"][k] is None:
        return None
    parts = report["tables"]["outside"]
    own = parts[parts["Case"] == report["tables"]["cases"]["Case"].iloc[k]]
    placed, classes = book.placed["classes"], report["tables"]["classes"]
    texts, total = [], 0.0
    for _, row, header, name, usd in own.itertuples(index=False, name=None):
        rate = placed.cell("Rate (req/s)", row)
        texts.append(f"{rate}*{placed.cell(header, row)}/100*{name}")
        part = classes[header].iloc[row]
        total += 36.0 * classes["Rate (req/s)"].iloc[row] * (part or 0.0) * usd
    return Formula(f"=3600*({'+'.join(texts)})", total) if texts else Formula("=0", 0.0)


def _case_totals(head: PlacedTable, report: CellsReport) -> dict[str, Any] | None:
    """The last row: hours, and means over them of rate and costs."""
    frame = report["tables"]["cases"]
    hours, total = head.range(HOURS), float(sum(frame[HOURS]))
    if total <= 0 or frame[ALL].isna().any():
        return None
    totals: dict[str, Any] = {
        "Case": "Mean over the hours",
        HOURS: Formula(f"=SUM({hours})", total),
    }
    for header in NAMES:
        if header in frame.columns:
            mean = sum(h * v for h, v in zip(frame[HOURS], frame[header], strict=True)) / total
            text = f"=SUMPRODUCT({hours},{head.range(header)})/SUM({hours})"
            if header == ALL and report["meta"]["starts_usd_per_h"]:
                text += f"+{report['meta']['starts_usd_per_h']!r}"
                mean += report["meta"]["starts_usd_per_h"]
            totals[header] = Formula(text, mean)
    return totals
