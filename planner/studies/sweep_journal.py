"""A sweep on disk: the journal of its finished points, from which an interrupted sweep goes on, and
the table, written again as points finish.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from planner.scenario.assemble import LoadResult
from planner.studies.journal_file import JournalFile, journal_path
from planner.studies.sweep_axes import Axis
from planner.studies.sweep_point import SweepPoint, sweep_points_table
from planner.version import VERSION
from profiles.io.writing import safely_written_cell, write_csv, writing_whole_file

__all__ = ["SweepJournal", "sweep_journal_key", "write_sweep_journal"]

WRITE_EVERY_S = 2.0
"""Pause between two writes of the table while points finish."""


def sweep_journal_key(loaded: LoadResult, axes: Sequence[Axis]) -> str:
    """Return what identifies the study of a journal that may be continued: version, scenario and
    varied values.
    """
    varied = json.dumps([[axis.key, axis.values] for axis in axes], default=str)
    return hashlib.sha256(
        f"{VERSION} {loaded.sha256} {varied} {loaded.scenario.spec.solver}".encode()
    ).hexdigest()


class SweepJournal:
    """The journal beside the table (a line a point), and the table, written again as points finish;
    without `out` neither is written. WriteError where one of the two cannot be.

    done: points of an earlier run of this very sweep, by number.
    """

    def __init__(self, out: str | None, key: str, axes: Sequence[Axis]) -> None:
        self.out, self.keys = None if out is None else Path(out), [axis.key for axis in axes]
        beside = None if self.out is None else journal_path(self.out)
        self.journal = JournalFile(beside, "sweep", {"key": key})
        self.done = _sweep_journal_points(self.journal.lines)
        self.written = time.monotonic()
        self.points = dict(self.done)
        self.journal.begin(map(asdict, self.done.values()))

    def keep(self, point: SweepPoint) -> None:
        """Append a point; write the file every now and then."""
        self.points[point.number] = point
        self.journal.append(asdict(point))
        # A table that goes to a device or a descriptor is written once, at the end.
        if self.journal.path is not None and time.monotonic() - self.written > WRITE_EVERY_S:
            self._write()

    def _write(self) -> None:
        if self.out is not None:
            self.written = time.monotonic()
            write_sweep_journal(
                sweep_points_table(
                    [self.points[number] for number in sorted(self.points)], self.keys
                ),
                self.out,
            )

    def close(self, points: Sequence[SweepPoint], *, complete: bool) -> None:
        """Write the table a last time; the journal goes when it is not needed any more.

        WriteError when the table cannot be written; the journal then stays.
        """
        self.points = {point.number: point for point in points}
        self._write()
        if complete:
            self.journal.remove()


def write_sweep_journal(frame: pd.DataFrame, path: Path) -> None:
    """Write the table as CSV, or as Parquet where the name ends so. WriteError as write_csv."""
    if path.suffix.lower() != ".parquet":
        write_csv(frame, path)
        return
    mixed = [
        name
        for name in frame.columns
        if frame[name].map(type).nunique() > 1 and frame[name].dtype == object
    ]
    texts = {
        name: frame[name].map(
            lambda value: None if value is None else str(safely_written_cell(value))
        )
        for name in mixed
        if _journal_column_has_text(frame[name])
    }
    with writing_whole_file(path, ".parquet") as temporary:
        frame.assign(**texts).to_parquet(temporary, index=False)


def _journal_column_has_text(column: pd.Series) -> bool:
    return any(isinstance(value, str | list | dict | bool) for value in column)


def _sweep_journal_points(lines: Sequence[Any]) -> dict[int, SweepPoint]:
    """Points of an earlier run of this very sweep, up to the first line that is none."""
    points: dict[int, SweepPoint] = {}
    for line in lines:
        try:
            points[int(line["number"])] = SweepPoint(**line)
        except (KeyError, TypeError, ValueError):
            break
    return points
