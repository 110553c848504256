"""The sheets Profiles, Scores and Rates of an input workbook as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from planner.scenario.workbook_faults import SheetPlaces
from planner.scenario.workbook_headers import (
    InputBook,
    cell_at,
    check_merged_headers,
    check_repeated_headers,
    find_workbook_header,
    scores_header,
)
from profiles.io.cells import UnusableCell
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.table_files import build_table_of_file
from profiles.io.workbook_cells import DATED, Sheet
from profiles.workbook_layout import CASES, CLASSES, PROFILES, RATES, TABLES, sheet_reference

__all__ = ["read_class_score_table", "read_workbook_rates", "read_workbook_table"]

_KNOWN = {title: {one.key for one in TABLES[title]} for title in (PROFILES, RATES)}
"""Columns of a table that are read; of Scores all, for their names are known after overrides only.
"""
SETTINGS_FILES = ("Profiles", "Scores")
"""Sheets in place of which Settings may name a file."""


def read_workbook_table(
    book: InputBook, sheet: Sheet | None, title: str, key: str, faults: list[Fault]
) -> None:
    """Make the table of Profiles or Scores, unless Settings names a file for it.

    title: of the sheet; key: of the scenario, profiles or scores. The table goes to `book.tables`
    (None where it is faulty), its name to `book.content`.
    """
    named = book.content.get(key)
    if named is not None:
        if sheet is not None and len(sheet.rows) > 1:
            place, _ = book.places.cells[key]
            problem = f"a file is named, but the sheet {title} has rows too"
            fix = f"empty the cell, or the sheet {title}"
            faults.append(book.fault(place, f'"{named}"', problem, fix))
        return
    if sheet is None:
        guess = fault_spelling_guess(title, book.places.headers[""])
        fix = guess + f"add it, or name a file in Settings ({title} file)"
        faults.append(book.fault(title, "", "the sheet is missing", fix))
        return
    book.content[key] = _read_sheet_as_table(book, sheet, title, faults)


def read_class_score_table(book: InputBook, sheet: Sheet, title: str, faults: list[Fault]) -> str:
    """Make the table of a sheet of scores that a class names; its name, as a scenario has it."""
    name = sheet_reference(book.path.name, title)
    return name if name in book.tables else _read_sheet_as_table(book, sheet, title, faults)


def read_workbook_rates(book: InputBook, sheet: Sheet | None, faults: list[Fault]) -> None:
    """Make the table of Rates, where there are classes and cases."""
    if sheet is not None:
        book.content["demand"] = _read_sheet_as_table(book, sheet, RATES, faults)
        return
    name = sheet_reference(book.path.name, RATES)
    book.content["demand"], book.tables[name] = name, None
    guess = fault_spelling_guess(RATES, book.places.headers[""])
    fix = f"{guess}add it: one row for each class of {CLASSES} in each case of {CASES}"
    faults.append(book.fault(RATES, "", "the sheet is missing", fix))


def _read_sheet_as_table(book: InputBook, sheet: Sheet, title: str, faults: list[Fault]) -> str:
    """Make the table of a sheet; its name, under which `book.tables` has it (None where it is
    faulty).
    """
    name = sheet_reference(book.path.name, title)
    header = (
        find_workbook_header(book, sheet, title, faults)
        if title in TABLES
        else scores_header(sheet)
    )
    names = {column: key for key, column in header.columns.items()} | header.others
    # Columns of Rates are checked with its header already.
    repeated = (
        header.row
        and title not in (RATES,)
        and check_repeated_headers(book, sheet, title, header, faults)
    )
    file = f"{book.path}#{title}"
    book.places.tables[file] = SheetPlaces(
        title, header.row, {text: column for column, text in names.items()}
    )
    if title != RATES:
        check_merged_headers(book, title, sheet, header.row, set(names), faults)
    book.tables[name] = None
    if not header.row:
        where = f", or name a file in Settings ({title} file)" if title in SETTINGS_FILES else ""
        faults.append(book.fault(title, "", "the sheet is empty", f"fill it in{where}"))
    elif not repeated:
        records = _workbook_table_records(sheet, header.row, names)
        book.tables[name] = build_table_of_file(file, records, faults, only=_KNOWN.get(title))
    return name


def _workbook_table_records(
    sheet: Sheet, header: int, names: Mapping[int, str]
) -> list[Sequence[Any]]:
    """The rows of the columns that have a name, by row number.

    header: its row, whose cells become the names. Rows above it and blank rows are empty.
    """
    columns = sorted(names)
    records: list[Sequence[Any]] = []
    for number, cells in sheet.rows:
        if number < header:
            continue
        records.extend(() for _ in range(number - len(records) - 1))
        if number == header:
            records.append([names[column] for column in columns])
        else:
            records.append(
                [_workbook_table_with_dates(cell_at(cells, c), names[c]) for c in columns]
            )
    return records


def _workbook_table_with_dates(cell: Any, name: str) -> Any:
    """The cell; a date as text where dates are welcome."""
    if name == "measured_on" and isinstance(cell, UnusableCell) and cell.problem == DATED:
        return cell.value.removesuffix("T00:00:00")
    return cell
