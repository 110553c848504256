"""The sheet Assumptions: the numbers of the scenario, named, with a copy as they were solved."""

from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from profiles.workbook_fields import ARRIVAL
from profiles.workbook_layout import (
    CASES,
    DEMAND,
    LLMS,
    POOLS,
    SETTINGS,
    TABLES,
    WorkbookInputs,
)
from reports.content import Report
from reports.style import COLOURS, bare_format
from reports.workbook.book import Book, Formula, PlacedTable
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = [
    "EDITS",
    "PLANNED_RATE",
    "SOLVED_RATE",
    "assumption_input_cell",
    "write_assumption_table",
    "write_assumptions",
]

EDITS = (
    "Editing a yellow cell on the sheet Assumptions recomputes costs, rates and latencies of this"
    " setup, not the optimum. Plan again for the best setup under other assumptions."
)


PLANNED_RATE = "arrival_rate_rps*(1+headroom_rate_pct/100)"
"""req/s that the setup carries: as stated, and the headroom."""
SOLVED_RATE = "arrival_rate_rps_as_solved*(1+headroom_rate_pct_as_solved/100)"
"""The same as it was when the plan was made."""


def write_assumptions(book: Book, report: Report) -> None:
    """One number per row, named, with its unit, its source and a copy as it was solved."""
    frame = report["tables"]["assumptions"]
    stories = ["Numbers of the scenario, each with its unit and source; edited ones turn amber."]
    stories += [EDITS] if len(report["tables"]["setup"]) else []
    if book.inputs is not None:
        stories.append(
            "The same numbers are on the input sheets at the end; change them there to plan this"
            " workbook again."
        )
    page = Page(book, "Assumptions", "Assumptions: numbers of the scenario", stories)
    placed = write_assumption_table(book, page, frame)
    for row, name in enumerate(("arrival_rate_rps", "headroom_rate_pct")):
        book.name(f"{name}_as_solved", placed.cell("As solved", row))
    page.finish()


def write_assumption_table(book: Book, page: Page, frame: pd.DataFrame) -> PlacedTable:
    """The table of the numbers, those with a name as inputs, and the count of edited ones as
    `inputs_edited`.
    """
    shown = pd.DataFrame(
        {
            "What": frame["What"],
            "Value": frame["Value"],
            "As solved": frame["Value"],
            "Unit": frame["Unit"],
            "Source": frame["Source"],
            "Name in formulas": frame["Name"],
            "Edited": False,
        },
        dtype=object,
    )
    first, last = page.row + 2, page.row + 1 + len(frame)
    edited = [Formula(f"=B{row}<>C{row}", value=False) for row in range(first, last + 1)]
    count = Formula(f"=SUMPRODUCT(--(B{first}:B{last}<>C{first}:C{last}))", 0)
    placed = write_table(
        page,
        shown,
        "assumptions",
        formulas={"Edited": edited},
        totals={"What": "Inputs that were edited", "Value": count},
        units=list(frame["Unit"]),
    )
    _name_assumption_inputs(book, page, frame, placed)
    book.name("inputs_edited", placed.cell("Value", placed.rows))
    _mark_edited_assumptions(book, page, placed)
    return placed


def _mark_edited_assumptions(book: Book, page: Page, placed: PlacedTable) -> None:
    """Edited rows turn amber; values are numbers from 0."""
    warn = book.format(bg_color=COLOURS["warn"], font_color=COLOURS["warn_ink"])
    criteria = f"=$B{placed.first + 1}<>$C{placed.first + 1}"
    rule = {"type": "formula", "criteria": criteria, "format": warn}
    page.sheet.conditional_format(placed.first, 0, placed.last, 6, rule)
    check = {"validate": "decimal", "criteria": ">=", "value": 0, "ignore_blank": True}
    page.sheet.data_validation(placed.first, 1, placed.last, 1, check)


def _name_assumption_inputs(
    book: Book, page: Page, frame: pd.DataFrame, placed: PlacedTable
) -> None:
    """Write the numbers that have a name as inputs, and give them these names."""
    look = {
        "bg_color": COLOURS["input"],
        "font_color": COLOURS["input_ink"],
        "align": "right",
        "border": 1,
        "border_color": COLOURS["rule"],
    }
    column = placed.columns["Value"]
    for k, (_, value, unit, _, name, path) in enumerate(frame.itertuples(index=False, name=None)):
        if not name:
            continue
        cell = _linked_assumptions(book.inputs, value, path)
        page.put(placed.first + k, column, cell, **look, num_format=bare_format(unit))
        book.name(name, placed.cell("Value", k))


def _linked_assumptions(inputs: WorkbookInputs | None, value: Any, path: str) -> Any:
    """The number, read off the input sheets where they state it: an edit there is an edit here."""
    cell = assumption_input_cell(path) if inputs is not None and path else None
    if cell is None or value is None or inputs is None or not _is_stated_assumption(inputs, path):
        return value
    return Formula(f"=100*{cell}" if path == "solver.rel_gap" else f"={cell}", value)


def _is_stated_assumption(inputs: WorkbookInputs, path: str) -> bool:
    """Whether the input sheets hold a value there."""
    first, _, rest = path.partition(".")
    if first in ("pools", "llms", "slo", "cases"):
        at, _, key = rest.partition(".")
        rows = getattr(inputs, first)
        return int(at) < len(rows) and rows[int(at)].get(key) is not None
    return path == ARRIVAL.key or inputs.settings.get(path) is not None


def assumption_input_cell(path: str) -> str | None:
    """Where a dotted path of the scenario is on the input sheets
    (`reports.workbook.input_sheets` writes them), None where it has no cell.
    """
    first, _, rest = path.partition(".")
    tables = (("pools", POOLS, 2), ("llms", LLMS, 2), ("slo", DEMAND, 4), ("cases", CASES, 2))
    for kind, sheet, top in tables:
        if first == kind:
            at, _, key = rest.partition(".")
            keys = [one.key for one in TABLES[sheet]]
            if key not in keys:
                return None
            column = xl_col_to_name(keys.index(key), col_abs=True)
            return f"'{sheet}'!{column}${top + int(at)}"
    if path == ARRIVAL.key:
        return f"'{DEMAND}'!$B$1"
    settings = [one.key for one in TABLES[SETTINGS]]
    return f"'{SETTINGS}'!$B${settings.index(path) + 2}" if path in settings else None
