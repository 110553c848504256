"""Request traces: when requests came, and how long prompts and answers were.

    arrival_s                     s from any start, not falling
    input_tokens, output_tokens   whole numbers, optional

Columns it does not know are ignored.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from profiles.io.faults import Fault, ProfileError
from profiles.io.table_files import read_table_file
from profiles.io.tables import (
    Table,
    blank_table_cells,
    check_table_cells,
    number_table_column,
    require_table_columns,
)

__all__ = ["Trace", "load_trace"]

LENGTHS = ("input_tokens", "output_tokens")
LATEST = 1e11
"""s; a later time is in another unit."""
SHORTEST_S = 1e-6
"""From the first arrival to the last: with less, rates of copies are no numbers any more."""
MOST_TOKENS = 1_000_000
"""Of a prompt or an answer: more are taken for mistakes."""


@dataclass(frozen=True)
class Trace:
    """arrivals: (N,) s, ascending, the first 0; tokens: per LENGTHS an (N,) array, where the file
    has it.
    """

    arrivals: np.ndarray
    tokens: dict[str, np.ndarray]

    @property
    def gaps(self) -> np.ndarray:
        """(N - 1,) s between arrivals."""
        return np.diff(self.arrivals)


def load_trace(path: Path, *, with_lengths: bool = False) -> Trace:
    """Read a trace from `.csv` or `.parquet`. Raises ProfileError with every fault.

    with_lengths: the lengths of every request must be there, 1 token or more.
    """
    faults: list[Fault] = []
    table = read_table_file(path, faults, only=("arrival_s", *LENGTHS))
    wanted = ["arrival_s", *(LENGTHS if with_lengths else ())]
    if table is None or not require_table_columns(table, wanted, faults):
        raise ProfileError(faults)
    times = _trace_times(table, faults)
    tokens = {
        name: _trace_tokens(table, name, faults, all_stated=with_lengths)
        for name in LENGTHS
        if name in table.columns
    }
    if faults:
        raise ProfileError(faults)
    return Trace(times - times[0], tokens)


def _trace_times(table: Table, faults: list[Fault]) -> np.ndarray:
    """(N,) s, not falling, where there is no fault."""
    name, known = "arrival_s", len(faults)
    times = number_table_column(table, name, faults)
    blank, fix = blank_table_cells(table, name), "fill it in or delete the row"
    check_table_cells(table, name, blank, "the cell is blank", fix, faults)
    far, fix = np.abs(times) > LATEST, "write seconds"
    check_table_cells(table, name, far, "this time is thousands of years away", fix, faults)
    if len(faults) > known:
        return times
    falling = np.append(False, np.diff(times) < 0)
    problem = "the time is before that of the row above"
    check_table_cells(table, name, falling, problem, "sort by time", faults)
    if len(faults) == known and (times.size < 3 or times[-1] - times[0] < SHORTEST_S):
        problem = "a trace needs three arrivals, with a microsecond or more from first to last"
        fix = "give more rows, with times in seconds"
        faults.append(Fault(table.file, f"column {name}", "", problem, fix))
    return times


def _trace_tokens(table: Table, name: str, faults: list[Fault], *, all_stated: bool) -> np.ndarray:
    """(N,) whole numbers from 1 on; or, where not all have to be stated, from 0 on, NaN where the
    cell is blank.
    """
    tokens = number_table_column(table, name, faults)
    least = int(all_stated)
    if all_stated:
        blank, fix = blank_table_cells(table, name), "fill it in or delete the row"
        check_table_cells(table, name, blank, "the cell is blank", fix, faults)
    known = ~np.isnan(tokens)
    bad = known & ((tokens < least) | (tokens > MOST_TOKENS) | (tokens != np.rint(tokens)))
    fix = f"write a whole number from {least} to {MOST_TOKENS:,}"
    check_table_cells(table, name, bad, "this is no number of tokens of a request", fix, faults)
    return tokens
