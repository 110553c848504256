"""The answers of the page New scenario, kept while its steps and other pages come and go.

values     name of a field -> what was entered; names of the fields are those of the steps
step       the step that is shown, from 0
faults     why Next did not lead on
folders    uploaded files and what workers made of them, by the slot that reads them
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.jobs.messages import JobOutcome
from app_pages.session import job_slots
from app_pages.session.uploads import QUICK_S, TemporaryFolder, store_uploaded_file
from profiles.io.faults import Fault

__all__ = [
    "Draft",
    "current_draft",
    "draft_files",
    "draft_folder",
    "draft_outcome",
    "draft_rows",
    "draft_value",
    "forget_draft",
    "forget_draft_files",
    "set_draft_value",
    "store_draft_files",
]


@dataclass
class Draft:
    """See above."""

    step: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    folders: dict[str, TemporaryFolder] = field(default_factory=dict)
    files: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


def current_draft() -> Draft:
    """The draft of this session."""
    draft: Draft = st.session_state.setdefault("draft", Draft())
    return draft


def forget_draft() -> None:
    """Begin anew."""
    for slot in current_draft().folders:
        job_slots.clear_slot(slot)
    st.session_state["draft"] = Draft()


def draft_value(name: str, default: Any = None) -> Any:
    """What was entered in a field, or what it holds at first."""
    return current_draft().values.get(name, default)


def draft_rows(name: str, first: int) -> list[int]:
    """Numbers of the rows of a list of fields; `first` rows to begin with."""
    rows: list[int] = draft_value(f"{name} rows", list(range(first)))
    return rows


def set_draft_value(name: str, value: Any) -> None:
    """Enter a value."""
    current_draft().values[name] = value
    current_draft().faults = ()


def store_draft_files(slot: str, files: Sequence[UploadedFile]) -> None:
    """Store uploaded files for a worker, in place of earlier ones of the slot."""
    forget_draft_files(slot)
    draft = current_draft()
    stored = draft.folders[f"{slot}: stored"] = TemporaryFolder()
    draft.files[slot] = tuple(
        (file.name, store_uploaded_file(file, stored, k)) for k, file in enumerate(files)
    )
    draft.folders[slot] = TemporaryFolder()


def forget_draft_files(slot: str) -> None:
    """Take uploaded files back, and what was made of them."""
    draft = current_draft()
    job_slots.clear_slot(slot)
    draft.files.pop(slot, None)
    draft.folders.pop(slot, None)
    draft.faults = ()


def draft_files(slot: str) -> tuple[tuple[str, str], ...]:
    """Name and stored path of the uploaded files of a slot."""
    return current_draft().files.get(slot, ())


def draft_folder(slot: str) -> str:
    """The folder where a slot's worker unpacks and writes."""
    folders = current_draft().folders
    if slot not in folders:
        folders[slot] = TemporaryFolder()
    return str(folders[slot].path)


def draft_outcome(slot: str, call: str, args: Sequence[Any], label: str) -> JobOutcome | None:
    """What a worker makes of files with these arguments; it is started where it has others, and the
    page drawn anew. None while it reads.
    """
    job = job_slots.get(slot)
    if job is None or job.args != tuple(args):
        job_slots.start_reading_in_slot(slot, call, args, label, wait=QUICK_S)
        st.rerun()
    return job.outcome
