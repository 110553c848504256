"""Files of one person: each upload in a temporary folder of its own, gone with the session."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from app_pages.jobs.messages import Outcome
from app_pages.session import state
from app_pages.session.server import desk
from planner.errors import DataError
from planner.scenario.edits import ScenarioEdit
from planner.scenario.upload import replace_table, store_upload
from profiles.io.faults import Fault

__all__ = ["looked", "open_files", "put_table", "template_book", "trouble"]

MOST_FOLDERS = 10
LOOK = "app_pages.jobs.planning:look"
LONGEST_S = 60.0


class Folder:
    """A temporary folder that is removed when nothing knows it any more, at the latest when the
    server ends.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="joint-llm-planner-"))
        weakref.finalize(self, shutil.rmtree, str(self.path), ignore_errors=True)


def _new_folder() -> Path:
    folders = st.session_state.setdefault("folders", [])
    folders.append(Folder())
    del folders[:-MOST_FOLDERS]
    return folders[-1].path


def open_files(files: Mapping[str, bytes]) -> None:
    """Ask what was uploaded and solve it; when it is faulty, what was asked stays, and `trouble`
    has the faults.
    """
    folder = _new_folder()
    try:
        _ask(store_upload(folder, files))
    except DataError as error:
        _refuse(error.faults, folder)


def put_table(key: str, name: str, content: bytes) -> None:
    """Ask the same scenario with another table, as `open_files`."""
    folder = _new_folder()
    try:
        _ask(replace_table(state.asked().scenario, key, name, content, folder))
    except DataError as error:
        _refuse(error.faults, folder)


def _ask(path: Path) -> None:
    done = _look(str(path), {})
    if done.kind != "result":
        _refuse(
            done.faults or (Fault("upload", "", "", done.message or "stopped", "try again"),),
            path.parent,
        )
        return
    new = ScenarioEdit.of_file(str(path))
    st.session_state["upload_trouble"] = None
    st.session_state["example"] = f"uploaded: {new.base['name']}"
    state.set_asked(new)
    state.solve()


def _refuse(faults: tuple[Fault, ...], folder: Path) -> None:
    st.session_state["upload_trouble"] = (faults, f"{folder}/")


def trouble() -> tuple[tuple[Fault, ...], str] | None:
    """Faults of the last upload, and the folder that is left out of file names."""
    return st.session_state.get("upload_trouble")


def looked(one: ScenarioEdit) -> Outcome:
    """Summaries of the tables that are asked; read once for each file and set of LLMs."""
    key = (one.path, repr(sorted(one.overrides.items(), key=repr)))
    kept = st.session_state.get("looked")
    if kept is None or kept[0] != key:
        st.session_state["looked"] = kept = (key, _look(one.path, dict(one.overrides)))
    return kept[1]


def _look(path: str, overrides: Mapping[str, Any]) -> Outcome:
    name = desk().start(LOOK, (path, overrides))
    done = desk().wait(name, LONGEST_S)
    desk().forget(name)
    return done or Outcome("failed", message="Reading the files took too long.")


@st.cache_data(show_spinner=False)
def template_book() -> bytes:
    """The template as a workbook; the same for everybody."""
    # Imported here because XlsxWriter is not needed before.
    from planner.scenario.templates import template_inputs
    from reports.workbook.input_sheets import write_input_book

    folder = Folder()
    path = folder.path / "template.xlsx"
    write_input_book(str(path), template_inputs())
    return path.read_bytes()
