"""Profile table: one row is one load point of one option; rows of the same (llm, gpu, tp_degree,
mps_share_pct) are its curve.

    rate_rps               achieved request rate of one replica, >= 0
    {metric}_{statistic}_ms  latency at that rate, > 0; blank on all rows of an option = the option
                             lacks the column
    memory_gib_per_gpu     memory of one shard, > 0
    provenance             measured (default) | interpolated | calibrated | estimated

This module keeps the file's units (ms, per cent); `planner.scenario.options` converts them. Unknown
columns are ignored with a notice.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from profiles.io.faults import Fault, ProfileError, nearest, shown
from profiles.io.table_files import read_table
from profiles.io.tables import (
    Table,
    blank_cells,
    check_cells,
    number_column,
    require_columns,
    text_column,
)
from profiles.records import METRICS, PROVENANCES, STATISTICS, Column

__all__ = [
    "KEYS",
    "LATENCIES",
    "ProfileTable",
    "ProfiledOption",
    "load_profiles",
    "parse_profiles",
    "read_profiles",
]

HUGE = 1e12
"""Numbers above this are no measurements."""

KEYS = ("llm", "gpu", "tp_degree", "mps_share_pct")
LATENCIES: Mapping[str, Column] = {
    f"{metric}_{statistic}_ms": (metric, statistic)
    for metric in METRICS
    for statistic in STATISTICS
}
"""Name in the file -> column, e.g. ttft_p95_ms -> ("ttft", "p95")."""
COUNTS = ("concurrency", "input_tokens", "output_tokens")
NOTES = ("source", "measured_on")
KNOWN = (*KEYS, "rate_rps", *LATENCIES, "memory_gib_per_gpu", *COUNTS, "provenance", *NOTES)


@dataclass(frozen=True, kw_only=True)
class ProfiledOption:
    """Curve of one option in the file's units, sorted by rate.

    rates: (K,) req/s of one replica, strictly increasing; latency_ms: per column (K,), no gaps;
    provenance: (K,).
    source: distinct texts joined by "; ".
    memory_gib: distinct values of memory_gib_per_gpu, ascending (empty: not stated); rows: (K,) row
    numbers in the file.
    tokens: mean input_tokens and output_tokens over the rows that state them, NaN where none does.
    """

    llm: str
    gpu: str
    tp_degree: int
    mps_share_pct: float
    rates: np.ndarray
    latency_ms: Mapping[Column, np.ndarray]
    provenance: tuple[str, ...]
    source: str
    memory_gib: tuple[float, ...]
    rows: tuple[int, ...]
    tokens: tuple[float, float] = (math.nan, math.nan)


@dataclass(frozen=True)
class ProfileTable:
    """options: sorted by KEYS; notices: sentences for the reader.

    content: the known columns, rows sorted by KEYS and rate, as text or float64; `provenance` is
    always there. The hash is made of it.
    """

    file: str
    options: tuple[ProfiledOption, ...]
    content: Mapping[str, np.ndarray]
    notices: tuple[str, ...] = ()


def load_profiles(path: Path | str) -> ProfileTable:
    """Read a profile table from `.csv` or `.parquet`. Raises ProfileError with every fault."""
    faults: list[Fault] = []
    table = read_profiles(Path(path), faults)
    if table is None or faults:
        raise ProfileError(faults)
    return table


def read_profiles(path: Path, faults: list[Fault]) -> ProfileTable | None:
    """`load_profiles` that appends to faults; None when there are faults."""
    table = read_table(path, faults, only=KNOWN)
    return None if table is None else parse_profiles(table, faults)


def parse_profiles(table: Table, faults: list[Fault]) -> ProfileTable | None:
    """Check and sort a table that was read; None when it has faults (those of `read_table` in
    `faults` count too).
    """
    before = len(faults)
    present = require_columns(table, [*KEYS, "rate_rps"], faults)
    means = [f"{metric}_mean_ms" for metric in METRICS]
    if present and not any(name in table.columns for name in means):
        faults.append(
            Fault(
                table.file,
                "row 1",
                "",
                f"none of the columns {', '.join(means)} is there",
                "add at least one of them",
            )
        )
    content = _content(table, faults)
    if not present:
        return None
    frame = pd.DataFrame({name: content[name] for name in (*KEYS, "rate_rps")})
    _check_unique(table, frame, faults)
    _check_gaps(table, frame, content, faults)
    if len(faults) > before:
        return None
    order = frame.sort_values([*KEYS, "rate_rps"], kind="stable").index.to_numpy()
    content = {name: values[order] for name, values in content.items()}
    options = _options(content, table.rows[order])
    return ProfileTable(table.file, options, content, _notices(table))


def _content(table: Table, faults: list[Fault]) -> dict[str, np.ndarray]:
    """Read the known columns, (R,) each: text as objects, numbers as float64 with NaN where blank;
    check every value by itself.
    """
    content: dict[str, np.ndarray] = {}
    for name in KNOWN:
        if name not in table.columns:
            continue
        if name in ("llm", "gpu"):
            content[name] = text_column(table, name, faults)
        elif name in NOTES:
            content[name] = text_column(table, name, faults, blank="")
        elif name == "provenance":
            content[name] = _provenance(table, faults)
        else:
            content[name] = _number_column(table, name, faults)
    content.setdefault("provenance", np.full(len(table.rows), PROVENANCES[0], dtype=object))
    for metric in METRICS:
        _check_order(table, metric, content, faults)
    return content


def _number_column(table: Table, name: str, faults: list[Fault]) -> np.ndarray:
    before = len(faults)
    values = number_column(table, name, faults)

    def refuse(bad: np.ndarray, problem: str, fix: str) -> None:
        check_cells(table, name, bad, problem, fix, faults)

    if name in (*KEYS, "rate_rps") and len(faults) == before:
        refuse(np.isnan(values), "the cell is blank", "fill it in or delete the row")
    if name == "tp_degree":
        refuse(
            (values < 1) | (values > 1024) | (values % 1 != 0) & ~np.isnan(values),
            "this is no tensor-parallel degree",
            "write a whole number from 1",
        )
    elif name == "mps_share_pct":
        refuse(
            (values <= 0) | (values > 100),
            "the share is outside (0, 100]",
            "write per cent of one GPU, e.g. 50",
        )
        if len(faults) == before and values.size and values.max() <= 1:
            fix = "write per cent of one GPU: 50, not 0.5"
            faults.append(
                Fault(
                    table.file,
                    f"column {name}",
                    f"{values.max():g} at most",
                    "the shares look like fractions",
                    fix,
                )
            )
    elif name in ("rate_rps", *COUNTS):
        refuse(values < 0, "the number is negative", "write 0 or more")
        refuse(values > HUGE, "the number is absurdly large", "check the unit of the column")
    elif name in LATENCIES:
        refuse(
            values <= 0,
            "the latency is not above 0",
            "write milliseconds, or leave the cell blank where nothing was measured",
        )
        refuse(values > HUGE, "the latency is absurdly large", "write milliseconds")
    elif name == "memory_gib_per_gpu":
        refuse(
            values <= 0,
            "the memory is not above 0",
            "write GiB on one GPU, or leave the cell blank",
        )
    return values


def _provenance(table: Table, faults: list[Fault]) -> np.ndarray:
    values = text_column(table, "provenance", faults, blank=PROVENANCES[0])
    for word in sorted(set(values) - set(PROVENANCES) - {"?"}):
        fix = nearest(word, PROVENANCES) + f"write one of {', '.join(PROVENANCES)}"
        check_cells(table, "provenance", values == word, "this provenance is unknown", fix, faults)
    return values


def _check_order(
    table: Table, metric: str, content: Mapping[str, np.ndarray], faults: list[Fault]
) -> None:
    """p50 <= p90 <= p95 <= p99 at every point, over those that are present there."""
    highest = np.full(len(table.rows), -np.inf)
    for statistic in STATISTICS[1:]:
        name = f"{metric}_{statistic}_ms"
        if name in content:
            problem = f"the percentile is below a lower percentile of {metric} in the same row"
            check_cells(
                table,
                name,
                content[name] < highest,
                problem,
                "check the row: p50 <= p90 <= p95 <= p99",
                faults,
            )
            highest = np.fmax(highest, content[name])


def _check_unique(table: Table, frame: pd.DataFrame, faults: list[Fault]) -> None:
    """No (option, rate) stands twice; faulty rows are left to their own faults."""
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
                shown(frame["rate_rps"].iloc[i]),
                problem,
                fix,
            )
        )


def _check_gaps(
    table: Table, frame: pd.DataFrame, content: Mapping[str, np.ndarray], faults: list[Fault]
) -> None:
    """Refuse a latency column that stands on some rows of an option only."""
    option = frame.groupby(list(KEYS), dropna=False).ngroup().to_numpy()
    for name in LATENCIES:
        if name in content and np.isnan(content[name]).any():
            blank = blank_cells(table, name)
            some = np.bincount(option, ~blank) > 0
            problem = "the cell is blank, but other rows of the option have this column"
            check_cells(
                table,
                name,
                blank & some[option],
                problem,
                "fill it in, or blank the column on all rows of the option",
                faults,
            )


def _options(content: Mapping[str, np.ndarray], rows: np.ndarray) -> tuple[ProfiledOption, ...]:
    """Cut the sorted content where a key changes."""
    changes = np.zeros(len(rows), dtype=bool)
    for name in KEYS:
        changes[1:] |= content[name][1:] != content[name][:-1]
    starts = [0, *np.flatnonzero(changes), len(rows)]
    return tuple(_option(content, rows, slice(a, b)) for a, b in pairwise(starts))


def _option(content: Mapping[str, np.ndarray], rows: np.ndarray, part: slice) -> ProfiledOption:
    first = part.start
    latency = {column: content[name][part] for name, column in LATENCIES.items() if name in content}
    memory = content["memory_gib_per_gpu"][part] if "memory_gib_per_gpu" in content else np.zeros(0)
    sources = (
        dict.fromkeys(str(text) for text in content["source"][part] if text)
        if "source" in content
        else {}
    )
    return ProfiledOption(
        llm=str(content["llm"][first]),
        gpu=str(content["gpu"][first]),
        tp_degree=int(content["tp_degree"][first]),
        mps_share_pct=float(content["mps_share_pct"][first]),
        rates=content["rate_rps"][part],
        latency_ms={
            column: values for column, values in latency.items() if not np.isnan(values[0])
        },
        provenance=tuple(str(word) for word in content["provenance"][part]),
        source="; ".join(sources),
        memory_gib=tuple(float(x) for x in np.unique(memory[~np.isnan(memory)])),
        rows=tuple(int(row) for row in rows[part]),
        tokens=(_mean_of(content, "input_tokens", part), _mean_of(content, "output_tokens", part)),
    )


def _mean_of(content: Mapping[str, np.ndarray], name: str, part: slice) -> float:
    stated = content[name][part] if name in content else np.zeros(0)
    return float(np.nanmean(stated)) if np.any(~np.isnan(stated)) else math.nan


def _notices(table: Table) -> tuple[str, ...]:
    unknown = [name for name in table.others if name]
    if not unknown:
        return ()
    guesses = "".join(
        f" ({name}: {guess.strip()})" for name in unknown[:20] if (guess := nearest(name, KNOWN))
    )
    return (
        f"{table.file}: ignored unknown columns: {shown(', '.join(unknown), 200)[1:-1]}{guesses}",
    )
