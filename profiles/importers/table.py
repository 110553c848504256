"""Points and rows of other profile tables -> one profile table, read back as the planner will read
it.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from profiles.curves import parse_curves
from profiles.importers.formats.record import Run
from profiles.importers.formats.stream import sniff_stream
from profiles.importers.pool import LoadPoint
from profiles.io.faults import DataError, Fault, file_text_or_fault
from profiles.io.table_files import build_table_of_file, read_table_file
from profiles.io.tables import Table
from profiles.profile_columns import KEYS, KNOWN, LATENCIES
from profiles.records import METRICS

__all__ = ["checked_table", "own_table_rows", "table_rows_of_points"]

MEANS = tuple(f"{metric}_mean_ms" for metric in METRICS)
GIVEN = {"llm": "llm", "gpu": "gpu", "tp_degree": "tp", "mps_share_pct": "share"}
"""Column -> the option of the command line that may state it for a table that lacks the column."""
WORDS = ("llm", "gpu", "neighbours", "provenance", "source", "measured_on")
SOURCE_WIDTH = 200


def own_table_rows(path: Path, given: Mapping[str, Any], faults: list[Fault]) -> pd.DataFrame:
    """Rows of a profile table, checked; columns of the option that it lacks are those given.

    Empty when it has faults.
    """
    table = _read_own_table(path, faults)
    if table is None:
        return pd.DataFrame()
    added: dict[str, list] = {}
    for column, key in GIVEN.items():
        if column not in table.columns and key in given:
            value = given[key]
            added[column] = [value if table.typed else str(value)] * len(table.rows)
    parsed = parse_curves(replace(table, columns={**table.columns, **added}), faults)
    return pd.DataFrame() if parsed is None else pd.DataFrame(dict(parsed.content))


def _read_own_table(path: Path, faults: list[Fault]) -> Table | None:
    """Read a table; CSV by its content, whatever the file's ending."""
    named = path.suffix.lower() in (".csv", ".parquet")
    # What is no regular file is not looked into, which might wait for ever: its text is refused.
    if named or (path.is_file() and sniff_stream(path) != "text"):
        return read_table_file(path, faults, only=KNOWN)
    content, fault = file_text_or_fault(path)
    faults += [fault] if fault else []
    return (
        None
        if fault
        else build_table_of_file(
            str(path), csv.reader(io.StringIO(content)), faults, only=KNOWN, typed=False
        )
    )


def table_rows_of_points(points: Sequence[LoadPoint]) -> pd.DataFrame:
    """One row per point: keys, rate (req/s of one replica), latencies (ms), load and lengths,
    provenance and source.
    """
    return pd.DataFrame([_table_row(point) for point in points])


def _table_row(point: LoadPoint) -> dict[str, Any]:
    run = point.run
    names = {column: name for name, column in LATENCIES.items()}
    return {
        **dict(zip(KEYS, point.option, strict=True)),
        "rate_rps": point.rate,
        **{names[column]: round(value, 6) for column, value in run.latency_ms.items()},
        "concurrency": _rounded(_table_concurrency(run)),
        "input_tokens": _rounded(run.input_tokens),
        "output_tokens": _rounded(run.output_tokens),
        "neighbours": "" if point.option[3] == 100 else run.neighbours,
        "provenance": "measured",
        "source": _table_source(point),
        "measured_on": run.when,
    }


def _table_concurrency(run: Run) -> float | None:
    """Requests under way: as measured, else the limit that a closed loop kept full."""
    return (
        run.max_concurrency
        if run.concurrency is None and run.offered_rps == math.inf
        else run.concurrency
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _table_source(point: LoadPoint) -> str:
    """Tool, version and file; of pooled runs the number and the first file."""
    run = point.run
    first = Path(point.files[0]).name + (
        f" {run.place}" if run.place and len(point.files) == 1 else ""
    )
    several = f" and {len(point.files) - 1} more" if len(point.files) > 1 else ""
    origin = f"{run.tool} {run.version}".strip() + f": {first}{several}"
    return origin if len(origin) <= SOURCE_WIDTH else origin[: SOURCE_WIDTH - 3] + "..."


def checked_table(parts: Sequence[pd.DataFrame], notices: list[str]) -> pd.DataFrame:
    """All rows in one table, sorted by option and rate; a row that appears twice, equal in every
    cell, counts once.

    Raises DataError when rows contradict each other.
    """
    filled = [part for part in parts if not part.empty]
    if not filled:
        return pd.DataFrame()
    columns = [
        name for name in KNOWN if any(name in part.columns for part in filled) or name in MEANS
    ]
    frame = pd.concat(
        [part.reindex(columns=columns).astype(object) for part in filled], ignore_index=True
    )
    measured = [name for name in columns if name not in ("source", "measured_on")]
    once = dict.fromkeys(_cells(frame[measured]))
    if len(once) < len(frame):
        notices.append(
            f"{len(frame) - len(once)} rows appeared twice, equal in every number, and were counted"
            " once"
        )
        frame = frame[~pd.Series(_cells(frame[measured])).duplicated()]
    frame = frame.sort_values([*KEYS, "rate_rps"], kind="stable").reset_index(drop=True)
    faults = _table_contradictions(frame)
    if not faults:
        table = build_table_of_file("the imported table", [list(columns), *_cells(frame)], faults)
        if table is not None:
            parse_curves(table, faults)
    if faults:
        raise DataError(faults, notices)
    typed = pd.DataFrame(
        {name: frame[name] if name in WORDS else pd.to_numeric(frame[name]) for name in columns}
    )
    return typed.astype({"tp_degree": int}).drop(
        columns=[n for n in columns if n not in MEANS and typed[n].map(_blank).all()]
    )


def _cells(frame: pd.DataFrame) -> list[tuple]:
    return [tuple(map(_table_cell, row)) for row in frame.itertuples(index=False, name=None)]


def _table_cell(value: Any) -> Any:
    """A cell as a table has it: numbers as float, nothing as None."""
    if _blank(value):
        return None
    return value if isinstance(value, str) else float(value)


def _blank(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)


def _table_contradictions(frame: pd.DataFrame) -> list[Fault]:
    """Rows of one option and rate that differ: which is right, only the user knows."""
    keys = [*KEYS, "rate_rps"]
    faults = []
    for option, part in frame[frame.duplicated(keys, keep=False)].groupby(keys, sort=False):
        llm, gpu, tp, share, rate = option
        sources = (
            ", ".join(dict.fromkeys(str(source) for source in part["source"] if source))
            if "source" in part
            else ""
        )
        named = f" ({sources})" if sources else ""
        problem = (
            f"{len(part)} rows of {llm} on {gpu}, tp {tp:g}, share {share:g} % have this rate and"
            f" differ{named}"
        )
        faults.append(
            Fault(
                "the imported table",
                "column rate_rps",
                f"{rate:g}",
                problem,
                "delete the older row, or average them first",
            )
        )
    return faults
