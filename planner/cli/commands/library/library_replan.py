"""The command `library replan`: kept plans made again and compared with what they were."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import (
    EXIT_CODES,
    NEGATIVE_VERDICT,
    framed_command,
    framed_text_output,
    notify,
)
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.library.input_files import write_input_files
from planner.library.kept_input import read_kept_content
from planner.library.kept_record import KeptAs, KeptRecord, RecordKind
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.record_keeping import keep_plan
from planner.library.record_search import RecordSearch, list_records
from planner.scenario.assemble import assemble_instance
from planner.studies.clusters.cluster_backend import cluster_joblib_backend
from planner.studies.replanning.record_plan import record_override_texts
from planner.studies.replanning.record_replan import (
    RecordVerdict,
    ReplannedRecord,
    replan_records,
    replanned_records_content,
    replanned_records_table,
)
from planner.studies.sweep_point import PointStatus
from profiles.io.faults import Fault, shown_in_fault
from profiles.io.writing import check_writable

__all__ = ["LibraryReplanOptions", "run_library_replan"]

TAG = "replanned"
"""Of plans that are kept again."""


@dataclass(frozen=True, kw_only=True)
class LibraryReplanOptions:
    """text, tags: of the plans that are made again; changes: `KEY=VALUE` of their scenarios; save:
    keep the new plans; json: file, "-" for JSON alone.
    """

    text: str
    tags: tuple[str, ...]
    changes: tuple[str, ...]
    save: bool
    jobs: int
    dask: str | None
    ray: str | None
    json: str | None
    quiet: bool


@framed_command
def run_library_replan(options: LibraryReplanOptions, interrupt: Interrupt) -> int:
    """Plan, compare, keep, print; 0, 6 where a plan is worse or gone, 4 or 5 when stopped with or
    without some plans.
    """
    if options.json is not None and options.json != "-":
        check_writable(Path(options.json), "--json")
    library = open_library_database()
    records = _records_to_replan(library, options)
    if options.save:
        library.check_library_writable()
    with cluster_joblib_backend(options.dask, options.ray):
        replanned = with_progress(
            lambda progress, cancel: list(
                replan_records(
                    library,
                    records,
                    options.changes,
                    jobs=options.jobs,
                    progress=progress,
                    cancel=cancel,
                )
            ),
            interrupt,
            show=not options.quiet,
        )
    replanned.sort(key=lambda one: -one.record.number)
    _refuse_if_none_is_readable(library, replanned, records)
    kept_as = _keep_replanned(library, replanned, options) if options.save else {}
    code = _output_replanned(replanned, records, kept_as, options)
    if len(replanned) < len(records):
        return max(code, EXIT_CODES["feasible" if replanned else "unknown"])
    changed = any(one.verdict in (RecordVerdict.WORSE, RecordVerdict.NO_PLAN) for one in replanned)
    return code or (NEGATIVE_VERDICT if changed else 0)


def _records_to_replan(library: LibraryDatabase, options: LibraryReplanOptions) -> list[KeptRecord]:
    """The plans that fit, but for those that this command has kept, unless their tag is asked
    for: with them a library would double from run to run. DataError where there are none.
    """
    search = RecordSearch(options.text, RecordKind.PLAN, options.tags)
    asked = TAG in options.tags
    records = [one for one in list_records(library, search) if asked or TAG not in one.tags]
    if not records:
        words = [one for one in (options.text, *options.tags) if one]
        shown = shown_in_fault(" ".join(words)) if words else ""
        fix = "`library list --kind plan` shows what there is"
        raise DataError([Fault(library.words, "", shown, "no plan fits", fix)])
    return records


def _refuse_if_none_is_readable(
    library: LibraryDatabase,
    replanned: Sequence[ReplannedRecord],
    records: Sequence[KeptRecord],
) -> None:
    """DataError with every reason where no record's inputs, with the changes, can be planned."""
    refused = [one for one in replanned if one.now.status == PointStatus.BAD_INPUT]
    if len(refused) == len(records):
        raise DataError(
            [
                Fault(library.words, f"record {one.record.number}", "", one.now.reason, "")
                for one in refused
            ]
        )


def _keep_replanned(
    library: LibraryDatabase, replanned: Sequence[ReplannedRecord], options: LibraryReplanOptions
) -> dict[int, int]:
    """Keep the new plans under the names of the old ones; number of the old one -> of the new."""
    kept_as: dict[int, int] = {}
    for one in replanned:
        if one.now.content is None or one.verdict == RecordVerdict.NO_PLAN:
            continue
        kept = read_kept_content(library, one.record).input
        changes = f" with {', '.join(options.changes)}" if options.changes else ""
        told = KeptAs(one.record.name, (TAG,), f"record {one.record.number} planned again{changes}")
        with tempfile.TemporaryDirectory(prefix="joint-llm-planner-") as folder:
            path = write_input_files(kept, Path(folder))
            texts = [*record_override_texts(kept.overrides), *options.changes]
            loaded = assemble_instance(path, texts, cells=True, sizing=True)
            kept_as[one.record.number] = keep_plan(library, one.now.content, loaded, told).number
    return kept_as


def _output_replanned(
    replanned: Sequence[ReplannedRecord],
    records: Sequence[KeptRecord],
    kept_as: dict[int, int],
    options: LibraryReplanOptions,
) -> int:
    """Print and write; 0, or 2 when the file could not be written."""
    text = json.dumps(replanned_records_content(replanned, kept_as), indent=1) + "\n"
    return framed_text_output(
        text,
        options.json,
        lambda: _print_replanned(plain_output_console(), replanned, len(records), kept_as, options),
    )


def _print_replanned(
    console: Console,
    replanned: Sequence[ReplannedRecord],
    total: int,
    kept_as: dict[int, int],
    options: LibraryReplanOptions,
) -> None:
    """Counts, the table, why there is no plan, and under which numbers new ones are kept."""
    found = [one.verdict for one in replanned]
    counts = ", ".join(f"{found.count(one)} {one}" for one in RecordVerdict if one in found)
    counts = f": {counts}" if counts else ""
    output_line(console, f"{len(found):,} of {total:,} plans made again{counts}", "bold")
    if kept_as:
        numbers = ", ".join(str(number) for number in kept_as.values())
        notify([f"new plans kept in the library as {numbers}"], quiet=options.quiet)
    if options.quiet or not replanned:
        return
    frame = replanned_records_table(replanned)
    columns: list[Column] = [
        ("Number", "no.", str),
        ("Name", "name", str),
        ("Of", "of", str),
        ("Before", "before", _number),
        ("Now", "now", _number),
        ("Best possible now", "best\npossible", _number),
        ("GPUs now", "GPUs", lambda value: "-" if pd.isna(value) else f"{value:,.0f}"),
        ("Verdict", "verdict", str),
    ]
    output_table(console, "Plans", frame, columns)
    reasons = [f"{one.record.number}: {one.now.reason}" for one in replanned if one.now.reason]
    if reasons:
        output_lines(console, "Without a plan", reasons)


def _number(value: float | None) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:,.5g}"
