"""Tables of rates, such as those made of ServeGen: a row for each class and window.

    window_start_s, bin_start_s              s from any start
    category, class                          optional
    rate_req_per_s, rate_rps                 req/s, mean of the window
    mean_input_tokens, input_tokens          optional: means
    mean_output_tokens, output_tokens

A window that is not there is unknown, which is not the same as 0.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from profiles.io.faults import Fault
from profiles.io.table_files import read_table_file
from profiles.io.tables import Table, check_table_cells, number_table_column, text_table_column
from profiles.request_logs.log_fields import LATEST, MOST_TOKENS, UNIX_FROM
from profiles.request_logs.record import LogClock, LogLabel, RateWindows

__all__ = ["ONE_CLASS", "is_rate_table", "read_rate_table"]

START = ("window_start_s", "bin_start_s")
RATE = ("rate_req_per_s", "rate_rps")
LABEL = ("category", "class")
INPUT = ("mean_input_tokens", "input_tokens")
OUTPUT = ("mean_output_tokens", "output_tokens")
MOST_RATE_RPS = 1e9
SHORTEST_S = 1e-3
"""Of a window: with less, how many there are is no number any more."""
ONE_CLASS = "all"
"""Name of the class where nothing tells classes apart."""


def is_rate_table(header: Collection[str]) -> bool:
    """Whether a CSV file with these columns is a table of rates."""
    return all(any(name in header for name in names) for names in (START, RATE))


def read_rate_table(path: Path, label: LogLabel, faults: list[Fault]) -> RateWindows | None:
    """The windows of one table; None with faults."""
    before = len(faults)
    table = read_table_file(path, faults, only={*START, *RATE, *LABEL, *INPUT, *OUTPUT})
    if table is None:
        return None
    starts = _whole_column(table, START, faults, LATEST)
    rates = _whole_column(table, RATE, faults, MOST_RATE_RPS)
    found = next((name for name in LABEL if name in table.columns), None)
    labels = np.full(len(starts), ONE_CLASS, dtype=object)
    if found is not None:
        labels = text_table_column(table, found, faults)
        if label != LogLabel.CLASS:
            problem = "a table of rates has the classes that it names, and no others"
            fix = "leave --class-by out; --class A=all --class B=all puts classes together"
            faults.append(Fault(table.file, f"column {found}", "", problem, fix))
    tokens = [_token_column(table, names, faults) for names in (INPUT, OUTPUT)]
    if len(faults) == before:
        _check_repeated_windows(table, starts, labels, faults)
    if len(faults) > before:
        return None
    names, codes = np.unique(labels.astype(str), return_inverse=True)
    distinct = np.unique(starts)
    if distinct.size < 2:
        problem = "the table has one window alone, whose length nothing says"
        faults.append(Fault(table.file, "", "", problem, "give two windows or more"))
        return None
    width = float(np.diff(distinct).min())
    if width < SHORTEST_S:
        problem = f"two windows begin within {1e3 * SHORTEST_S:g} millisecond of each other"
        faults.append(Fault(table.file, "", "", problem, "write the times in seconds"))
        return None
    steps = (starts - distinct[0]) / width
    name = next(name for name in START if name in table.columns)
    problem = f"the window does not begin a whole number of windows of {width:g} s after the first"
    fix = "give windows of one length"
    check_table_cells(table, name, np.abs(steps - np.rint(steps)) > 1e-6, problem, fix, faults)
    if len(faults) > before:
        return None
    return RateWindows(
        starts=starts,
        labels=codes.reshape(-1),
        names=tuple(map(str, names)),
        rates=rates,
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        width=width,
        clock=LogClock.UNIX if starts.min() >= UNIX_FROM else LogClock.RELATIVE,
    )


def _whole_column(
    table: Table, names: Sequence[str], faults: list[Fault], most: float
) -> np.ndarray:
    """(W,) numbers from 0 to `most` of the first of these columns, none blank."""
    name = next(name for name in names if name in table.columns)
    values = number_table_column(table, name, faults)
    blank, fix = "the cell is blank", "fill it in or delete the row"
    check_table_cells(table, name, np.isnan(values), blank, fix, faults)
    _check_window_numbers(table, name, values, most, faults)
    return values


def _token_column(table: Table, names: Sequence[str], faults: list[Fault]) -> np.ndarray:
    """(W,) means, NaN where they are blank or the table has none."""
    name = next((name for name in names if name in table.columns), None)
    if name is None:
        return np.full(len(table.rows), np.nan)
    values = number_table_column(table, name, faults)
    _check_window_numbers(table, name, values, MOST_TOKENS, faults)
    return values


def _check_window_numbers(
    table: Table, name: str, values: np.ndarray, most: float, faults: list[Fault]
) -> None:
    check_table_cells(table, name, values < 0, "the number is negative", "check it", faults)
    problem, fix = f"the number is above {most:g}", "check the unit of the column"
    check_table_cells(table, name, values > most, problem, fix, faults)


def _check_repeated_windows(
    table: Table, starts: np.ndarray, labels: np.ndarray, faults: list[Fault]
) -> None:
    seen: set[tuple[float, str]] = set()
    repeated = np.zeros(len(starts), dtype=bool)
    for k, key in enumerate(zip(starts.tolist(), labels.tolist(), strict=True)):
        repeated[k] = key in seen
        seen.add(key)
    name = next(name for name in START if name in table.columns)
    problem = "the class has this window twice"
    fix = "keep one; where models are apart, a class must be too"
    check_table_cells(table, name, repeated, problem, fix, faults)
