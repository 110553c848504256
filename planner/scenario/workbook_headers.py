"""Headers of a workbook's sheets: which column holds what, units included; and the `Book` that is
filled while its sheets are read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.scenario.workbook_faults import CellPlaces, workbook_faults_by_cell
from profiles.io.cells import text_of_cell
from profiles.io.faults import Fault
from profiles.io.tables import Table
from profiles.io.workbook_cells import Sheet, cell_name, normal
from profiles.workbook_fields import SheetField
from profiles.workbook_layout import PROFILES, SETTINGS, TABLES

__all__ = [
    "Header",
    "InputBook",
    "base_label",
    "cell_at",
    "check_header_unit",
    "check_merged_headers",
    "check_repeated_headers",
    "field_names",
    "find_workbook_header",
    "header_text",
    "note_unknown_headers",
    "scores_header",
]

HEADER_WITHIN = 30
"""Number of non-blank rows among which the header is sought."""


@dataclass
class InputBook:
    """What a workbook holds.

    content: as scenario.yaml's, with `profiles` and `scores` naming a sheet or a file; notices:
    sentences.

    tables: by such a name (`book.xlsx#Profiles`) the table of a sheet; None where it is faulty (its
    faults are listed).
    """

    path: Path
    content: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Table | None] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    places: CellPlaces = field(default_factory=lambda: CellPlaces(Path()))

    def by_cell(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults with the cell of each as its place, each once."""
        return workbook_faults_by_cell(faults, self.places)

    def fault(self, place: str, value: str, problem: str, fix: str) -> Fault:
        """A fault of this workbook; place: a cell or a sheet."""
        return Fault(str(self.path), place, value, problem, fix)


@dataclass(frozen=True)
class Header:
    """Where the columns of a sheet are.

    row: number of the header (0: none); columns: key -> position from 0; others: unknown headers by
    position.
    """

    row: int
    columns: dict[str, int]
    others: dict[int, str]


def find_workbook_header(
    book: InputBook, sheet: Sheet, title: str, faults: list[Fault], needs: int = 1
) -> Header:
    """The first row with two known headers (or all there are), else the first row; units are
    checked.
    """
    known = field_names(TABLES[title])
    rows = sheet.rows[:HEADER_WITHIN]

    def known_header_cells(cells: Sequence[Any]) -> int:
        return sum(
            normal(cell) in known or base_label(cell) in known
            for cell in cells
            if isinstance(cell, str)
        )

    number, cells = next(
        ((n, cells) for n, cells in rows if known_header_cells(cells) >= 2),
        rows[0] if rows and needs < 2 else (0, ()),
    )
    columns: dict[str, int] = {}
    others: dict[int, str] = {}
    for column, cell in enumerate(cells):
        text = header_text(cell)
        one = known.get(normal(text)) or known.get(base_label(text))
        if one is None:
            if text:
                others[column] = text
            continue
        check_header_unit(book, title, number, column, text, one, faults)
        columns.setdefault(one.key, column)
    if title != PROFILES and number:
        check_repeated_headers(book, sheet, title, Header(number, columns, others), faults)
        check_merged_headers(book, title, sheet, number, set(columns.values()), faults)
    book.places.headers[title] = [*others.values()]
    return Header(number, columns, others)


def scores_header(sheet: Sheet) -> Header:
    """The row that has `prompt_id`, else the first; LLMs' names are taken unchanged."""
    rows = sheet.rows[:HEADER_WITHIN]
    number, cells = next(
        ((n, cells) for n, cells in rows if "prompt_id" in map(header_text, cells)),
        rows[0] if rows else (0, ()),
    )
    columns: dict[str, int] = {}
    for column, cell in enumerate(cells):
        if text := header_text(cell):
            columns.setdefault(text, column)
    return Header(number, columns, {})


def check_header_unit(
    book: InputBook,
    title: str,
    row: int,
    column: int,
    text: str,
    one: SheetField,
    faults: list[Fault],
) -> None:
    """Refuse a header that has another unit than ours, or none where there is one."""
    if normal(text) not in (normal(one.label), normal(one.key)):
        problem = f'expected the header "{one.label}", unit included'
        fix = "convert the column to this unit, then rename it"
        faults.append(book.fault(cell_name(title, row, column), f'"{text}"', problem, fix))


def check_repeated_headers(
    book: InputBook, sheet: Sheet, title: str, header: Header, faults: list[Fault]
) -> bool:
    """Whether a header appears twice; a fault at its second cell."""
    cells = next(cells for number, cells in sheet.rows if number == header.row)
    known = field_names(TABLES[title]) if title in TABLES else {}
    first: dict[str, int] = {}
    before = len(faults)
    for column, cell in enumerate(cells):
        text = header_text(cell)
        if not text:
            continue
        one = known.get(normal(text)) or known.get(base_label(text))
        key = one.key if one else text
        if first.setdefault(key, column) != column:
            place = cell_name(title, header.row, column)
            problem = "the column appears twice in the header"
            faults.append(book.fault(place, f'"{text}"', problem, "keep one of them"))
    return len(faults) > before


def check_merged_headers(
    book: InputBook, title: str, sheet: Sheet, row: int, columns: set[int], faults: list[Fault]
) -> None:
    """Refuse merged cells from the header down, in columns that are read; merged over one row of
    Settings they do no harm.
    """
    for left, top, right, bottom in sheet.merged:
        if (
            bottom >= row
            and any(left - 1 <= column <= right - 1 for column in columns)
            and not (title == SETTINGS and top == bottom)
        ):
            place = f"{cell_name(title, top, left - 1)}:{cell_name('', bottom, right - 1)[1:]}"
            fix = "unmerge them and write every value in a separate cell"
            faults.append(book.fault(place, "", "the cells are merged", fix))


def note_unknown_headers(book: InputBook, title: str, header: Header) -> None:
    """A notice of columns that are no input."""
    if header.others:
        listed = ", ".join(list(header.others.values())[:20])
        book.notices.append(
            f"{book.path}: ignored columns of {title} that are no input: {listed[:200]}"
        )


def field_names(fields: Iterable[SheetField]) -> dict[str, SheetField]:
    """Fields by label and key, and by the label without its unit."""
    named = {normal(one.base): one for one in fields}
    return named | {name: one for one in fields for name in (normal(one.label), normal(one.key))}


def base_label(text: object) -> str:
    """A header without the parentheses at its end."""
    return normal(str(text).partition("(")[0])


def header_text(cell: Any) -> str:
    """Text of a header's cell; numbers may be names of LLMs."""
    return (
        cell.strip()
        if isinstance(cell, str)
        else ""
        if cell is None
        else text_of_cell(cell) or str(cell)
    )


def cell_at(cells: Sequence[Any], column: int) -> Any:
    """Cell of a row; None beyond its end."""
    return cells[column] if column < len(cells) else None
