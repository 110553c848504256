"""CSV logs, plain or packed by gzip, row by row: what every format of columns shares.

Cells are told by the header's names; other columns are passed over, and no row is kept. Where cells
are not separated by commas, or a cell is as long as a prompt, the fault says so.
"""

import csv
import io
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from profiles.io.faults import Fault, shown_in_fault
from profiles.io.json_lines import opened_lines
from profiles.request_logs.log_fields import (
    LogFieldError,
    label_of_log_field,
    time_of_log_field,
    tokens_of_log_field,
)
from profiles.request_logs.record import LoggedRequest, LogRow, SkippedRow

__all__ = ["NO_TIME", "CsvLogColumns", "read_csv_log", "read_csv_log_header"]

NO_TIME = "no time"
LONGEST_HEADER = 1_000_000
"""Characters."""


@dataclass(frozen=True)
class CsvLogColumns:
    """Names of the columns; None: the log has none. time_unit: s of one unit of `time`."""

    time: str
    label: str | None
    input_tokens: str | None
    output_tokens: str | None
    time_unit: float = 1.0


def read_csv_log_header(path: Path) -> list[str] | Fault:
    """Names of the columns, or why they cannot be read."""
    try:
        with opened_lines(path) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as stream:
            line = stream.readline(LONGEST_HEADER)
        names = [cell.strip() for cell in next(csv.reader([line]), [])]
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        return _csv_log_fault(path, error, 1)
    separator = ";" if ";" in line else "\t"
    if len(names) == 1 and separator in line:
        problem = "the cells are not separated by commas"
        fix = "save it with commas between cells and decimal points in numbers"
        return Fault(str(path), "row 1", "", problem, fix)
    return names


def read_csv_log(path: Path, columns: CsvLogColumns) -> Iterator[LogRow]:
    """Every row below the header; reading ends at a fault of the file."""
    row = 1
    try:
        with opened_lines(path) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            places = [
                None if name is None else header.index(name)
                for name in (
                    columns.time,
                    columns.label,
                    columns.input_tokens,
                    columns.output_tokens,
                )
            ]
            for cells in reader:
                row = reader.line_num
                if not any(cells):
                    continue
                if len(cells) != len(header):
                    problem = f"the row must have {len(header)} cells as the header has"
                    fix = "put text that has commas in quotes and write decimal points"
                    yield Fault(str(path), f"row {row}", f"{len(cells)} cells", problem, fix)
                    continue
                try:
                    yield _request_of_cells(cells, places, columns.time_unit)
                except _CellError as error:
                    where, fault = f"row {row}, column {header[error.place]}", error.fault
                    yield Fault(str(path), where, fault.shown, fault.problem, fault.fix)
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        yield _csv_log_fault(path, error, row + 1)


class _CellError(Exception):
    """A cell that cannot be read. place: in the row."""

    def __init__(self, place: int, fault: LogFieldError) -> None:
        super().__init__()
        self.place, self.fault = place, fault


def _request_of_cells(
    cells: Sequence[str], places: Sequence[int | None], time_unit: float
) -> LogRow:
    """places: of time, label, input and output tokens in the row; None: there is no such column."""
    time_cell, label_cell, *token_cells = (None if at is None else cells[at] for at in places)
    at = 0
    try:
        time = time_of_log_field(time_cell, time_unit)
        at = 1
        label = label_of_log_field(label_cell)
        tokens = []
        for cell in token_cells:
            at += 1
            tokens.append(tokens_of_log_field(cell))
    except LogFieldError as error:
        raise _CellError(places[at] or 0, error) from None
    return (
        SkippedRow(NO_TIME)
        if math.isnan(time)
        else LoggedRequest(time, label, tokens[0], tokens[1])
    )


def _csv_log_fault(path: Path, error: Exception, row: int) -> Fault:
    if isinstance(error, csv.Error):
        problem = f"this is not sound CSV ({shown_in_fault(str(error))})"
        fix = "check the quotation marks there; leave out columns of text"
        return Fault(str(path), f"row {row}", "", problem, fix)
    if isinstance(error, UnicodeDecodeError):
        return Fault(str(path), f"row {row}", "", "the file is not UTF-8 text", "save it as UTF-8")
    reason = getattr(error, "strerror", None) or error
    problem = f"the file cannot be read ({reason})"
    return Fault(str(path), "", "", problem, "check its permissions, or copy it again")
