"""Tables made of files: CSV, Parquet and the rows of a sheet, read without guessing.

Rows are counted as a person sees them: the header is row 1, blank rows count. Cells of a CSV file
are text; cells of Parquet files and sheets have types. Functions append to `faults` and go on; none
raises on bad input.
"""

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from profiles.io.faults import Fault, file_bytes_or_fault, file_text_or_fault, shown_in_fault
from profiles.io.tables import Table

__all__ = ["build_table_of_file", "check_table_file_header", "read_table_file"]


def read_table_file(
    path: Path, faults: list[Fault], only: Collection[str] | None = None
) -> Table | None:
    """Read `.csv` or `.parquet`. only: columns wanted (None: all).

    None when nothing can be read; rows with the wrong number of cells are faults and left out.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet_table_file(path, faults, only)
    if suffix == ".csv":
        return _read_csv_table_file(path, faults, only)
    faults.append(
        Fault(
            str(path),
            "",
            shown_in_fault(path.suffix),
            "the file's ending is neither .csv nor .parquet",
            "save it as CSV or Parquet",
        )
    )
    return None


def build_table_of_file(
    file: str,
    records: Iterable[Sequence],
    faults: list[Fault],
    only: Collection[str] | None = None,
    *,
    typed: bool = True,
) -> Table | None:
    """Make a table of records (a sheet's rows, the header first).

    file: what faults call it. only: columns wanted (None: all). typed: cells are str, int, float or
    None; else all text. None when nothing can be read; rows with the wrong number of cells are
    faults and left out.
    """
    numbered = (
        (row, cells) for row, cells in enumerate(records, start=1) if not _is_blank_file_line(cells)
    )
    first = next(numbered, None)
    if first is None:
        faults.append(Fault(file, "", "", "the table is empty", "write a header row and data rows"))
        return None
    header = _table_file_header(first[1])
    if (
        not typed
        and len(header) == 1
        and _foreign_separator_in_file(file, first[0], header[0], faults)
    ):
        return None
    kept, rows = [], []
    for row, cells in numbered:
        if len(cells) < len(header) or not _is_blank_file_line(cells[len(header) :]):
            faults.append(_wrong_width_in_file(file, row, len(cells), len(header)))
            continue
        kept.append(cells[: len(header)])
        rows.append(row)
    columns: list[Sequence] = list(zip(*kept, strict=True)) if kept else [()] * len(header)
    named = [
        name or ("" if _is_blank_file_line(cells) else name)
        for name, cells in zip(header, columns, strict=True)
    ]
    if not check_table_file_header(file, named, columns, faults):
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


def _table_file_header(cells: Sequence) -> list[str]:
    """Names of the columns; blank cells at the end are none."""
    names = [str("" if cell is None else cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _read_csv_table_file(
    path: Path, faults: list[Fault], only: Collection[str] | None
) -> Table | None:
    text, fault = file_text_or_fault(path)
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
    return build_table_of_file(str(path), records, faults, only, typed=False)


def _read_parquet_table_file(
    path: Path, faults: list[Fault], only: Collection[str] | None
) -> Table | None:
    raw, fault = file_bytes_or_fault(path)
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
        reason = shown_in_fault((str(error).splitlines() or [""])[0])
        problem = f"this is not a readable Parquet file ({reason})"
        faults.append(Fault(str(path), "", "", problem, "write the file again, or save it as CSV"))
        return None
    if not check_table_file_header(str(path), names, None, faults):
        return None
    if not count:
        faults.append(Fault(str(path), "", "", "there are no rows", "write at least one data row"))
        return None
    others = tuple(name for name in names if name not in kept)
    return Table(
        str(path),
        {name: table.column(name) for name in kept},
        np.arange(2, count + 2, dtype=np.int32),
        others,
        typed=True,
    )


def check_table_file_header(
    file: str, names: Sequence[str], columns: Sequence[Sequence] | None, faults: list[Fault]
) -> bool:
    """Whether the names of a table's columns are sound; columns: their cells where known."""
    before = len(faults)
    seen: set[str] = set()
    for i, name in enumerate(names):
        if not name and columns is not None and not _is_blank_file_line(columns[i]):
            fix = "name it, or delete it (pandas: to_csv(index=False))"
            faults.append(Fault(file, f"row 1, cell {i + 1}", "", "the column has no name", fix))
        if name and name in seen:
            faults.append(
                Fault(
                    file,
                    f"column {name}",
                    "",
                    "the column appears twice in the header",
                    "keep one of them",
                )
            )
        seen.add(name)
    return len(faults) == before


def _foreign_separator_in_file(file: str, row: int, header: str, faults: list[Fault]) -> bool:
    for sign, word in ((";", "semicolons"), ("\t", "tabs")):
        if sign in header:
            fix = "save it with commas between cells and decimal points in numbers"
            faults.append(
                Fault(
                    file,
                    f"row {row}",
                    shown_in_fault(header),
                    f"the cells are separated by {word}, not by commas",
                    fix,
                )
            )
            return True
    return False


def _wrong_width_in_file(file: str, row: int, cells: int, expected: int) -> Fault:
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


def _is_blank_file_line(cells: Sequence) -> bool:
    return not any(
        cell is not None and (not isinstance(cell, str) or (cell and not cell.isspace()))
        for cell in cells
    )
