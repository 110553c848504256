"""Profile table: one row is one load point of one option; rows of the same (llm, gpu, tp_degree,
mps_share_pct, mig_profile) are its curve.

    rate_rps               achieved request rate of one replica, >= 0
    {metric}_{statistic}_ms  latency at that rate, > 0; blank on all rows of an option = the option
                             lacks the column
    memory_gib_per_gpu     memory of one shard, > 0
    provenance             measured (default) | interpolated | calibrated | estimated
    neighbours             busy | idle | unknown (default): the other shards of a shared GPU

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

from profiles.io.faults import Fault, ProfileError, fault_spelling_guess, shown_in_fault
from profiles.io.table_files import read_table_file
from profiles.io.tables import (
    Table,
    require_table_columns,
)
from profiles.mig_columns import MIG
from profiles.profile_columns import (
    IDENTITY,
    KEYS,
    KNOWN,
    LATENCIES,
    check_profile_column_gaps,
    check_unique_profile_rows,
    read_profile_columns,
)
from profiles.records import METRICS, NEIGHBOURS, Column

__all__ = ["ProfileTable", "ProfiledOption", "load_curves", "parse_curves", "read_profiles"]


@dataclass(frozen=True, kw_only=True)
class ProfiledOption:
    """Curve of one option in the file's units, sorted by rate.

    rates: (K,) req/s of one replica, strictly increasing; latency_ms: per column (K,), no gaps;
    provenance: (K,).
    source: distinct texts joined by "; ".
    mig_profile: of a MIG instance, whose share is then 0; "" else.
    memory_gib: distinct values of memory_gib_per_gpu, ascending (empty: not stated); rows: (K,) row
    numbers in the file.
    tokens: mean input_tokens and output_tokens over the rows that state them, NaN where none does.
    neighbours: the least safe of its rows'.
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
    neighbours: str = "unknown"
    mig_profile: str = ""

    @property
    def words(self) -> str:
        """The option in words."""
        part = f"MIG {self.mig_profile}" if self.mig_profile else f"share {self.mps_share_pct:g} %"
        return f"{self.llm} on {self.gpu}, tp {self.tp_degree}, {part}"

    @property
    def key(self) -> tuple[str, str, int, float, str]:
        """What names the option: LLM, GPU type, degree, share in per cent, MIG profile."""
        return self.llm, self.gpu, self.tp_degree, self.mps_share_pct, self.mig_profile


@dataclass(frozen=True)
class ProfileTable:
    """options: sorted by IDENTITY; notices: sentences for the reader.

    content: the known columns, rows sorted by IDENTITY and rate, as text or float64; `provenance`
    and `mig_profile` are always there. The hash is made of it.
    """

    file: str
    options: tuple[ProfiledOption, ...]
    content: Mapping[str, np.ndarray]
    notices: tuple[str, ...] = ()


def load_curves(path: Path | str) -> ProfileTable:
    """Read a profile table from `.csv` or `.parquet`. Raises ProfileError with every fault."""
    faults: list[Fault] = []
    table = read_profiles(Path(path), faults)
    if table is None or faults:
        raise ProfileError(faults)
    return table


def read_profiles(path: Path, faults: list[Fault]) -> ProfileTable | None:
    """`load_curves` that appends to faults; None when there are faults."""
    table = read_table_file(path, faults, only=KNOWN)
    return None if table is None else parse_curves(table, faults)


def parse_curves(table: Table, faults: list[Fault]) -> ProfileTable | None:
    """Check and sort a table that was read; None when it has faults (those of `read_table_file` in
    `faults` count too).
    """
    before = len(faults)
    present = require_table_columns(table, [*KEYS, "rate_rps"], faults)
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
    content = read_profile_columns(table, faults)
    if not present:
        return None
    frame = pd.DataFrame({name: content[name] for name in (*IDENTITY, "rate_rps")})
    check_unique_profile_rows(table, frame, faults)
    check_profile_column_gaps(table, frame, content, faults)
    if len(faults) > before:
        return None
    order = frame.sort_values([*IDENTITY, "rate_rps"], kind="stable").index.to_numpy()
    content = {name: values[order] for name, values in content.items()}
    options = _options_of_curves(content, table.rows[order])
    return ProfileTable(table.file, options, content, _curve_notices(table))


def _options_of_curves(
    content: Mapping[str, np.ndarray], rows: np.ndarray
) -> tuple[ProfiledOption, ...]:
    """Cut the sorted content where a key changes."""
    changes = np.zeros(len(rows), dtype=bool)
    for name in IDENTITY:
        changes[1:] |= content[name][1:] != content[name][:-1]
    starts = [0, *np.flatnonzero(changes), len(rows)]
    return tuple(_option_of_curve(content, rows, slice(a, b)) for a, b in pairwise(starts))


def _option_of_curve(
    content: Mapping[str, np.ndarray], rows: np.ndarray, part: slice
) -> ProfiledOption:
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
        mig_profile=str(content[MIG][first]),
        rates=content["rate_rps"][part],
        latency_ms={
            column: values for column, values in latency.items() if not np.isnan(values[0])
        },
        provenance=tuple(str(word) for word in content["provenance"][part]),
        source="; ".join(sources),
        memory_gib=tuple(float(x) for x in np.unique(memory[~np.isnan(memory)])),
        rows=tuple(int(row) for row in rows[part]),
        tokens=(_mean_of(content, "input_tokens", part), _mean_of(content, "output_tokens", part)),
        neighbours=_neighbours_of_curve(content, part),
    )


def _neighbours_of_curve(content: Mapping[str, np.ndarray], part: slice) -> str:
    stated = map(str, content["neighbours"][part]) if "neighbours" in content else ["unknown"]
    return max(stated, key=NEIGHBOURS.index)


def _mean_of(content: Mapping[str, np.ndarray], name: str, part: slice) -> float:
    stated = content[name][part] if name in content else np.zeros(0)
    return float(np.nanmean(stated)) if np.any(~np.isnan(stated)) else math.nan


def _curve_notices(table: Table) -> tuple[str, ...]:
    unknown = [name for name in table.others if name]
    if not unknown:
        return ()
    guesses = "".join(
        f" ({name}: {guess.strip()})"
        for name in unknown[:20]
        if (guess := fault_spelling_guess(name, KNOWN))
    )
    return (
        f"{table.file}: ignored unknown columns:"
        f" {shown_in_fault(', '.join(unknown), 200)[1:-1]}{guesses}",
    )
