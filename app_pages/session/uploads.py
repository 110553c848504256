"""Files of one person: each upload in its own temporary folder, removed with the session."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from app_pages.session import state
from app_pages.session.server import worker_pool
from planner.errors import DataError
from planner.scenario.edits import ScenarioEdit
from planner.scenario.upload import replace_uploaded_table, store_upload
from profiles.io.faults import Fault

__all__ = [
    "open_uploaded_files",
    "open_uploaded_table",
    "upload_faults",
    "upload_template_book",
    "uploaded_table_summaries",
]

MOST_FOLDERS = 10
SUMMARISE = "app_pages.jobs.planning:summarise_planning_inputs_job"
LONGEST_S = 60.0


class TemporaryFolder:
    """A folder that is removed when nothing refers to it any more, at the latest when the server
    ends.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="joint-llm-planner-"))
        weakref.finalize(self, shutil.rmtree, str(self.path), ignore_errors=True)


def _new_upload_folder() -> Path:
    folders = st.session_state.setdefault("folders", [])
    folders.append(TemporaryFolder())
    del folders[:-MOST_FOLDERS]
    return folders[-1].path


def open_uploaded_files(files: Mapping[str, bytes]) -> None:
    """Put an uploaded scenario on the page and solve it; when it is faulty, the inputs stay, and
    `upload_faults` has the faults.
    """
    folder = _new_upload_folder()
    try:
        _open_upload(store_upload(folder, files))
    except DataError as error:
        _refuse(error.faults, folder)


def open_uploaded_table(key: str, name: str, content: bytes) -> None:
    """Put the same scenario with another table on the page, as `open_uploaded_files`.

    key: profiles or scores; name: of the file.
    """
    folder = _new_upload_folder()
    try:
        _open_upload(
            replace_uploaded_table(state.current_edit().scenario, key, name, content, folder)
        )
    except DataError as error:
        _refuse(error.faults, folder)


def _open_upload(path: Path) -> None:
    done = _summarise_upload(str(path), {})
    if not done.has_result:
        stopped = Fault("upload", "", "", done.message or "stopped", "try again")
        _refuse(done.faults or (stopped,), path.parent)
        return
    edit = ScenarioEdit.of_file(str(path))
    st.session_state["upload_faults"] = None
    st.session_state["example"] = f"uploaded: {edit.base['name']}"
    state.set_edit(edit)
    state.start_session_solve()


def _refuse(faults: tuple[Fault, ...], folder: Path) -> None:
    st.session_state["upload_faults"] = (faults, f"{folder}/")


def upload_faults() -> tuple[tuple[Fault, ...], str] | None:
    """Faults of the last upload, and the folder that is left out of file names."""
    return st.session_state.get("upload_faults")


def uploaded_table_summaries(edit: ScenarioEdit) -> JobOutcome:
    """Summaries of the tables of a scenario; read once for each file and set of changes."""
    key = (edit.path, repr(sorted(edit.overrides.items(), key=repr)))
    cached = st.session_state.get("summaries")
    if cached is None or cached[0] != key:
        outcome = _summarise_upload(edit.path, dict(edit.overrides))
        st.session_state["summaries"] = cached = (key, outcome)
    return cached[1]


def _summarise_upload(path: str, overrides: Mapping[str, Any]) -> JobOutcome:
    pool = worker_pool()
    job = pool.start(SUMMARISE, (path, overrides))
    done = pool.wait(job, LONGEST_S)
    pool.forget(job)
    message = "Reading the files took too long."
    return done or JobOutcome(OutcomeKind.FAILED, message=message)


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
