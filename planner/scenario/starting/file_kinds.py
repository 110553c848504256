"""What an uploaded file is, in words, where another kind was expected.

Only looked at once a file was refused by the reader of the kind that was expected.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import pyarrow.parquet as pq

from profiles.importers.discover import discover_files
from profiles.io.faults import Fault
from profiles.io.workbook_guard import is_workbook
from profiles.request_logs.detect import detect_log_format
from profiles.request_logs.record import LogFormat
from profiles.score_importers.detect import detect_grade_format

__all__ = ["FileKind", "file_kind", "wrong_file_faults"]

HEAD_BYTES = 100_000


class FileKind(StrEnum):
    """Kinds of files that the planner reads, in words."""

    SCENARIO = "a scenario"
    PLAN = "a plan (plan.json)"
    WORKBOOK = "a workbook"
    PROFILES = "a profile table"
    SCORES = "a score table"
    GRADES = "a file of graded answers"
    BENCHMARK = "a file of load tests"
    LOG = "a log of requests"


INPUTS = "open it on the page Inputs"
CURVES = "give it in the step Curves of the page New scenario"
SCORES = "give it in the step Scores of the page New scenario"
PLACES: Mapping[FileKind, str] = {
    FileKind.SCENARIO: INPUTS,
    FileKind.PLAN: "open it on the page Inputs, together with its scenario",
    FileKind.WORKBOOK: INPUTS,
    FileKind.PROFILES: CURVES,
    FileKind.BENCHMARK: CURVES,
    FileKind.SCORES: SCORES,
    FileKind.GRADES: SCORES,
    FileKind.LOG: "give it in the step Demand of the page New scenario",
}
"""Where the page takes a file of each kind."""
COLUMNS = {"rate_rps": FileKind.PROFILES, "prompt_id": FileKind.SCORES}
"""Column that only tables of a kind have."""
KEYS = (
    (FileKind.PLAN, re.compile(rb'"scenario_sha256"\s*:')),
    (FileKind.SCENARIO, re.compile(rb"^pools\s*:", re.MULTILINE)),
    (FileKind.SCENARIO, re.compile(rb"^llms\s*:", re.MULTILINE)),
)


def wrong_file_faults(paths: Sequence[Path], expected: Sequence[FileKind]) -> list[Fault]:
    """A fault for each file that is known to be of another kind; expected: the first one names
    what belongs here.
    """
    faults = []
    for path in paths:
        kind = file_kind(path)
        if kind is not None and kind not in expected:
            problem = f"this is {kind}, and {expected[0]} is expected here"
            faults.append(Fault(str(path), "", "", problem, PLACES[kind]))
    return faults


def file_kind(path: Path) -> FileKind | None:
    """What a file is, by its content; None where nothing tells."""
    if is_workbook(path):
        return FileKind.WORKBOOK
    columns, head = _columns_and_head(path)
    for column, kind in COLUMNS.items():
        # A table of rates by case and class is demand, not curves.
        if column in columns and not {"case", "class"} <= columns:
            return kind
    for kind, pattern in KEYS:
        if pattern.search(head):
            return kind
    found = detect_log_format(path)
    if not isinstance(found, Fault) and isinstance(found[0], LogFormat):
        return FileKind.LOG
    if not isinstance(detect_grade_format(path), Fault):
        return FileKind.GRADES
    return FileKind.BENCHMARK if discover_files([path], []).runs else None


def _columns_and_head(path: Path) -> tuple[set[str], bytes]:
    """Columns of a table, none of what is no table; the first bytes."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head[:4] == b"PAR1":
        try:
            return set(pq.read_schema(path).names), b""
        except (OSError, ValueError):  # pyarrow's errors of damaged files
            return set(), b""
    first = head.lstrip(b"\xef\xbb\xbf").partition(b"\n")[0].decode("utf-8", "replace")
    cells = re.split(r"[,;\t]", first.strip())
    return {cell.strip().strip('"') for cell in cells}, head
