"""A scenario in a workbook: the sheets Pools, LLMs, Profiles, Scores, Demand & SLO and Settings as
a scenario's content and two tables; those of classes and cases join them
(planner.scenario.workbook_demand).

Columns are found by their headers (`profiles.workbook_fields`), in any order; a title above
the header, blank rows and other columns do no harm. Nothing is validated here but what only a
workbook can have (units in headers, merged cells, unusable cells): the content goes through the
same checks as a YAML file, and `InputBook.by_cell` puts the faults at their cells.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.program import PROGRAM
from planner.scenario.workbook_demand import join_workbook_demand
from planner.scenario.workbook_faults import CellPlaces
from planner.scenario.workbook_headers import (
    Header,
    InputBook,
    base_label,
    cell_at,
    check_header_unit,
    check_merged_headers,
    field_names,
    find_workbook_header,
    note_unknown_headers,
)
from planner.scenario.workbook_tables import read_workbook_table
from planner.scenario.workbook_values import workbook_value
from profiles.io.faults import Fault
from profiles.io.workbook_cells import Sheet, cell_name, normal, read_workbook_cells
from profiles.workbook_fields import ARRIVAL, OBJECTIVES, SheetField
from profiles.workbook_layout import (
    CASES,
    CLASS_SLOS,
    CLASSES,
    DEMAND,
    DEMAND_SHEETS,
    LLMS,
    OLDER_SHEETS,
    OUTSIDE,
    POOLS,
    PROFILES,
    RATES,
    REPORT_SHEETS,
    SCORES,
    SETTINGS,
    SHEETS,
    TABLES,
    sheet_reference,
)

__all__ = ["InputBook", "read_workbook"]

RATES_BY_KEY = "demand"
"""A sheet that someone would write who knows the scenario's key."""
NUMBER_AND_BOUNDS = "number"
"""Key of a number of nodes that a row states beside bounds on it."""
ROWS: Mapping[str, str] = {
    POOLS: "pools",
    LLMS: "llms",
    OUTSIDE: "outside",
    CLASSES: "classes",
    CLASS_SLOS: "class_slos",
    CASES: "cases",
}
"""Sheets of rows, and where these are put."""


def read_workbook(path: Path, faults: list[Fault]) -> InputBook | None:
    """Read an input workbook; faults of the workbook itself are appended, None when there is
    nothing to go on with.
    """
    read = read_workbook_cells(path, (*SHEETS, *DEMAND_SHEETS), faults, SCORES)
    if read is None:
        return None
    sheets, others = read
    book = InputBook(
        path, places=CellPlaces(path, sheets=dict.fromkeys(sheets, True), headers={"": others})
    )
    if not set(sheets) & set(SHEETS):
        fix = (
            f"write the sheets {', '.join(SHEETS)}; `{PROGRAM} init --xlsx PATH` writes a template"
        )
        problem = "this workbook has none of the sheets of an input"
        faults.append(book.fault("", ", ".join(others)[:200], problem, fix))
        return None
    for title in others:
        if normal(title) == RATES_BY_KEY:
            problem = "this is no sheet of an input"
            fix = f"rates of classes in cases go to the sheet {RATES}; rename this one"
            faults.append(book.fault(title, "", problem, fix))
    for title, key in ROWS.items():
        _workbook_rows_of(book, sheets, title, key, faults)
    _workbook_demand(book, sheets, faults)
    _workbook_settings(book, sheets, faults)
    for title, key in ((PROFILES, "profiles"), (SCORES, "scores")):
        read_workbook_table(book, sheets.get(title), title, key, faults)
    join_workbook_demand(book, sheets, faults)
    book.notices += _workbook_notices(book, sheets, others)
    return book


def _is_unread_table(book: InputBook, title: str) -> bool:
    """Whether a sheet is a table of scores that no class names."""
    known = title in (*SHEETS, *DEMAND_SHEETS)
    return not known and sheet_reference(book.path.name, title) not in book.tables


def _workbook_notices(book: InputBook, sheets: dict[str, Sheet], others: list[str]) -> list[str]:
    """What a reader may not expect: hidden sheets and rows that are read, sheets that are not."""
    path = book.path
    notices = [
        f"{path}: the sheet {title} is hidden, and read all the same"
        for title, sheet in sheets.items()
        if sheet.hidden
    ]
    for title, sheet in sheets.items():
        if count := sheet.hidden_rows:
            rows, are = ("row", "is") if count == 1 else ("rows", "are")
            notices.append(f"{path}: {count} hidden {rows} of {title} {are} read too")
    report = {normal(name) for name in (*REPORT_SHEETS, *OLDER_SHEETS)}
    unread = [title for title in sheets if _is_unread_table(book, title)]
    ignored = [title for title in (*others, *unread) if normal(title) not in report]
    if ignored:
        notices.append(f"{path}: ignored sheets that are no input: {', '.join(ignored[:20])}")
    return notices


def _workbook_rows_of(
    book: InputBook, sheets: dict[str, Sheet], title: str, key: str, faults: list[Fault]
) -> None:
    """Fill content[key] with one mapping for each row below the header."""
    if title not in sheets:
        return
    header = find_workbook_header(book, sheets[title], title, faults)
    book.places.cells[key] = (title, None)
    book.content[key] = _workbook_entries(book, sheets[title], title, key, header)
    note_unknown_headers(book, title, header)


def _workbook_entries(
    book: InputBook, sheet: Sheet, title: str, key: str, header: Header
) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for number, cells in sheet.rows:
        if number <= header.row or not any(
            cell_at(cells, column) is not None for column in header.columns.values()
        ):
            continue
        if title == DEMAND and any(_is_arrival(cell) for cell in cells):
            continue
        entry: dict[str, Any] = {}
        for one in TABLES[title]:
            if one.key in header.columns:
                column = header.columns[one.key]
                value = workbook_value(cell_at(cells, column), one)
                book.places.cells[f"{key}.{len(entries)}.{one.key}"] = (
                    cell_name(title, number, column),
                    value,
                )
                if value is not None:
                    _put_entry_value(entry, one.key, value)
        book.places.cells[f"{key}.{len(entries)}"] = (
            cell_name(title, number, min(header.columns.values())),
            None,
        )
        entries.append(entry)
    return entries


def _put_entry_value(entry: dict[str, Any], key: str, value: Any) -> None:
    """Put a cell where its dotted key says. Beside a number of nodes its bounds are left to the
    schema, which says that a number cannot have any.
    """
    holder, _, inner = key.partition(".")
    if not inner:
        entry[holder] = value
        return
    before = entry.get(holder)
    if not isinstance(before, dict):
        before = {} if before is None else {NUMBER_AND_BOUNDS: before}
    entry[holder] = {**before, inner: value}


def _workbook_demand(book: InputBook, sheets: dict[str, Sheet], faults: list[Fault]) -> None:
    """Fill arrival_rate_rps (the cell right of its label) and slo (the rows below the header of
    SLOs).
    """
    sheet = sheets.get(DEMAND)
    if sheet is None:
        return
    for number, cells in sheet.rows:
        for column, cell in enumerate(cells):
            if _is_arrival(cell):
                if ARRIVAL.key in book.places.cells:
                    problem = (
                        "the arrival rate appears twice, first at"
                        f" {book.places.cells[ARRIVAL.key][0]}"
                    )
                    place = cell_name(DEMAND, number, column)
                    faults.append(book.fault(place, "", problem, "keep one of them"))
                check_header_unit(book, DEMAND, number, column, str(cell), ARRIVAL, faults)
                _put_workbook_value(
                    book, ARRIVAL, cell_at(cells, column + 1), cell_name(DEMAND, number, column + 1)
                )
    header = find_workbook_header(book, sheet, DEMAND, faults, needs=2)
    if header.row:
        book.places.cells["slo"] = (DEMAND, None)
        book.content["slo"] = _workbook_entries(book, sheet, DEMAND, "slo", header)
        note_unknown_headers(book, DEMAND, header)


def _workbook_settings(book: InputBook, sheets: dict[str, Sheet], faults: list[Fault]) -> None:
    """Fill in rows of label and value; unknown labels are noted, a label that appears
    twice is a fault.
    """
    sheet = sheets.get(SETTINGS)
    if sheet is None:
        return
    known = field_names(TABLES[SETTINGS])
    seen: dict[str, str] = {}
    labels = [str(cells[0]) for _, cells in sheet.rows if isinstance(cell_at(cells, 0), str)]
    book.places.headers[SETTINGS] = labels
    for number, cells in sheet.rows:
        label = cell_at(cells, 0)
        one = (
            known.get(normal(label)) or known.get(base_label(label))
            if isinstance(label, str)
            else None
        )
        if one is None:
            if cell_at(cells, 1) is not None and normal(label) != "setting":
                book.notices.append(
                    f"{book.path}: ignored row {number} of {SETTINGS} ({str(label)[:60]}), which is"
                    " no setting"
                )
            continue
        check_header_unit(book, SETTINGS, number, 0, str(label), one, faults)
        if one.key in seen:
            problem = f"the setting appears twice, first at {seen[one.key]}"
            place = cell_name(SETTINGS, number, 0)
            faults.append(book.fault(place, f'"{label}"', problem, "keep one of the rows"))
        seen[one.key] = cell_name(SETTINGS, number, 0)
        _put_workbook_value(book, one, cell_at(cells, 1), cell_name(SETTINGS, number, 1))
    check_merged_headers(book, SETTINGS, sheet, 0, {0, 1}, faults)


def _put_workbook_value(book: InputBook, one: SheetField, cell: Any, place: str) -> None:
    """Put a setting where its dotted key says."""
    value = workbook_value(cell, one)
    book.places.cells[one.key] = (place, value)
    if value is None:
        return
    holder, *rest = one.key.split(".")
    if one.key == "objective":
        words = OBJECTIVES.get(normal(value)) if isinstance(value, str) else None
        floor = book.content.get("objective")
        book.content["objective"] = (
            {**words, **(floor if isinstance(floor, dict) else {})} if words else value
        )
    elif rest:
        inner = book.content.setdefault(holder, {})
        if isinstance(inner, dict):
            inner[rest[0]] = value
    else:
        book.content[holder] = value


def _is_arrival(cell: Any) -> bool:
    return isinstance(cell, str) and (
        base_label(cell) == normal(ARRIVAL.base) or normal(cell) == ARRIVAL.key
    )
