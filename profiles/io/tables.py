"""Tables as they stand in files: CSV and Parquet (and sheets), read without guessing; every fault
is told with its row and column.

Rows are counted as a person sees them: the header is row 1, blank rows count. Cells of a CSV file
are text; cells of Parquet files and sheets have types, and a number stored as text there is a
fault. Blank cells (nothing, spaces, null) are told apart from NaN and from text such as `NA` or
`null`, which may be the name of an LLM. Functions append to `faults` and go on; none raises on bad
input.
"""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from profiles.io.cells import (
    INFINITE,
    NAN,
    NUMBER,
    UnusableCell,
    text_number,
    text_of,
    typed_number,
)
from profiles.io.faults import Fault, file_bytes, file_text, nearest, shown

__all__ = [
    "Table",
    "blanks",
    "check_cells",
    "numbers",
    "read_table",
    "require_columns",
    "table_of_rows",
    "texts",
]

SHOWN_PER_COLUMN = 20
"""So many cells of one column are told for one problem; one more fault counts the others."""


@dataclass(frozen=True)
class Table:
    """Columns of one file.

    columns: name -> (R,) cells (list of text or typed cells, or an Arrow column); rows: (R,) row
    numbers.

    others: names of the file's columns that were not asked for. typed: whether cells carry types
    (False: all text).
    """

    file: str
    columns: Mapping[str, list | pa.ChunkedArray]
    rows: np.ndarray
    others: tuple[str, ...] = ()
    typed: bool = False

    def place(self, index: int, column: str) -> str:
        """Where a cell stands: `row 7, column rate_rps`."""
        return f"row {self.rows[index]}, column {column}"


def read_table(
    path: Path, faults: list[Fault], only: Collection[str] | None = None
) -> Table | None:
    """Read `.csv` or `.parquet`. only: columns wanted (None: all).

    None when nothing can be read; rows with the wrong number of cells are faults and left out.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(path, faults, only)
    if suffix == ".csv":
        return _read_csv(path, faults, only)
    faults.append(
        Fault(
            str(path),
            "",
            shown(path.suffix),
            "the file's ending is neither .csv nor .parquet",
            "save it as CSV or Parquet",
        )
    )
    return None


def table_of_rows(
    file: str,
    records: Iterable[Sequence],
    faults: list[Fault],
    only: Collection[str] | None = None,
    typed: bool = True,
) -> Table | None:
    """Make a table of records (a sheet's rows, the header first).

    typed: cells are str, int, float or None; else all text.
    """
    header: list[str] | None = None
    kept, rows = [], []
    for row, cells in enumerate(records, start=1):
        if _is_blank(cells):
            continue
        if header is None:
            header = [str("" if cell is None else cell).strip() for cell in cells]
            while header and not header[-1]:
                header.pop()
            if not typed and len(header) == 1 and _foreign_separator(file, row, header[0], faults):
                return None
            continue
        if len(cells) != len(header):
            if len(cells) < len(header) or not _is_blank(cells[len(header) :]):
                faults.append(_wrong_width(file, row, len(cells), len(header)))
                continue
            cells = cells[: len(header)]
        kept.append(cells)
        rows.append(row)
    if header is None:
        faults.append(Fault(file, "", "", "the table is empty", "write a header row and data rows"))
        return None
    columns: list[Sequence] = list(zip(*kept, strict=True)) if kept else [()] * len(header)
    named = [
        name or ("" if _is_blank(cells) else name)
        for name, cells in zip(header, columns, strict=True)
    ]
    if not _header_is_sound(file, named, columns, faults):
        return None
    if not kept:
        faults.append(
            Fault(file, "", "", "there are no rows below the header", "write at least one data row")
        )
        return None
    wanted = {
        name: list(cells)
        for name, cells in zip(named, columns, strict=True)
        if name and (only is None or name in only)
    }
    return Table(
        file,
        wanted,
        np.array(rows),
        tuple(name for name in named if name and name not in wanted),
        typed,
    )


def require_columns(table: Table, names: Sequence[str], faults: list[Fault]) -> bool:
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
                shown(", ".join(present)),
                "the first row holds data, not column names",
                fix,
            )
        )
        return False
    for name in missing:
        near = nearest(name, [other for other in present if other not in names])
        fix = (
            near
            + "add the column"
            + ("" if len(present) > 30 else f"; the file has: {', '.join(present)}")
        )
        faults.append(Fault(table.file, f"column {name}", "", "the column is missing", fix))
    return not missing


def texts(table: Table, name: str, faults: list[Fault], blank: str | None = None) -> np.ndarray:
    """(R,) text of a column, spaces around it removed; whole numbers become text.

    blank: what a blank cell stands for; None: a blank cell is a fault. A faulty cell reads "?".
    """
    cells = table.columns[name]
    if isinstance(cells, list):
        stripped = [cell.strip() if isinstance(cell, str) else text_of(cell) for cell in cells]
        values = np.array([None if text is None else text for text in stripped], dtype=object)
        alien = np.array([text is None for text in stripped], dtype=bool)
    else:
        alien = np.zeros(len(cells), dtype=bool)
        arrow = _arrow_text(cells)
        if arrow is None:
            fix = "store it as UTF-8 text"
            faults.append(
                Fault(
                    table.file,
                    f"column {name}",
                    shown(str(cells.type)),
                    "the column does not hold text",
                    fix,
                )
            )
            return np.full(len(cells), blank or "?", dtype=object)
        values = arrow
    check_cells(
        table,
        name,
        alien & ~_unusable_cell_faults(table, name, cells, faults),
        "this is not text",
        "write it as text",
        faults,
    )
    values[alien] = "?"
    empty = values == ""
    if blank is None:
        check_cells(table, name, empty, "the cell is blank", "fill it in or delete the row", faults)
    values[empty] = blank if blank is not None else "?"
    return values


def numbers(table: Table, name: str, faults: list[Fault], nan_is_blank: bool = False) -> np.ndarray:
    """(R,) float64 of a column, NaN where the cell is blank or faulty.

    Faults: anything that is not a finite number; NaN is one too unless nan_is_blank.
    """
    cells = table.columns[name]
    if isinstance(cells, list):
        return _numbers_of_cells(table, name, cells, faults, nan_is_blank)
    kind = cells.type
    if pa.types.is_null(kind):
        return np.full(len(cells), np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        fix = "store it as floating point or whole numbers"
        faults.append(
            Fault(
                table.file,
                f"column {name}",
                shown(str(kind)),
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
        check_cells(table, name, present & np.isnan(values), *NAN, faults)
    check_cells(table, name, np.isinf(values), *INFINITE, faults)
    values[np.isinf(values)] = np.nan
    return values


def blanks(table: Table, name: str, nan_is_blank: bool = False) -> np.ndarray:
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


def check_cells(
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


def _unusable_cell_faults(
    table: Table, name: str, cells: list | pa.ChunkedArray, faults: list[Fault]
) -> np.ndarray:
    """(R,) whether a cell is an `Odd`; each is told with its own problem."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for i, cell in enumerate(cells if isinstance(cells, list) and table.typed else ()):
        if isinstance(cell, UnusableCell):
            kinds.setdefault((cell.problem, cell.fix), []).append(i)
    return _add_cell_faults(table, name, kinds, faults)


def _add_cell_faults(
    table: Table, name: str, kinds: Mapping[tuple[str, str], list[int]], faults: list[Fault]
) -> np.ndarray:
    """(R,) whether a cell has a problem; kinds: (problem, fix) -> positions."""
    faulty = np.zeros(len(table.rows), dtype=bool)
    for (problem, fix), at in kinds.items():
        bad = np.zeros(len(faulty), dtype=bool)
        bad[at] = True
        check_cells(table, name, bad, problem, fix, faults)
        faulty |= bad
    return faulty


def _numbers_of_cells(
    table: Table, name: str, cells: list, faults: list[Fault], nan_is_blank: bool
) -> np.ndarray:
    if not table.typed:
        joined = "".join(cells)
        if joined.isascii() and "_" not in joined:
            try:
                values = np.fromiter(map(float, cells), float, len(cells))
            except ValueError:
                pass
            else:
                if np.isfinite(values).all():
                    return values
    values = np.full(len(cells), np.nan)
    kinds: dict[tuple[str, str], list[int]] = {}
    for i, cell in enumerate(cells):
        number = typed_number(cell) if table.typed else text_number(cell)
        if isinstance(number, float):
            values[i] = number
        elif not (nan_is_blank and number is NAN):
            kinds.setdefault(number, []).append(i)
    _add_cell_faults(table, name, kinds, faults)
    return values


def _arrow_text(cells: pa.ChunkedArray) -> np.ndarray | None:
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


def _read_csv(path: Path, faults: list[Fault], only: Collection[str] | None) -> Table | None:
    text, fault = file_text(path)
    if fault:
        faults.append(fault)
        return None
    reader = csv.reader(io.StringIO(text, newline=None), strict=True)
    try:
        records = list(reader)
    except csv.Error as error:
        fix = "check the quotation marks of this row and the rows above"
        faults.append(
            Fault(str(path), f"row {reader.line_num}", "", f"this is not sound CSV ({error})", fix)
        )
        return None
    return table_of_rows(str(path), records, faults, only, typed=False)


def _read_parquet(path: Path, faults: list[Fault], only: Collection[str] | None) -> Table | None:
    raw, fault = file_bytes(path)
    if fault:
        faults.append(fault)
        return None
    try:
        file = pq.ParquetFile(pa.BufferReader(raw))
        names = file.schema_arrow.names
        kept = [name for name in names if only is None or name in only]
        table = file.read(columns=kept)
        count = table.num_rows
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        reason = shown((str(error).splitlines() or [""])[0])
        problem = f"this is not a readable Parquet file ({reason})"
        faults.append(Fault(str(path), "", "", problem, "write the file again, or save it as CSV"))
        return None
    if not _header_is_sound(str(path), names, None, faults):
        return None
    if not count:
        faults.append(Fault(str(path), "", "", "there are no rows", "write at least one data row"))
        return None
    others = tuple(name for name in names if name not in kept)
    return Table(
        str(path),
        {name: table.column(name) for name in kept},
        np.arange(2, count + 2),
        others,
        typed=True,
    )


def _header_is_sound(
    file: str, names: Sequence[str], columns: Sequence[Sequence] | None, faults: list[Fault]
) -> bool:
    before = len(faults)
    seen: set[str] = set()
    for i, name in enumerate(names):
        if not name and columns is not None and not _is_blank(columns[i]):
            fix = "name it, or delete it (pandas: to_csv(index=False))"
            faults.append(Fault(file, f"row 1, cell {i + 1}", "", "the column has no name", fix))
        if name and name in seen:
            faults.append(
                Fault(
                    file,
                    f"column {name}",
                    "",
                    "the column stands twice in the header",
                    "keep one of them",
                )
            )
        seen.add(name)
    return len(faults) == before


def _foreign_separator(file: str, row: int, header: str, faults: list[Fault]) -> bool:
    for sign, word in ((";", "semicolons"), ("\t", "tabs")):
        if sign in header:
            fix = "save it with commas between cells and decimal points in numbers"
            faults.append(
                Fault(
                    file,
                    f"row {row}",
                    shown(header),
                    f"the cells are separated by {word}, not by commas",
                    fix,
                )
            )
            return True
    return False


def _wrong_width(file: str, row: int, cells: int, expected: int) -> Fault:
    fix = (
        "put text that has commas in quotes and write decimal points"
        if cells > expected
        else "fill the row up with commas"
    )
    return Fault(
        file,
        f"row {row}",
        f"{cells} cells",
        f"the row must have {expected} cells as the header has",
        fix,
    )


def _is_blank(cells: Sequence) -> bool:
    return not any(
        cell is not None and (not isinstance(cell, str) or (cell and not cell.isspace()))
        for cell in cells
    )


def _shown_cell(cell: object) -> str:
    return "" if cell is None or (isinstance(cell, str) and not cell.strip()) else shown(cell)
