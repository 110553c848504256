"""Request traces: when requests came, and how long prompts and answers were.

    arrival_s                     s from any start, not falling
    input_tokens, output_tokens   optional

Columns it does not know are ignored.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from profiles.io.faults import Fault, ProfileError
from profiles.io.table_files import read_table_file
from profiles.io.tables import check_table_cells, number_table_column, require_table_columns

__all__ = ["Trace", "load_trace"]

LENGTHS = ("input_tokens", "output_tokens")


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


def load_trace(path: Path) -> Trace:
    """Read a trace from `.csv` or `.parquet`. Raises ProfileError with every fault."""
    faults: list[Fault] = []
    table = read_table_file(path, faults, only=("arrival_s", *LENGTHS))
    if table is None or not require_table_columns(table, ["arrival_s"], faults):
        raise ProfileError(faults)
    times = number_table_column(table, "arrival_s", faults)
    check_table_cells(
        table,
        "arrival_s",
        np.isnan(times),
        "the cell is blank",
        "fill it in or delete the row",
        faults,
    )
    if not faults:
        check_table_cells(
            table,
            "arrival_s",
            np.append(False, np.diff(times) < 0),
            "the time is before that of the row above",
            "sort by time",
            faults,
        )
    if not faults and (times.size < 3 or times[-1] <= times[0]):
        faults.append(
            Fault(
                table.file,
                "column arrival_s",
                "",
                "a trace needs three arrivals at more than one time",
                "give more rows",
            )
        )
    tokens = {
        name: number_table_column(table, name, faults) for name in LENGTHS if name in table.columns
    }
    if faults:
        raise ProfileError(faults)
    return Trace(times - times[0], tokens)
