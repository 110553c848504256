"""Files of benchmark tools -> profile table: runs are read, judged, given their option, pooled, and
made rows.

Order of work, and what each step reports:

    read      profiles.importers.discover          unreadable and unknown files
    judge     profiles.importers.formats.rules      runs that are no load points, columns that rest
                                                    on too little
    identify  profiles.importers.identify           runs whose option nothing says: one fault
    pool      `pooled`                      the same run in two files counts once; repeats of one
                                            load become one point; closed-loop runs that more
                                            concurrency made slower are left out (saturated)
    fill      `pool_without_gaps`           a column that some points of an option lack is blanked
                                            on all of them
    compare   profiles.importers.bursts     what bursts say about the end of each curve
    check     profiles.curves               the table is read as the planner will read it
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from profiles.importers.bursts import burst_notices
from profiles.importers.discover import FileAccount, Read, discover_files
from profiles.importers.formats.rules import judge_by_rules
from profiles.importers.identify import Given, identify_option, unidentified_fault
from profiles.importers.pool import LoadPoint, pool_runs, pool_without_gaps
from profiles.importers.table import checked_table, own_table_rows, table_rows_of_points
from profiles.io.faults import DataError, Fault

__all__ = ["Imported", "pipeline_lines", "run_import_pipeline"]


@dataclass(frozen=True)
class Imported:
    """frame: the profile table, rows sorted; files: what became of each file; notices: of the table
    as a whole; passed: see `Read`.
    """

    frame: pd.DataFrame
    files: Sequence[FileAccount]
    notices: Sequence[str] = ()
    passed: Sequence[tuple[str, str]] = ()
    kept: int = 0


def run_import_pipeline(
    paths: Sequence[Path],
    given: Given,
    before: Path | None = None,
    faults: Sequence[Fault] = (),
    unused: Collection[str] = (),
) -> Imported:
    """Make the table.

    before: a table whose rows are kept (--append); faults: those known already; unused: files whose
    runs are passed over. Raises DataError with every fault.
    """
    all_faults = list(faults)
    read = discover_files(paths, all_faults)
    read.runs = [run for run in read.runs if run.file not in unused]
    read.passed += [(file, "not used") for file in unused if read.files.pop(file, None)]
    notices: list[str] = []
    points, bursts, missing = _pipeline_points(read, given, notices)
    if missing:
        all_faults.append(unidentified_fault(missing))
    rows = []
    for path in read.tables:
        own = own_table_rows(path, given.line, all_faults)
        read.files[str(path)].taken = len(own)
        rows.append(own)
    kept = own_table_rows(before, {}, all_faults) if before is not None else pd.DataFrame()
    if all_faults:
        raise DataError(all_faults)
    points = pool_without_gaps(pool_runs(points, read.files, notices), notices)
    notices += burst_notices(bursts, points)
    for point in points:
        for file in point.files:
            read.files[file].taken += 1
    frame = checked_table([kept, *rows, table_rows_of_points(points)], notices)
    if frame.empty:
        raise DataError(
            [_nothing_in_pipeline(read)],
            _reasons_once(read),
        )
    return Imported(frame, list(read.files.values()), notices, read.passed, len(kept))


def _pipeline_points(
    read: Read, given: Given, notices: list[str]
) -> tuple[list[LoadPoint], list[LoadPoint], list[tuple[str, Mapping[str, str]]]]:
    """The runs that are load points, and those that are bursts, with their options; (file, missing
    keys) of load points whose option is not known.

    Notices of a file go to it, notices of names to `notices`.
    """
    points: list[LoadPoint] = []
    bursts: list[LoadPoint] = []
    missing: list[tuple[str, Mapping[str, str]]] = []
    for run in read.runs:
        account = read.files[run.file]
        place = f"{run.place}: " if run.place else ""
        verdict = judge_by_rules(given.with_stated(run))
        account.notices += [f"{place}{notice}" for notice in verdict.notices]
        if verdict.run is None:
            account.left_out.append(f"{place}{verdict.reason}")
        if verdict.run is None and verdict.burst is None:
            continue
        option, lacking = identify_option(run, given, notices)
        split = option and given.why_split(run.file, option)
        if split:
            account.left_out.append(f"{place}{split}")
            continue
        if verdict.run is None and verdict.burst is not None and option is not None:
            bursts.append(LoadPoint(option, verdict.burst, (run.file,)))
        elif verdict.run is not None and option is not None:
            points.append(LoadPoint(option, verdict.run, (run.file,)))
        elif verdict.run is not None:
            missing.append((run.file, lacking))
    return points, bursts, missing


def _reasons_once(read: Read) -> list[str]:
    """Why runs were left out: of those that differ in numbers only the first, and a count."""
    alike: dict[str, list[str]] = {}
    for account in read.files.values():
        for reason in account.left_out:
            kind = re.sub(r"[\d.,]+", "", reason.rpartition(": ")[2])
            alike.setdefault(kind, []).append(f"{account.file}: {reason}")
    return [
        first + (f" (and {len(others)} more like it)" if others else "")
        for first, *others in alike.values()
    ]


def _nothing_in_pipeline(read: Read) -> Fault:
    left = sum(len(account.left_out) for account in read.files.values())
    seen = (
        f"benchmark files read: {len(read.files):,}, runs left out: {left:,}"
        if read.files
        else "there are no benchmark results"
    )
    return Fault(
        "profile import",
        "",
        "",
        f"no point is left to write: {seen}",
        "see the reasons above; measure again or name other files",
    )


def pipeline_lines(account: FileAccount) -> list[str]:
    """What became of one file, as lines: one for the file, one for each run left out, one for each
    kind of notice.
    """
    kinds = ", ".join(account.kinds)
    count = f"{account.taken} point{'' if account.taken == 1 else 's'} taken"
    lines = [
        f"{account.file}: {kinds}:"
        f" {count}{f', {len(account.left_out)} left out' if account.left_out else ''}"
    ]
    lines += [f"  left out: {reason}" for reason in account.left_out]
    return lines + [f"  {notice}" for notice in _once_in_pipeline(account.notices)]


def _once_in_pipeline(notices: Sequence[str]) -> list[str]:
    """One notice of each kind (numbers and places aside), with the count of similar ones."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for notice in notices:
        kinds[re.sub(r"[\d.,]+", "#", notice)].append(notice)
    return [
        same[0] + (f" (and {len(same) - 1} similar)" if len(same) > 1 else "")
        for same in kinds.values()
    ]
