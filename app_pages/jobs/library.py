"""What the page Library does in a worker: a database may be slow, or far away."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from app_pages.jobs.messages import JobContext
from planner.library.kept_input import read_kept_content, write_kept_files
from planner.library.kept_record import KeptAs
from planner.library.library_database import open_library_database
from planner.library.record_changes import remove_records
from planner.library.record_keeping import keep_plan
from planner.library.record_search import RecordSearch, find_record, list_records
from planner.library.record_table import kept_records_table
from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import ScenarioEdit
from planner.settings import Progress

__all__ = ["keep_plan_job", "list_kept_job", "open_kept_job", "remove_kept_job"]


def list_kept_job(text: str, *, job: JobContext) -> pd.DataFrame:
    """Records that fit a text, the newest first; LibraryError where the library cannot be read."""
    del job
    return kept_records_table(list_records(open_library_database(), RecordSearch(text)))


def keep_plan_job(
    path: str,
    overrides: Mapping[str, Any],
    content: Mapping[str, Any],
    kept_as: KeptAs,
    *,
    job: JobContext,
) -> int:
    """Keep a plan of either schema with its scenario; the number of its record.

    DataError where the scenario's files have changed since, or the library cannot be written.
    """
    job.progress(Progress(0.0, "keeping"))
    loaded = assemble_instance(Path(path), dict(overrides), cells=True, sizing=True)
    return keep_plan(open_library_database(), content, loaded, kept_as).number


def open_kept_job(folder: str, number: int, *, job: JobContext) -> ScenarioEdit:
    """Write a record's scenario into an empty folder and read everything that it names.

    What was changed by overrides when it was kept is changed again. DataError with every fault.
    """
    job.progress(Progress(0.0, "reading"))
    library = open_library_database()
    kept = read_kept_content(library, find_record(library, str(number)))
    write_kept_files(kept, Path(folder))
    path = Path(folder) / kept.input.scenario_file
    assemble_instance(path, kept.input.overrides, cells=True, sizing=True)
    return ScenarioEdit(str(path), ScenarioEdit.of_file(str(path)).base, kept.input.overrides)


def remove_kept_job(number: int, *, job: JobContext) -> None:
    """Remove a record for good."""
    del job
    remove_records(open_library_database(), [number])
