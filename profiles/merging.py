"""Profile tables put together, option by option: each option's curve is taken whole from one table.

    measured     the table whose points for the option have the strongest provenance (measured
                 before interpolated, calibrated, estimated); equally strong curves that differ are
                 a fault
    first, last  the table that comes first, or last

Curves are not mixed point by point: a measured point beside an estimated one would make a step that
no replica has. Provenance, neighbours and sources stay as they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from profiles.curves import ProfiledOption, ProfileTable
from profiles.io.faults import Fault, ProfileError
from profiles.mig_columns import MIG
from profiles.profile_columns import IDENTITY, KNOWN
from profiles.records import PROVENANCES

__all__ = ["MergedProfiles", "Preference", "merge_profile_tables"]

Key = tuple[str, str, int, float, str]
SAME_LENGTH = 0.1
LISTED = 8


class Preference(StrEnum):
    """Which of several curves of an option is taken."""

    MEASURED = "measured"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True)
class MergedProfiles:
    """frame: by KNOWN, sorted by option and rate; taken: options of each table; contested: options
    that more than one table has; notices: sentences.
    """

    frame: pd.DataFrame
    taken: tuple[int, ...]
    contested: int
    notices: tuple[str, ...]


def merge_profile_tables(tables: Sequence[ProfileTable], prefer: Preference) -> MergedProfiles:
    """One table of several. ProfileError where `measured` cannot tell which curve to take."""
    candidates: dict[Key, list[int]] = {}
    options = [{option.key: option for option in table.options} for table in tables]
    for k, of_table in enumerate(options):
        for key in of_table:
            candidates.setdefault(key, []).append(k)
    faults: list[Fault] = []
    chosen = {
        key: _merged_from(key, of, tables, options, prefer, faults)
        for key, of in candidates.items()
    }
    if faults:
        raise ProfileError(faults)
    frames = [_merge_frame(table) for table in tables]
    parts = []
    for k, frame in enumerate(frames):
        keys = [tuple(row) for row in frame[list(IDENTITY)].itertuples(index=False, name=None)]
        parts.append(frame[[chosen[key] == k for key in keys]])
    merged = pd.concat(parts, ignore_index=True).sort_values([*IDENTITY, "rate_rps"], kind="stable")
    # A MIG instance has no share, and a table without any has no column of profiles.
    merged.loc[merged[MIG] != "", "mps_share_pct"] = np.nan
    none_divided = bool((merged[MIG] == "").all())
    present = [name for name in KNOWN if name in merged and not (name == MIG and none_divided)]
    taken = [sum(of == k for of in chosen.values()) for k in range(len(tables))]
    return MergedProfiles(
        merged[present].reset_index(drop=True),
        tuple(taken),
        sum(len(of) > 1 for of in candidates.values()),
        _merged_workload_notices(options, chosen),
    )


def _merge_frame(table: ProfileTable) -> pd.DataFrame:
    frame = pd.DataFrame({name: table.content[name] for name in KNOWN if name in table.content})
    return frame.astype({"tp_degree": int})


def _merged_from(
    key: Key,
    of: Sequence[int],
    tables: Sequence[ProfileTable],
    options: Sequence[Mapping[Key, ProfiledOption]],
    prefer: Preference,
    faults: list[Fault],
) -> int:
    """The table whose curve of an option is taken."""
    if prefer is not Preference.MEASURED:
        return of[0] if prefer is Preference.FIRST else of[-1]
    rank = {k: min(map(PROVENANCES.index, options[k][key].provenance)) for k in of}
    best = [k for k in of if rank[k] == min(rank.values())]
    first = options[best[0]][key]
    for k in best[1:]:
        other = options[k][key]
        if not _same_merged_curve(first, other):
            files = f"{tables[best[0]].file} and {tables[k].file}"
            word = PROVENANCES[rank[k]]
            problem = f"{first.words}: {files} have different {word} curves"
            fix = "choose with --prefer first or --prefer last, or delete one"
            faults.append(Fault(tables[k].file, f"row {other.rows[0]}", "", problem, fix))
    return best[0]


def _same_merged_curve(one: ProfiledOption, other: ProfiledOption) -> bool:
    return (
        np.array_equal(one.rates, other.rates)
        and one.latency_ms.keys() == other.latency_ms.keys()
        and all(np.array_equal(one.latency_ms[c], other.latency_ms[c]) for c in one.latency_ms)
    )


def _merged_workload_notices(
    options: Sequence[Mapping[Key, ProfiledOption]], chosen: Mapping[Key, int]
) -> tuple[str, ...]:
    """LLMs whose curves now come from requests of different lengths."""
    lengths: dict[str, list[tuple[float, float]]] = {}
    for key, k in chosen.items():
        tokens = options[k][key].tokens
        if not np.isnan(tokens).any():
            lengths.setdefault(key[0], []).append(tokens)
    mixed = []
    for llm, stated in lengths.items():
        low, high = np.min(stated, axis=0), np.max(stated, axis=0)
        if np.any(high > (1 + SAME_LENGTH) * low):
            mixed.append(
                f"{llm} ({low[0]:.0f} to {high[0]:.0f} in, {low[1]:.0f} to {high[1]:.0f} out)"
            )
    if not mixed:
        return ()
    more = f" and {len(mixed) - LISTED} more" if len(mixed) > LISTED else ""
    return (
        "the curves of one LLM are of requests of different lengths (tokens), which one scenario"
        f" does not have: {', '.join(mixed[:LISTED])}{more}",
    )
