"""A workbook's sheets as rows of plain cells: text, whole numbers, numbers, None, or an `Odd` for
any other content of a cell.

openpyxl reads (read-only, stored values of formulas) what `profiles.io.workbook_guard` let pass.
Dates, errors, formulas that were never
calculated and numbers formatted as per cent are no guesses: each becomes an `Odd` that says how to
fix it, and is a fault only where the cell is wanted.
"""

import io
import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries

from profiles.io.cells import UnusableCell
from profiles.io.faults import Fault, shown_in_fault
from profiles.io.workbook_guard import Package, SheetScan, open_guarded_workbook

__all__ = ["CELL_TEXT", "DATED", "Sheet", "cell_name", "normal", "read_workbook_cells"]

DATED = "the cell holds a date or a time"
CELL_TEXT = 32_767
"""Most characters of a cell."""

MANY, FEW = ("profiles", "scores"), 5_000
"""Sheets whose names begin so may have many rows; the others may have FEW."""
_WORDS = re.compile(r'"[^"]*"|[\\_*].')
"""What a number format shows literally: quoted words, and single characters after a sign."""
ROW_CELLS = 2_000
"""Cells beyond this column are not looked at; no table of ours is so wide."""


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    rows: (number, cells) of every row that is not blank; merged: (first column, first row, last
    column, last row).

    hidden: whether the sheet is; hidden_rows: how many of its rows are. All of them are read.
    """

    title: str
    rows: Sequence[tuple[int, Sequence[Any]]]
    merged: Sequence[tuple[int, int, int, int]]
    hidden: bool = False
    hidden_rows: int = 0


def normal(text: object) -> str:
    """A title or header as it is compared: one space between words, case folded."""
    return " ".join(str(text).split()).casefold()


def cell_name(title: str, row: int, column: int) -> str:
    """`Pools!C7`; column counts from 0."""
    return f"{title}!{get_column_letter(column + 1)}{row}"


def read_workbook_cells(
    path: Path, wanted: Collection[str], faults: list[Fault], beginning: str = ""
) -> tuple[dict[str, Sheet], list[str]] | None:
    """Read the wanted sheets by title, and give the titles of the others; None with one fault when
    the file cannot be read.

    beginning: of further titles that are wanted, "" for none; those keep their own.
    """
    package = open_guarded_workbook(path, faults)
    if package is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # openpyxl warns of extensions and of dates out of range; neither matters here
            titles = {normal(title): title for title in wanted}
            sheets, others = _workbook_sheets(package, titles, normal(beginning))
    except (
        Exception
    ) as error:  # openpyxl raises whatever a damaged part makes of its code; all mean the same here
        reason = (str(error).splitlines() or [""])[0][:100] or type(error).__name__
        fix = "open it in a spreadsheet program and save it as a new .xlsx workbook"
        faults.append(Fault(str(path), "", "", f"the workbook is damaged ({reason})", fix))
        return None
    for title, sheet in sheets.items():
        if not _may_be_long(title) and len(sheet.rows) > FEW:
            faults.append(
                Fault(
                    str(path),
                    title,
                    "",
                    f"the sheet has more than {FEW} rows",
                    "delete what is no input",
                )
            )
    return sheets, others


def _may_be_long(title: str) -> bool:
    return normal(title).startswith(MANY)


def _workbook_sheets(
    package: Package, wanted: dict[str, str], beginning: str
) -> tuple[dict[str, Sheet], list[str]]:
    book = load_workbook(io.BytesIO(package.raw), read_only=True, data_only=True, keep_links=False)
    try:
        sheets: dict[str, Sheet] = {}
        others = []
        for sheet in book.worksheets:
            title = wanted.get(normal(sheet.title))
            if title is None and beginning and normal(sheet.title).startswith(beginning):
                title = sheet.title
            if title is None or title in sheets:
                others.append(sheet.title)
                continue
            sheet.reset_dimensions()
            scan = package.scans.get(sheet._worksheet_path, SheetScan())
            rows = list(
                islice(_workbook_cell_rows(sheet, scan), None if _may_be_long(title) else FEW + 1)
            )
            merged = [range_boundaries(ref) for ref in scan.merged[:1000]]
            sheets[title] = Sheet(title, rows, merged, sheet.sheet_state != "visible", scan.hidden)
        return sheets, others
    finally:
        book.close()


def _workbook_cell_rows(sheet: Any, scan: SheetScan) -> Iterator[tuple[int, list]]:
    percents: dict[int, bool] = {}
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = [_plain_workbook_cell(cell, scan, percents) for cell in cells[:ROW_CELLS]]
        while row and row[-1] is None:
            row.pop()
        if any(cell is not None for cell in row):
            yield number, row


def _plain_workbook_cell(cell: Any, scan: SheetScan, percents: dict[int, bool]) -> Any:
    """The cell's value; None for a blank one."""
    value = cell.value
    if value is None:
        if (
            scan.unstored
            and cell.data_type is not None
            and getattr(cell, "row", None)
            and cell.coordinate in scan.unstored
        ):
            fix = "open the workbook in a spreadsheet program and save it, or write the value"
            return UnusableCell("", "the formula has no stored value", fix)
        return None
    if isinstance(value, str):
        return _workbook_cell_text(value, cell.data_type)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if cell.has_style and _is_percent_workbook_cell(cell, percents):
            fix = "format the cell as a number and write per cent as they are: 10, not 0.1"
            return UnusableCell(
                f"{value:g} shown as per cent", "the number is formatted as per cent", fix
            )
        return value
    if isinstance(value, date | datetime | time | timedelta):
        fix = (
            "format the cell as a number (or text) and type it again: spreadsheet programs turn 3.5"
            " or 1-2 into dates"
        )
        return UnusableCell(
            value.isoformat() if not isinstance(value, timedelta) else str(value), DATED, fix
        )
    return UnusableCell(
        shown_in_fault(value), "the cell holds neither text nor a number", "write text or a number"
    )


def _workbook_cell_text(value: str, kind: str) -> Any:
    if kind == "e":
        return UnusableCell(value, "the cell holds an error", "fix its formula, or write the value")
    if len(value) > CELL_TEXT:
        return UnusableCell(
            shown_in_fault(value), f"the text is longer than {CELL_TEXT} characters", "shorten it"
        )
    return value if value and not value.isspace() else None


def _is_percent_workbook_cell(cell: Any, known: dict[int, bool]) -> bool:
    style = cell._style_id
    if style not in known:
        known[style] = "%" in _WORDS.sub("", cell.number_format or "")
    return known[style]
