"""Kept plans made again and compared with what they were.

Both plans say between which numbers the best one lies: value and bound. Better is a plan only where
it is beyond the other's bound, so that two searches which end at different points within their gaps
are the same:

    better      the new value is beyond the old bound: the input, a catalogue or a rule has changed
    worse       the old value is beyond the new bound
    as before   neither
    no plan     where there was one: infeasible, stopped before one was found, or faults
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from planner.library.input_files import KeptInput
from planner.library.kept_input import read_kept_content
from planner.library.kept_record import KeptRecord
from planner.library.library_database import LibraryDatabase
from planner.settings import Progress
from planner.studies.replanning.record_plan import RecordPlan, plan_record_again
from planner.studies.study_processes import run_study_processes

__all__ = [
    "RecordVerdict",
    "ReplannedRecord",
    "replan_records",
    "replanned_records_content",
    "replanned_records_table",
]

SAME = 1e-6
"""Relative difference of values that is none."""


class RecordVerdict(StrEnum):
    """What a record's plan is now, compared with what it was."""

    BETTER = "better"
    WORSE = "worse"
    AS_BEFORE = "as before"
    NO_PLAN = "no plan"
    NEW_PLAN = "new plan"
    """Where there was none, or another objective."""


@dataclass(frozen=True)
class ReplannedRecord:
    """A kept plan and what it is now."""

    record: KeptRecord
    now: RecordPlan

    @property
    def verdict(self) -> RecordVerdict:
        """See the head of the file."""
        objective = (self.now.content or {}).get("objective", {})
        value, bound = objective.get("value"), objective.get("bound")
        if value is None or bound is None:
            return RecordVerdict.NO_PLAN
        before, limit = self.record.figures.get("value"), self.record.figures.get("bound")
        of = self.record.figures.get("objective_of")
        if before is None or limit is None or of != objective["of"]:
            return RecordVerdict.NEW_PLAN
        sign = -1.0 if of == "cost" else 1.0
        slack = SAME * max(abs(value), abs(before), 1e-9)
        if sign * value > sign * limit + slack:
            return RecordVerdict.BETTER
        if sign * before > sign * bound + slack:
            return RecordVerdict.WORSE
        return RecordVerdict.AS_BEFORE


class _RecordParts(Sequence[tuple[int, KeptInput, tuple[str, ...]]]):
    """What is planned, record after record: files are read from the library when it is their
    turn, so that not all of them are in memory at once.
    """

    def __init__(
        self, library: LibraryDatabase, records: Sequence[KeptRecord], changes: Sequence[str]
    ) -> None:
        self._library, self._records, self._changes = library, records, tuple(changes)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, at: Any) -> Any:
        record = self._records[at]
        kept = read_kept_content(self._library, record).input
        return record.number, kept, self._changes


def replan_records(
    library: LibraryDatabase,
    records: Sequence[KeptRecord],
    changes: Sequence[str],
    *,
    jobs: int = 0,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[ReplannedRecord]:
    """Every record as it is now, as they finish; cancelled, those finished so far.

    records: plans. changes: `KEY=VALUE` texts over the overrides of each. jobs: processes, 0 = one
    per core, 1 = this one; on a cluster as it has workers. LibraryError where the library is
    damaged.
    """
    began, known = time.perf_counter(), {record.number: record for record in records}
    parts = _RecordParts(library, records, changes)
    results = run_study_processes(plan_record_again, parts, jobs=jobs, cancel=cancel)
    for finished, now in enumerate(results, start=1):
        yield ReplannedRecord(known[now.number], now)
        if progress is not None:
            phase = f"{finished:,} of {len(records):,} plans made again"
            progress(Progress(time.perf_counter() - began, phase))


def replanned_records_table(replanned: Sequence[ReplannedRecord]) -> pd.DataFrame:
    """A row a record: what it was and what it is; numbers as in plan.json, None where there are
    none.
    """
    return pd.DataFrame([_replanned_row(one) for one in replanned])


def _replanned_row(one: ReplannedRecord) -> dict[str, Any]:
    content: Mapping[str, Any] = one.now.content or {}
    objective, figures = content.get("objective", {}), one.record.figures
    return {
        "Number": one.record.number,
        "Name": one.record.name,
        "Of": objective.get("of") or figures.get("objective_of"),
        "Before": figures.get("value"),
        "Now": objective.get("value"),
        "Best possible now": objective.get("bound"),
        "GPUs before": figures.get("gpus_used"),
        "GPUs now": content.get("gpus_used"),
        "Status": one.now.status,
        "Verdict": one.verdict,
        "Reason": one.now.reason,
        "Time (s)": one.now.seconds,
    }


def replanned_records_content(
    replanned: Sequence[ReplannedRecord], kept_as: Mapping[int, int]
) -> list[dict[str, Any]]:
    """The same as plain values for JSON. kept_as: number of a record -> number of its new plan."""
    return [
        {
            "number": one.record.number,
            "name": one.record.name,
            "verdict": str(one.verdict),
            "status": str(one.now.status),
            "reason": one.now.reason,
            "before": {key: one.record.figures.get(key) for key in ("value", "bound")},
            "now": {
                key: (one.now.content or {}).get("objective", {}).get(key)
                for key in ("value", "bound")
            },
            "gpus_before": one.record.figures.get("gpus_used"),
            "gpus_now": (one.now.content or {}).get("gpus_used"),
            "kept_as": kept_as.get(one.record.number),
            "seconds": one.now.seconds,
        }
        for one in replanned
    ]
