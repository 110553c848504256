"""The work of a session is kept as drafts as it changes, and offered again when the page is opened
anew.

A draft is one state: it is replaced while inputs are edited and when their plan comes, and stays as
it is once a plan of these inputs was shown: what is edited then is the next one. An example as it
is in its file is no work.

kept-draft        _Kept: the state that was kept last in this session, and the draft's name
kept-draft-offer  Future of the visitor's drafts of before; None once it was answered
"""

import secrets
from collections.abc import Sequence
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages.jobs.draft_keeper import ANSWERS_FILE, PLANS_FILE, DraftState
from app_pages.session import opened_work, reruns, state, uploads
from app_pages.session.server import draft_keeper
from app_pages.session.visitor import visitor_of_drafts
from planner.errors import DataError
from planner.packed_files import EXAMPLES
from planner.scenario.edits import ScenarioEdit, edit_words

if TYPE_CHECKING:
    from planner.library.drafts import KeptDraft

__all__ = [
    "decline_drafts",
    "draft_fault",
    "drafts_of_before",
    "drafts_of_visitor",
    "is_work_draft",
    "keep_session_draft",
    "offered_drafts",
    "remove_drafts_of_visitor",
    "resume_draft",
]

PATIENCE_S = 2.0
"""So long the first page of a session is not drawn for the list of drafts; later ones look."""
ANSWER_S = 15.0


@dataclass(frozen=True)
class _Kept:
    """draft: its name at the keeper; edit, view: what was on the page; is_done: whether the plan
    is of these inputs.
    """

    draft: str
    edit: ScenarioEdit
    view: Any
    is_done: bool


@reruns.survive_reruns
def keep_session_draft() -> None:
    """Keep what is on the page where it has changed since it was kept. Called once, before a page
    is drawn.
    """
    visitor, edit, here = visitor_of_drafts(), state.current_edit(), state.plan_on_page()
    if visitor:
        drafts_of_before(visitor)
    if not visitor or not _is_work(edit):
        return
    if here is not None and here.edit.path != edit.path:
        here = None  # of the scenario before
    last: _Kept | None = st.session_state.get("kept-draft")
    view = None if here is None else here.view
    if last is not None and last.view is view and last.edit == edit:
        return
    draft = secrets.token_hex(8)
    if last is not None and last.edit.path == edit.path and not last.is_done:
        draft = last.draft
    elif last is None and (resumed := opened_work.opened_draft()):
        # It is written once more, and not kept twice.
        draft_keeper().go_on_from(draft, resumed)
    is_done = here is not None and here.edit == edit
    name = ", ".join([str(st.session_state.get("example", "")), *edit_words(edit)])
    plan = None if here is None else here.content
    planned = {} if here is None else dict(here.edit.overrides)
    draft_keeper().keep_state(visitor, draft, DraftState(name, edit, plan, planned))
    st.session_state["kept-draft"] = _Kept(draft, edit, view, is_done)
    st.session_state["kept-draft-offer"] = None


def _is_work(edit: ScenarioEdit) -> bool:
    """Whether anything would be lost: an upload, or a change of an example; not what a link has
    opened, which the link opens again.
    """
    if opened_work.is_opened_work(edit):
        return False
    return bool(edit.overrides) or st.session_state.get("example") not in EXAMPLES


def offered_drafts() -> "Sequence[KeptDraft]":
    """Drafts to go on from, the newest first, as long as this session has no work of its own and
    nobody declined.
    """
    visitor = visitor_of_drafts()
    if not visitor:
        return ()
    patience = 0.0
    if "kept-draft-offer" not in st.session_state:
        st.session_state["kept-draft-offer"] = drafts_of_before(visitor)
        patience = PATIENCE_S
    listed: Future[tuple[KeptDraft, ...]] | None = st.session_state["kept-draft-offer"]
    if listed is None:
        return ()
    try:
        return [one for one in listed.result(patience) if is_work_draft(one)]
    except (TimeoutError, DataError):
        return ()


def drafts_of_before(visitor: str) -> "Future[tuple[KeptDraft, ...]]":
    """All that was kept of this person before this session kept anything."""
    if "drafts-of-before" not in st.session_state:
        st.session_state["drafts-of-before"] = draft_keeper().list_states(visitor)
    listed: Future[tuple[KeptDraft, ...]] = st.session_state["drafts-of-before"]
    return listed


def is_work_draft(draft: "KeptDraft") -> bool:
    """Whether a draft is a scenario with its plan."""
    return draft.file not in (ANSWERS_FILE, PLANS_FILE)


@reruns.survive_reruns
def decline_drafts() -> None:
    """Offer nothing more in this session; the page Library still lists drafts."""
    st.session_state["kept-draft-offer"] = None


@reruns.survive_reruns
def resume_draft(number: int, name: str) -> None:
    """Put a draft on the page: `uploads` shows it when a worker has read it. name: the draft's."""
    uploads.open_kept_draft(visitor_of_drafts(), number, name.partition(", ")[0])


def drafts_of_visitor() -> "Sequence[KeptDraft]":
    """All drafts of this person, scenarios first. DataError where the library cannot be read."""
    visitor = visitor_of_drafts()
    listed = draft_keeper().list_states(visitor).result(ANSWER_S) if visitor else ()
    return sorted(listed, key=lambda one: not is_work_draft(one))


@reruns.survive_reruns
def remove_drafts_of_visitor(numbers: Sequence[int]) -> None:
    """Remove drafts of this person. DataError where the library cannot be written."""
    draft_keeper().remove_states(visitor_of_drafts(), numbers).result(ANSWER_S)


def draft_fault() -> str:
    """Why the work on this page is not kept; "" where it is."""
    last: _Kept | None = st.session_state.get("kept-draft")
    return "" if last is None else draft_keeper().fault_of(last.draft)
