"""The columns of a profile table: what they are called, and every check of their values.

Faults are appended with row and column; nothing is raised.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from profiles.io.faults import Fault, fault_spelling_guess, shown_in_fault
from profiles.io.tables import (
    Table,
    blank_table_cells,
    check_table_cells,
    number_table_column,
    text_table_column,
)
from profiles.mig_columns import MIG, check_mig_columns
from profiles.records import METRICS, NEIGHBOURS, PROVENANCES, STATISTICS, Column

__all__ = [
    "COUNTS",
    "IDENTITY",
    "KEYS",
    "KNOWN",
    "LATENCIES",
    "NOTES",
    "check_profile_column_gaps",
    "check_unique_profile_rows",
    "read_profile_columns",
]


HUGE = 1e9
"""Rates (req/s), token counts and latencies (ms) above this are no measurements."""
LEAST_RATE_RPS = 1e-6
"""A rate may be 0, where a curve begins; else it is at least one request in eleven days."""
LEAST_LATENCY_MS = 1e-3
MEMORY_GIB = (1e-3, 1e6)
LEAST_SHARE_PCT = 0.01


KEYS = ("llm", "gpu", "tp_degree", "mps_share_pct")
IDENTITY = (*KEYS, MIG)
"""What names an option: a row has a share of each GPU, or the profile of a MIG instance."""


LATENCIES: Mapping[str, Column] = {
    f"{metric}_{statistic}_ms": (metric, statistic)
    for metric in METRICS
    for statistic in STATISTICS
}
"""Name in the file -> column, e.g. ttft_p95_ms -> ("ttft", "p95")."""


COUNTS = ("concurrency", "input_tokens", "output_tokens")


NOTES = ("source", "measured_on")


KNOWN = (
    *(*IDENTITY, "rate_rps", *LATENCIES, "memory_gib_per_gpu", *COUNTS),
    *("neighbours", "provenance", *NOTES),
)


def read_profile_columns(table: Table, faults: list[Fault]) -> dict[str, np.ndarray]:
    """Read the known columns, (R,) each: text as objects, numbers as float64 with NaN where blank;
    check every value by itself.

    mig_profile is always there, "" where a row is of a share; a row of a MIG instance has share 0.
    """
    content: dict[str, np.ndarray] = {MIG: np.full(len(table.rows), "", dtype=object)}
    if MIG in table.columns:
        content[MIG] = text_table_column(table, MIG, faults, blank="")
    for name in KNOWN:
        if name not in table.columns or name == MIG:
            continue
        if name in ("llm", "gpu"):
            content[name] = text_table_column(table, name, faults)
        elif name in NOTES:
            content[name] = text_table_column(table, name, faults, blank="")
        elif name == "provenance":
            content[name] = _choice_column(table, name, PROVENANCES, faults, blank=PROVENANCES[0])
        elif name == "neighbours":
            content[name] = _choice_column(table, name, NEIGHBOURS, faults, blank="unknown")
        else:
            divided = content[MIG] != "" if name == "mps_share_pct" else None
            content[name] = _profile_number_column(table, name, faults, divided)
    check_mig_columns(table, content, faults)
    content.setdefault("provenance", np.full(len(table.rows), PROVENANCES[0], dtype=object))
    if "neighbours" in content and "mps_share_pct" in content:
        # A whole GPU has none, whatever its cell says.
        content["neighbours"][content["mps_share_pct"] == 100] = "unknown"
    for metric in METRICS:
        _check_profile_column_order(table, metric, content, faults)
    return content


def _profile_number_column(
    table: Table, name: str, faults: list[Fault], may_lack: np.ndarray | None
) -> np.ndarray:
    """(R,) numbers of a column, in the file's units; faults of values that it cannot have.

    may_lack: rows of which a key may be blank.
    """
    before = len(faults)
    values = number_table_column(table, name, faults)
    if name in (*KEYS, "rate_rps") and len(faults) == before:
        blank = np.isnan(values) & ~(False if may_lack is None else may_lack)
        check_table_cells(
            table, name, blank, "the cell is blank", "fill it in or delete the row", faults
        )
    for bad, problem, fix in _impossible_profile_columns(name, values):
        check_table_cells(table, name, bad, problem, fix, faults)
    # Shares of 0 to 1 are all sound one by one; only the whole column gives them away.
    sound = len(faults) == before
    stated = values[~np.isnan(values)]
    if name == "mps_share_pct" and sound and stated.size and stated.max() <= 1:
        fix = "write per cent of one GPU: 50, not 0.5"
        problem = "the shares look like fractions"
        largest = f"{stated.max():g} at most"
        faults.append(Fault(table.file, f"column {name}", largest, problem, fix))
    return values


def _impossible_profile_columns(name: str, values: np.ndarray) -> list[tuple[np.ndarray, str, str]]:
    """(which, problem, fix) of values that a column cannot have."""
    if name == "tp_degree":
        bad = (values < 1) | (values > 1024) | (values % 1 != 0) & ~np.isnan(values)
        return [(bad, "this is no tensor-parallel degree", "write a whole number from 1")]
    if name == "mps_share_pct":
        fix = "write per cent of one GPU, e.g. 50"
        tiny = (values > 0) & (values < LEAST_SHARE_PCT)
        return [
            ((values <= 0) | (values > 100), "the share is outside (0, 100]", fix),
            (tiny, f"the share is below {LEAST_SHARE_PCT:g} %", fix),
        ]
    if name in ("rate_rps", *COUNTS):
        tiny = (values > 0) & (values < LEAST_RATE_RPS)
        return [
            (tiny, f"the number is below {LEAST_RATE_RPS:g}", "write 0, or check the unit"),
            (values < 0, "the number is negative", "write 0 or more"),
            (values > HUGE, "the number is absurdly large", "check the unit of the column"),
        ]
    if name in LATENCIES:
        tiny = (values > 0) & (values < LEAST_LATENCY_MS)
        fix = "write milliseconds, or leave the cell blank where nothing was measured"
        return [
            (values <= 0, "the latency is not above 0", fix),
            (tiny, "the latency is below a microsecond", "write milliseconds"),
            (values > HUGE, "the latency is absurdly large", "write milliseconds"),
        ]
    if name == "memory_gib_per_gpu":
        fix = "write GiB on one GPU, or leave the cell blank"
        least, most = MEMORY_GIB
        odd = (values > 0) & ((values < least) | (values > most))
        return [
            (values <= 0, "the memory is not above 0", fix),
            (odd, f"the memory is outside {least:g} to {most:g} GiB", "check the unit"),
        ]
    return []


def _choice_column(
    table: Table, name: str, choices: Sequence[str], faults: list[Fault], blank: str
) -> np.ndarray:
    values = text_table_column(table, name, faults, blank=blank)
    for word in sorted(set(values) - set(choices) - {"?"}):
        fix = fault_spelling_guess(word, choices) + f"write one of {', '.join(choices)}"
        problem = f"there is no such {name.rstrip('s')}"
        check_table_cells(table, name, values == word, problem, fix, faults)
    return values


def _check_profile_column_order(
    table: Table, metric: str, content: Mapping[str, np.ndarray], faults: list[Fault]
) -> None:
    """p50 <= p90 <= p95 <= p99 at every point, over those that are present there."""
    highest = np.full(len(table.rows), -np.inf)
    for statistic in STATISTICS[1:]:
        name = f"{metric}_{statistic}_ms"
        if name in content:
            problem = f"the percentile is below a lower percentile of {metric} in the same row"
            check_table_cells(
                table,
                name,
                content[name] < highest,
                problem,
                "check the row: p50 <= p90 <= p95 <= p99",
                faults,
            )
            highest = np.fmax(highest, content[name])


def check_unique_profile_rows(table: Table, frame: pd.DataFrame, faults: list[Fault]) -> None:
    """No (option, rate) appears twice; faulty rows are reported separately."""
    repeated = frame.duplicated().to_numpy() & frame.notna().all(axis=1).to_numpy()
    if not repeated.any():
        return
    first = {
        key: table.rows[i]
        for i, key in reversed([*enumerate(frame.itertuples(index=False, name=None))])
    }
    fix = "keep one row of each option and rate"
    for i in map(int, np.flatnonzero(repeated)):
        problem = f"this option has this rate already in row {first[tuple(frame.iloc[i])]}"
        faults.append(
            Fault(
                table.file,
                table.place(i, "rate_rps"),
                shown_in_fault(frame["rate_rps"].iloc[i]),
                problem,
                fix,
            )
        )


def check_profile_column_gaps(
    table: Table, frame: pd.DataFrame, content: Mapping[str, np.ndarray], faults: list[Fault]
) -> None:
    """Refuse a latency column that only some rows of an option have."""
    option = frame.groupby(list(IDENTITY), dropna=False).ngroup().to_numpy()
    for name in LATENCIES:
        if name in content and np.isnan(content[name]).any():
            blank = blank_table_cells(table, name)
            some = np.bincount(option, ~blank) > 0
            problem = "the cell is blank, but other rows of the option have this column"
            check_table_cells(
                table,
                name,
                blank & some[option],
                problem,
                "fill it in, or blank the column on all rows of the option",
                faults,
            )
