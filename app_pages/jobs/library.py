"""What the page Library does in a worker: a database may be slow, or far away.

owner: who is signed in, by the log-in; None on a page without one, where everybody may do all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from app_pages.jobs.messages import JobContext
from planner.library.kept_input import read_kept_content, write_kept_files
from planner.library.kept_record import KeptAs
from planner.library.library_database import open_library_database
from planner.library.record_access import (
    is_own_record,
    list_readable_records,
    own_record,
    readable_record,
)
from planner.library.record_changes import remove_records, rename_record, share_record_with_all
from planner.library.record_keeping import keep_plan
from planner.library.record_search import RecordSearch
from planner.library.record_table import kept_records_table
from planner.library.share_links import find_share_link, make_share_link, revoke_share_link
from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import ScenarioEdit
from planner.settings import Progress

__all__ = [
    "find_link_job",
    "hide_kept_job",
    "keep_plan_job",
    "list_kept_job",
    "open_kept_job",
    "remove_kept_job",
    "rename_kept_job",
    "revoke_link_job",
    "share_kept_job",
    "share_plan_job",
    "show_kept_job",
]


def list_kept_job(text: str, owner: str | None, *, job: JobContext) -> pd.DataFrame:
    """Records that fit a text and may be read, the newest first, with columns `Own` and `Shared`;
    LibraryError where the library cannot be read.
    """
    del job
    records = list_readable_records(open_library_database(), RecordSearch(text), owner)
    own = [is_own_record(one, owner) for one in records]
    return kept_records_table(records).assign(Own=own, Shared=[one.is_shared for one in records])


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


def share_plan_job(
    path: str,
    overrides: Mapping[str, Any],
    content: Mapping[str, Any],
    kept_as: KeptAs,
    *,
    job: JobContext,
) -> tuple[int, str]:
    """Keep a plan, and make a link to it: the number of its record, and the link's key."""
    number = keep_plan_job(path, overrides, content, kept_as, job=job)
    return number, make_share_link(open_library_database(), number)


def open_kept_job(folder: str, number: int, owner: str | None, *, job: JobContext) -> ScenarioEdit:
    """Write a record's scenario into an empty folder and read everything that it names.

    What was changed by overrides when it was kept is changed again. DataError with every fault.
    """
    job.progress(Progress(0.0, "reading"))
    library = open_library_database()
    kept = read_kept_content(library, readable_record(library, number, owner))
    write_kept_files(kept, Path(folder))
    path = Path(folder) / kept.input.scenario_file
    assemble_instance(path, kept.input.overrides, cells=True, sizing=True)
    return ScenarioEdit(str(path), ScenarioEdit.of_file(str(path)).base, kept.input.overrides)


def remove_kept_job(number: int, owner: str | None, *, job: JobContext) -> None:
    """Remove a record for good, and its link."""
    del job
    library = open_library_database()
    remove_records(library, [own_record(library, number, owner).number])


def rename_kept_job(number: int, name: str, owner: str | None, *, job: JobContext) -> None:
    """Give a record another name."""
    del job
    library = open_library_database()
    rename_record(library, own_record(library, number, owner).number, name)


def show_kept_job(number: int, owner: str | None, *, job: JobContext) -> None:
    """Let everybody who signs in read a record."""
    del job
    _set_shared(number, owner, is_shared=True)


def hide_kept_job(number: int, owner: str | None, *, job: JobContext) -> None:
    """Let its owner alone read a record."""
    del job
    _set_shared(number, owner, is_shared=False)


def _set_shared(number: int, owner: str | None, *, is_shared: bool) -> None:
    library = open_library_database()
    own = own_record(library, number, owner)
    share_record_with_all(library, own.number, is_shared=is_shared)


def find_link_job(number: int, owner: str | None, *, job: JobContext) -> str:
    """The key of the link of one's own record; "" where it has none."""
    del job
    library = open_library_database()
    return find_share_link(library, own_record(library, number, owner).number)


def share_kept_job(number: int, owner: str | None, *, job: JobContext) -> str:
    """The key of the link of one's own record, made where it has none."""
    del job
    library = open_library_database()
    return make_share_link(library, own_record(library, number, owner).number)


def revoke_link_job(number: int, owner: str | None, *, job: JobContext) -> None:
    """Take the link of one's own record back."""
    del job
    library = open_library_database()
    revoke_share_link(library, own_record(library, number, owner).number)
