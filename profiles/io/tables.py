"""Columns of a table as text or numbers, without guessing; every fault with its row and column.

A number stored as text is a fault where cells have types (Parquet files, sheets). Blank cells
(nothing, spaces, null) are distinguished from NaN and from text such as `NA` or `null`, which may
be the name of an LLM. Functions append to `faults` and go on; none raises on bad input. Tables are
read by `profiles.io.table_files`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from profiles.io.cells import (
    INFINITE,
    NAN,
    NUMBER,
    UnusableCell,
    number_in_text_cell,
    number_in_typed_cell,
    text_of_cell,
)
from profiles.io.faults import Fault, fault_spelling_guess, shown_in_fault

__all__ = [
    "Table",
    "blank_table_cells",
    "check_table_cells",
    "number_table_column",
    "require_table_columns",
    "text_table_column",
]

SHOWN_PER_COLUMN = 20
"""So many cells of one column are separate faults for one problem; one more counts the others.
"""


@dataclass(frozen=True)
class Table:
    """Columns of one file.

    columns: name -> (R,) cells (list of text or typed cells, or an Arrow column); rows: (R,) row
    numbers.

    others: names of the file's other columns. typed: whether cells carry types
    (False: all text).
    """

    file: str
    columns: dict[str, list | pa.ChunkedArray]
    rows: np.ndarray
    others: tuple[str, ...] = ()
    typed: bool = False

    def place(self, index: int, column: str) -> str:
        """The place of a cell: `row 7, column rate_rps`."""
        return f"row {self.rows[index]}, column {column}"

    def share_numbers(self, column: str, numbers: np.ndarray) -> None:
        """Keep a column as the numbers (R,) that were read of it: a large table is then in memory
        once. Its cells stay what they are; columns of other cells than floating-point numbers, and
        those with a null, are left alone.
        """
        cells = self.columns[column]
        if isinstance(cells, list) or not pa.types.is_floating(cells.type) or cells.null_count:
            return
        self.columns[column] = pa.chunked_array([pa.array(numbers)])


def require_table_columns(table: Table, names: Sequence[str], faults: list[Fault]) -> bool:
    """Whether all the named columns are there; a fault for each that is not, or one for a file
    without a header.
    """
    missing = [name for name in names if name not in table.columns]
    present = [*table.columns, *table.others]
    if missing and len(missing) == len(names) and any(NUMBER.fullmatch(name) for name in present):
        fix = f"write a header row: {', '.join(names)}, ..."
        faults.append(
            Fault(
                table.file,
                "row 1",
                shown_in_fault(", ".join(present)),
                "the first row holds data, not column names",
                fix,
            )
        )
        return False
    for name in missing:
        near = fault_spelling_guess(name, [other for other in present if other not in names])
        fix = (
            near
            + "add the column"
            + ("" if len(present) > 30 else f"; the file has: {', '.join(present)}")
        )
        faults.append(Fault(table.file, f"column {name}", "", "the column is missing", fix))
    return not missing


def text_table_column(
    table: Table, name: str, faults: list[Fault], blank: str | None = None
) -> np.ndarray:
    """(R,) text of a column, spaces around it removed; whole numbers become text.

    blank: the meaning of a blank cell; None: a blank cell is a fault. A faulty cell reads "?".
    """
    cells = table.columns[name]
    if isinstance(cells, list):
        stripped = [cell.strip() if isinstance(cell, str) else text_of_cell(cell) for cell in cells]
        values = np.array([None if text is None else text for text in stripped], dtype=object)
        alien = np.array([text is None for text in stripped], dtype=bool)
    else:
        alien = np.zeros(len(cells), dtype=bool)
        arrow = _arrow_table_text(cells)
        if arrow is None:
            fix = "store it as UTF-8 text"
            faults.append(
                Fault(
                    table.file,
                    f"column {name}",
                    shown_in_fault(str(cells.type)),
                    "the column does not hold text",
                    fix,
                )
            )
            return np.full(len(cells), blank or "?", dtype=object)
        values = arrow
    check_table_cells(
        table,
        name,
        alien & ~_unusable_table_cell_faults(table, name, cells, faults),
        "this is not text",
        "write it as text",
        faults,
    )
    values[alien] = "?"
    empty = values == ""
    if blank is None:
        check_table_cells(
            table, name, empty, "the cell is blank", "fill it in or delete the row", faults
        )
    values[empty] = blank if blank is not None else "?"
    return values


def number_table_column(
    table: Table, name: str, faults: list[Fault], *, nan_is_blank: bool = False
) -> np.ndarray:
    """(R,) float64 of a column, NaN where the cell is blank or faulty.

    Faults: anything that is not a finite number; NaN is one too unless nan_is_blank.
    """
    cells = table.columns[name]
    if isinstance(cells, list):
        return _numbers_of_table_cells(table, name, cells, faults, nan_is_blank=nan_is_blank)
    kind = cells.type
    if pa.types.is_null(kind):
        return np.full(len(cells), np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        fix = "store it as floating point or whole numbers"
        faults.append(
            Fault(
                table.file,
                f"column {name}",
                shown_in_fault(str(kind)),
                "the column does not hold numbers",
                fix,
            )
        )
        return np.full(len(cells), np.nan)
    values = cells.cast(pa.float64(), safe=False).to_numpy().copy()
    if np.isfinite(values).all():
        return values
    present = cells.is_valid().to_numpy().astype(bool)
    if not nan_is_blank:
        check_table_cells(table, name, present & np.isnan(values), *NAN, faults)
    check_table_cells(table, name, np.isinf(values), *INFINITE, faults)
    values[np.isinf(values)] = np.nan
    return values


def blank_table_cells(table: Table, name: str, *, nan_is_blank: bool = False) -> np.ndarray:
    """(R,) whether a cell of a column holds nothing (or NaN, when nan_is_blank)."""
    cells = table.columns[name]
    if isinstance(cells, list):
        empty = ("", "nan") if nan_is_blank else ("",)
        return np.array(
            [cell is None or str(cell).strip().casefold() in empty for cell in cells], dtype=bool
        )
    return np.asarray(
        pc.is_null(cells, nan_is_null=nan_is_blank and pa.types.is_floating(cells.type)).to_numpy(),
        dtype=bool,
    )


def check_table_cells(
    table: Table, name: str, bad: np.ndarray, problem: str, fix: str, faults: list[Fault]
) -> None:
    """Add a fault for each True of bad (R,), the first `SHOWN_PER_COLUMN` one by one and the others
    as a count.
    """
    at = np.flatnonzero(bad)
    cells = table.columns[name]
    for i in at[:SHOWN_PER_COLUMN]:
        cell = cells[i] if isinstance(cells, list) else cells[int(i)].as_py()
        faults.append(Fault(table.file, table.place(i, name), _shown_cell(cell), problem, fix))
    if len(at) > SHOWN_PER_COLUMN:
        rest = at[SHOWN_PER_COLUMN:]
        where = f"rows {table.rows[rest[0]]} to {table.rows[rest[-1]]}, column {name}"
        faults.append(Fault(table.file, where, "", f"{problem}: {len(rest)} more cells", fix))


def _unusable_table_cell_faults(
    table: Table, name: str, cells: list | pa.ChunkedArray, faults: list[Fault]
) -> np.ndarray:
    """(R,) whether a cell is an `UnusableCell`; each is a fault with its own problem."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for i, cell in enumerate(cells if isinstance(cells, list) and table.typed else ()):
        if isinstance(cell, UnusableCell):
            kinds.setdefault((cell.problem, cell.fix), []).append(i)
    return _add_table_cell_faults(table, name, kinds, faults)


def _add_table_cell_faults(
    table: Table, name: str, kinds: Mapping[tuple[str, str], list[int]], faults: list[Fault]
) -> np.ndarray:
    """(R,) whether a cell has a problem; kinds: (problem, fix) -> positions."""
    faulty = np.zeros(len(table.rows), dtype=bool)
    for (problem, fix), at in kinds.items():
        bad = np.zeros(len(faulty), dtype=bool)
        bad[at] = True
        check_table_cells(table, name, bad, problem, fix, faults)
        faulty |= bad
    return faulty


def _numbers_of_table_cells(
    table: Table, name: str, cells: list, faults: list[Fault], *, nan_is_blank: bool
) -> np.ndarray:
    if not table.typed and (quick := _quick_table_numbers(cells)) is not None:
        return quick
    values = np.full(len(cells), np.nan)
    kinds: dict[tuple[str, str], list[int]] = {}
    for i, cell in enumerate(cells):
        number = number_in_typed_cell(cell) if table.typed else number_in_text_cell(cell)
        if isinstance(number, float):
            values[i] = number
        elif not (nan_is_blank and number is NAN):
            kinds.setdefault(number, []).append(i)
    _add_table_cell_faults(table, name, kinds, faults)
    return values


def _quick_table_numbers(cells: Sequence[str]) -> np.ndarray | None:
    """(R,) finite numbers of a column without any fault; None for every other column.

    Ten times as fast as cell by cell, and most columns are so. Python's float also takes digits of
    other scripts and underscores, which are faults here.
    """
    joined = "".join(cells)
    if not joined.isascii() or "_" in joined:
        return None
    try:
        values = np.fromiter(map(float, cells), float, len(cells))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _arrow_table_text(cells: pa.ChunkedArray) -> np.ndarray | None:
    """(R,) text of an Arrow column, "" for null; None when its type or its bytes are no text."""
    try:
        if pa.types.is_dictionary(cells.type):
            cells = cells.cast(cells.type.value_type)
        if pa.types.is_integer(cells.type) or pa.types.is_null(cells.type):
            cells = cells.cast(pa.string())
        if not (
            pa.types.is_string(cells.type)
            or pa.types.is_large_string(cells.type)
            or pa.types.is_string_view(cells.type)
        ):
            return None
        return (
            pc.fill_null(pc.utf8_trim_whitespace(cells.cast(pa.large_string())), "")
            .to_numpy()
            .copy()
        )
    except (pa.ArrowException, ValueError):
        return None


def _shown_cell(cell: object) -> str:
    return (
        "" if cell is None or (isinstance(cell, str) and not cell.strip()) else shown_in_fault(cell)
    )
