"""A scenario in a workbook: the sheets Pools, LLMs, Profiles, Scores, Demand & SLO and Settings as
a scenario's content and two tables.

Columns are found by their headers (`profiles.workbook_layout`), whatever their order; a title above
the header, blank rows and other columns do no harm. Nothing is validated here but what only a
workbook can have (units in headers, merged cells, odd cells): the content goes through the same
checks as a YAML file, and `Book.tell` puts the faults at their cells.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planner.scenario.workbook_faults import CellPlaces, SheetPlaces
from planner.scenario.workbook_headers import (
    Header,
    InputBook,
    base_label,
    cell_at,
    check_merged_cells,
    check_repeated_headers,
    check_unit,
    field_names,
    find_header,
    note_unknown_columns,
    scores_header,
)
from profiles.io.cells import NUMBER, UnusableCell, text_of
from profiles.io.faults import Fault, nearest
from profiles.io.tables import table_of_rows
from profiles.io.workbook_cells import DATED, Sheet, cell_name, normal, read_sheets
from profiles.workbook_fields import ARRIVAL, OBJECTIVES, FieldKind, SheetField
from profiles.workbook_layout import (
    DEMAND,
    LLMS,
    POOLS,
    PROFILES,
    REPORT_SHEETS,
    SCORES,
    SETTINGS,
    SHEETS,
    TABLES,
    sheet_reference,
)

__all__ = ["InputBook", "read_book"]

_KNOWN = {PROFILES: {one.key for one in TABLES[PROFILES]}}
"""Columns of a table that are read; of Scores all, for their names are known after overrides only.
"""


def read_book(path: Path, faults: list[Fault]) -> InputBook | None:
    """Read an input workbook; faults of the workbook itself are appended, None when there is
    nothing to go on with.
    """
    read = read_sheets(path, SHEETS, faults)
    if read is None:
        return None
    sheets, others = read
    book = InputBook(
        path, places=CellPlaces(path, sheets=dict.fromkeys(sheets, True), headers={"": others})
    )
    if not sheets:
        fix = (
            f"write the sheets {', '.join(SHEETS)}; `python -m planner init --xlsx PATH` writes a"
            " template"
        )
        faults.append(
            Fault(
                str(path),
                "",
                ", ".join(others)[:200],
                "this workbook has none of the sheets of an input",
                fix,
            )
        )
        return None
    _rows_of(book, sheets, POOLS, "pools", faults)
    _rows_of(book, sheets, LLMS, "llms", faults)
    _demand(book, sheets, faults)
    _settings(book, sheets, faults)
    for title, key in ((PROFILES, "profiles"), (SCORES, "scores")):
        _table(book, sheets.get(title), title, key, faults)
    book.notices += [
        f"{path}: the sheet {title} is hidden, and read all the same"
        for title, sheet in sheets.items()
        if sheet.hidden
    ]
    for title, count in (
        (title, sheet.hidden_rows) for title, sheet in sheets.items() if sheet.hidden_rows
    ):
        book.notices.append(
            f"{path}: {count} hidden {'row' if count == 1 else 'rows'} of {title}"
            f" {'is' if count == 1 else 'are'} read too"
        )
    strange = [
        title for title in others if normal(title) not in {normal(name) for name in REPORT_SHEETS}
    ]
    if strange:
        book.notices.append(f"{path}: ignored sheets that are no input: {', '.join(strange[:20])}")
    return book


def _rows_of(
    book: InputBook, sheets: dict[str, Sheet], title: str, key: str, faults: list[Fault]
) -> None:
    """Fill content[key] with one mapping for each row below the header."""
    if title not in sheets:
        return
    header = find_header(book, sheets[title], title, faults)
    book.places.cells[key] = (title, None)
    book.content[key] = _entries(book, sheets[title], title, key, header)
    note_unknown_columns(book, title, header)


def _entries(
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
                value = _value(cell_at(cells, column), one)
                book.places.cells[f"{key}.{len(entries)}.{one.key}"] = (
                    cell_name(title, number, column),
                    value,
                )
                if value is not None:
                    entry[one.key] = value
        book.places.cells[f"{key}.{len(entries)}"] = (
            cell_name(title, number, min(header.columns.values())),
            None,
        )
        entries.append(entry)
    return entries


def _demand(book: InputBook, sheets: dict[str, Sheet], faults: list[Fault]) -> None:
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
                        f"the arrival rate stands twice, at {book.places.cells[ARRIVAL.key][0]}"
                        " already"
                    )
                    faults.append(
                        Fault(
                            str(book.path),
                            cell_name(DEMAND, number, column),
                            "",
                            problem,
                            "keep one of them",
                        )
                    )
                check_unit(book, DEMAND, number, column, str(cell), ARRIVAL, faults)
                _put(
                    book, ARRIVAL, cell_at(cells, column + 1), cell_name(DEMAND, number, column + 1)
                )
    header = find_header(book, sheet, DEMAND, faults, needs=2)
    if header.row:
        book.places.cells["slo"] = (DEMAND, None)
        book.content["slo"] = _entries(book, sheet, DEMAND, "slo", header)
        note_unknown_columns(book, DEMAND, header)


def _settings(book: InputBook, sheets: dict[str, Sheet], faults: list[Fault]) -> None:
    """Fill what stands in rows of label and value; unknown labels are told, a label that stands
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
        check_unit(book, SETTINGS, number, 0, str(label), one, faults)
        if one.key in seen:
            problem = f"the setting stands twice, at {seen[one.key]} already"
            faults.append(
                Fault(
                    str(book.path),
                    cell_name(SETTINGS, number, 0),
                    f'"{label}"',
                    problem,
                    "keep one of the rows",
                )
            )
        seen[one.key] = cell_name(SETTINGS, number, 0)
        _put(book, one, cell_at(cells, 1), cell_name(SETTINGS, number, 1))
    check_merged_cells(book, SETTINGS, sheet, 0, {0, 1}, faults)


def _put(book: InputBook, one: SheetField, cell: Any, place: str) -> None:
    """Put a setting where its dotted key says."""
    value = _value(cell, one)
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


def _table(book: InputBook, sheet: Sheet | None, title: str, key: str, faults: list[Fault]) -> None:
    """Make the table of Profiles or Scores, unless Settings names a file for it."""
    named = book.content.get(key)
    if named is not None:
        place = book.places.cells[key][0]
        if sheet is not None and len(sheet.rows) > 1:
            fix = f"empty the cell, or the sheet {title}"
            faults.append(
                Fault(
                    str(book.path),
                    place,
                    f'"{named}"',
                    f"a file is named, but the sheet {title} has rows too",
                    fix,
                )
            )
        return
    if sheet is None:
        fix = (
            nearest(title, book.places.headers[""])
            + f"add it, or name a file in Settings ({title} file)"
        )
        faults.append(Fault(str(book.path), title, "", "the sheet is missing", fix))
        return
    name = sheet_reference(book.path.name, title)
    file = f"{book.path}#{title}"
    header = find_header(book, sheet, title, faults) if title == PROFILES else scores_header(sheet)
    names = {column: key for key, column in header.columns.items()} | header.others
    doubled = header.row and check_repeated_headers(book, sheet, title, header, names, faults)
    book.places.tables[file] = SheetPlaces(
        title, header.row, {text: column for column, text in names.items()}
    )
    columns = sorted(names)
    records: list[Sequence[Any]] = []
    for number, cells in sheet.rows:
        if number < header.row or not header.row:
            continue
        records.extend(() for _ in range(number - len(records) - 1))
        records.append(
            [
                names[c] if number == header.row else _dated(cell_at(cells, c), names[c])
                for c in columns
            ]
        )
    check_merged_cells(book, title, sheet, header.row, set(columns), faults)
    if header.row and not doubled:
        book.tables[name] = table_of_rows(file, records, faults, only=_KNOWN.get(title))
    else:
        book.tables[name] = None
        if not header.row:
            faults.append(
                Fault(
                    str(book.path),
                    title,
                    "",
                    "the sheet is empty",
                    f"fill it in, or name a file in Settings ({title} file)",
                )
            )
    book.content[key] = name


def _dated(cell: Any, name: str) -> Any:
    """The cell; a date as text where dates are welcome."""
    return (
        cell.value.removesuffix("T00:00:00")
        if name == "measured_on" and isinstance(cell, UnusableCell) and cell.problem == DATED
        else cell
    )


def _value(cell: Any, one: SheetField) -> Any:
    """A cell as content: text for text, whole numbers where they are wanted, several numbers of one
    cell; else as it stands.
    """
    if isinstance(cell, str):
        cell = cell.strip()
        if one.kind == FieldKind.NUMBERS:
            return _numbers(cell)
        if one.choices:
            return next((choice for choice in one.choices if choice == normal(cell)), cell)
        return cell
    if cell is None or isinstance(cell, bool | UnusableCell):
        return cell
    if one.kind == FieldKind.TEXT:
        text = text_of(cell)
        return cell if text is None else text
    whole = (
        int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15 else cell
    )
    if one.kind == FieldKind.NUMBERS:
        return [whole]
    return whole if one.kind == FieldKind.WHOLE else cell


def _numbers(text: str) -> Any:
    """Numbers with semicolons, spaces, or commas and spaces between; the text itself when it is
    anything else ("1,5" is not guessed at).
    """
    parts = text.split(";") if ";" in text else text.replace(", ", " ").split()
    numbers: list[int | float] = []
    for part in map(str.strip, parts):
        if not NUMBER.fullmatch(part):
            return text
        number = float(part)
        numbers.append(int(number) if number.is_integer() and abs(number) < 1e15 else number)
    return numbers


def _is_arrival(cell: Any) -> bool:
    return isinstance(cell, str) and (
        base_label(cell) == normal(ARRIVAL.base) or normal(cell) == ARRIVAL.key
    )
