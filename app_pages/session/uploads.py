"""Files of one person: stored by the server, read by a worker, each upload in its own temporary
folder that is removed with the session.

The server's process parses none of them: a file that takes too long or too much memory ends a
worker, and the inputs on the page stay as they were.
"""

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.jobs.messages import (
    CellsPlanView,
    JobOutcome,
    OpenedPlan,
    OpenedWork,
    OutcomeKind,
)
from app_pages.session import job_slots, opened_work, reruns, state
from app_pages.session.server import compute_now
from app_pages.session.state import ShownCells, ShownPlan
from app_pages.session.visitor import owner_of_visitor
from planner.errors import DataError, SolveError
from planner.scenario.edits import ScenarioEdit, changed, content_of_edit, overrides_between_edits
from profiles.io.faults import Fault

__all__ = [
    "MOST_BYTES",
    "UPLOAD",
    "forget_table_summaries",
    "open_kept_draft",
    "open_kept_record",
    "open_new_scenario",
    "open_shared_link",
    "open_uploaded_files",
    "open_uploaded_table",
    "opened_kept_record",
    "opened_new_scenario",
    "show_opened_upload",
    "store_uploaded_file",
    "table_summaries",
    "upload_failure",
    "upload_template_book",
    "zipped_scenario",
]

UPLOAD, SUMMARY = "upload", "table-summary"
"""Slots."""
OPEN = "app_pages.jobs.uploads:open_upload_job"
OPEN_KEPT = "app_pages.jobs.library:open_kept_job"
OPEN_DRAFT = "app_pages.jobs.kept_work:open_draft_job"
OPEN_SHARED = "app_pages.jobs.kept_work:open_shared_job"
REPLACE = "app_pages.jobs.uploads:replace_table_job"
SUMMARISE = "app_pages.jobs.uploads:summarise_inputs_job"
ZIP = "app_pages.jobs.uploads:zip_scenario_job"
MOST_FOLDERS = 10
MOST_BYTES = 200_000_000
"""Of files that are opened together; an archive may unpack to as much."""
QUICK_S = 3.0
"""Files that are read within this time are shown without a progress box."""


class TemporaryFolder:
    """A folder that is removed when nothing refers to it any more, at the latest when the server
    ends.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="joint-llm-planner-"))
        weakref.finalize(self, shutil.rmtree, str(self.path), ignore_errors=True)


@dataclass(frozen=True)
class Opening:
    """An upload that is being read.

    stored: files as they were uploaded; folder: of the scenario that is made of them; replaced: the
    inputs whose table is replaced, None where the upload is a whole scenario; name: what it is
    called on the page, "" for `uploaded: ` and the scenario's own; new: it was made on the page New
    scenario; kept: it is a record of the library; draft: number of the draft that it is, 0 for
    none.
    """

    stored: TemporaryFolder
    folder: TemporaryFolder
    replaced: ScenarioEdit | None = None
    name: str = ""
    new: bool = False
    kept: bool = False
    draft: int = 0


def open_uploaded_files(files: Sequence[UploadedFile]) -> None:
    """Let a worker read an uploaded scenario; it is shown by `show_opened_upload`."""
    opening = Opening(TemporaryFolder(), TemporaryFolder())
    size = sum(file.size for file in files)
    if size > MOST_BYTES:
        problem, fix = f"more than {MOST_BYTES:,} bytes", "upload smaller tables, or Parquet"
        faults = (Fault("upload", "", f"{size:,} bytes", problem, fix),)
        _refuse(JobOutcome(OutcomeKind.FAULTS, faults=faults), opening)
        return
    stored = {
        file.name: store_uploaded_file(file, opening.stored, k) for k, file in enumerate(files)
    }
    _start_opening(OPEN, (str(opening.folder.path), stored), opening)


def open_uploaded_table(key: str, file: UploadedFile) -> None:
    """Let a worker read the same scenario with another table, as `open_uploaded_files`.

    key: profiles or scores.
    """
    edit = state.current_edit()
    opening = Opening(TemporaryFolder(), TemporaryFolder(), edit)
    table = store_uploaded_file(file, opening.stored, 0)
    _start_opening(REPLACE, (str(opening.folder.path), edit, key, file.name, table), opening)


def open_kept_record(number: int, name: str) -> None:
    """Let a worker read the scenario of a record of the library, as `open_uploaded_files`.

    name: what the scenario is called on the page.
    """
    opening = Opening(TemporaryFolder(), TemporaryFolder(), name=f"library: {name}", kept=True)
    _start_opening(OPEN_KEPT, (str(opening.folder.path), number, owner_of_visitor()), opening)


def open_kept_draft(visitor: str, number: int, name: str) -> None:
    """Let a worker read a draft, as `open_uploaded_files`; it comes with its plan.

    visitor: the secret by which it is found; name: what it was called on the page.
    """
    opening = Opening(TemporaryFolder(), TemporaryFolder(), name=name, draft=number)
    _start_opening(OPEN_DRAFT, (str(opening.folder.path), visitor, number), opening)


def open_shared_link(key: str) -> None:
    """Let a worker read what a link leads to, as `open_uploaded_files`; it comes with its plan."""
    opening = Opening(TemporaryFolder(), TemporaryFolder())
    _start_opening(OPEN_SHARED, (str(opening.folder.path), key), opening)
    st.session_state["opened-link"] = key


def open_new_scenario(call: str, args: tuple[Any, ...], name: str) -> None:
    """Let a worker write a scenario into an empty folder and read it, as `open_uploaded_files`.

    call: a job of the folder and `args`; name: what the scenario is called on the page.
    """
    opening = Opening(TemporaryFolder(), TemporaryFolder(), name=name, new=True)
    _start_opening(call, (str(opening.folder.path), *args), opening)


def opened_new_scenario() -> bool:
    """Whether a scenario of `open_new_scenario` was put on the page since this was last asked."""
    return bool(st.session_state.pop("opened-new", False))


def opened_kept_record() -> bool:
    """Whether a record of the library was put on the page since this was last asked: a run that is
    left before it asks does not count.
    """
    return bool(st.session_state.pop("opened-kept", False))


def store_uploaded_file(file: UploadedFile, folder: TemporaryFolder, number: int) -> str:
    """Write an uploaded file under a number, since its name is anybody's; the path."""
    path = folder.path / str(number)
    path.write_bytes(file.getbuffer())
    return str(path)


def _start_opening(call: str, args: tuple[Any, ...], opening: Opening) -> None:
    st.session_state["upload-failure"] = None
    st.session_state["opening"], st.session_state["opened-link"] = opening, ""
    label = "Reading the uploaded files"
    job_slots.start_reading_in_slot(UPLOAD, call, args, label, wait=QUICK_S)


@reruns.survive_reruns
def show_opened_upload() -> bool:
    """Put an upload that a worker has read on the page and start to solve it; when it could not be
    read, the inputs stay, and `upload_failure` says why. Called once, before a page is drawn.

    Whether a solve was started.
    """
    done, opening = job_slots.outcome(UPLOAD), st.session_state.get("opening")
    if done is None or opening is None:
        return False
    if done.has_result:
        _open_upload(done.result, opening)
    else:
        _refuse(done, opening)
    st.session_state["opening"] = None
    job_slots.clear_slot(UPLOAD)
    return done.has_result


def _open_upload(new: ScenarioEdit | OpenedPlan | OpenedWork, opening: Opening) -> None:
    folders, now = st.session_state.setdefault("folders", []), state.current_edit()
    if opening.folder not in folders:
        folders.append(opening.folder)
    del folders[:-MOST_FOLDERS]
    st.session_state["upload-failure"] = None
    st.session_state["opened-new"], st.session_state["opened-kept"] = opening.new, opening.kept
    if isinstance(new, OpenedPlan):
        _show_opened_plan(new)
        return
    if isinstance(new, OpenedWork):
        opened_work.show_opened_work(new, opening.name, opening.draft)
        return
    before = opening.replaced
    if before is not None and now.path == before.path and now != before:
        # What was edited while the table was read stays.
        edits = overrides_between_edits(content_of_edit(before), content_of_edit(now))
        new = changed(new, content_of_edit(ScenarioEdit(new.path, new.base, edits)))
    st.session_state["example"] = opening.name or f"uploaded: {new.base['name']}"
    state.set_edit(new)
    state.start_session_solve()


def _show_opened_plan(new: OpenedPlan) -> None:
    """A plan that came with its scenario is shown as it is; nothing is solved."""
    job_slots.clear_slot("plan")
    name = f"uploaded: {new.edit.base['name']}"
    state.set_edit(new.edit)
    if isinstance(new.view, CellsPlanView):
        state.show_plan(ShownCells(new.edit, new.view, name))
    else:
        state.show_plan(ShownPlan(new.edit, new.view, name))


def _refuse(done: JobOutcome, opening: Opening) -> None:
    st.session_state["upload-failure"] = (done, f"{opening.folder.path}/")
    st.session_state["upload-failure-of-new"] = opening.new


def upload_failure(*, new: bool = False) -> tuple[JobOutcome, str] | None:
    """Why the last upload was not opened, and the folder that is left out of file names.

    new: of `open_new_scenario`, else of all others.
    """
    if st.session_state.get("upload-failure-of-new", False) != new:
        return None
    return st.session_state.get("upload-failure")


def table_summaries(edit: ScenarioEdit) -> JobOutcome | None:
    """Summaries of the tables of a scenario; read once for each file and set of changes, None while
    a worker reads them.
    """
    job, args = job_slots.get(SUMMARY), (edit.path, dict(edit.overrides))
    if job is None or job.args != args:
        label = "Reading the tables"
        job_slots.start_reading_in_slot(SUMMARY, SUMMARISE, args, label, wait=QUICK_S)
        st.rerun()
    return job.outcome


@reruns.survive_reruns
def forget_table_summaries() -> None:
    """Read the tables again when the page is drawn next."""
    job_slots.clear_slot(SUMMARY)


def zipped_scenario(edit: ScenarioEdit) -> bytes:
    """A scenario with its changes and tables as an archive, made by a worker.

    DataError, SolveError when there is none.
    """
    done = compute_now(ZIP, (edit,), reading_limit=job_slots.READING_LIMIT_S)
    if done.kind is OutcomeKind.FAULTS:
        raise DataError(done.faults)
    if not done.has_result:
        raise SolveError(done.message)
    return done.result


@st.cache_data(show_spinner=False)
def upload_template_book() -> bytes:
    """The template as a workbook; the same for everybody."""
    # Imported here because XlsxWriter is not needed before.
    from planner.scenario.templates import template_inputs
    from reports.workbook.input_sheets import write_input_book

    folder = TemporaryFolder()
    path = folder.path / "template.xlsx"
    write_input_book(path, template_inputs())
    return path.read_bytes()
