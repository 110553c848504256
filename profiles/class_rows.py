"""Rows of a profile table that name a class of requests: the latencies of that class on an option,
at the load of a replica. Rows without a class serve all classes that have none of their own.

Only scenarios with classes read the column `class`; for others it is unknown like any other.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from profiles.io.faults import Fault
from profiles.io.tables import Table, text_table_column

__all__ = ["CLASS", "split_profile_rows_by_class"]

CLASS = "class"


def split_profile_rows_by_class(
    table: Table, faults: list[Fault]
) -> tuple[Table | None, Mapping[str, Table]]:
    """The table of rows without a class (None, with a fault, where there are none), and those of
    each class; rows keep their numbers.
    """
    if CLASS not in table.columns:
        return table, {}
    names = text_table_column(table, CLASS, faults, blank="")
    parts = {
        name: _rows_of_class(table, np.flatnonzero(names == name))
        for name in sorted(set(map(str, names)) - {"?"})
    }
    if "" not in parts:
        problem = "every row names a class"
        fix = "add rows without one: they say which options there are"
        faults.append(Fault(table.file, f"column {CLASS}", "", problem, fix))
    return parts.pop("", None), parts


def _rows_of_class(table: Table, at: np.ndarray) -> Table:
    """The rows at these positions, without the column."""
    columns = {
        name: cells.take(pa.array(at)) if not isinstance(cells, list) else [cells[i] for i in at]
        for name, cells in table.columns.items()
        if name != CLASS
    }
    return Table(table.file, columns, table.rows[at], table.others, table.typed)
