"""What can be done with a record of the library: open it; and where it is one's own, rename it,
remove it, make a link to it, and let all who sign in read it.
"""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app_pages.jobs.messages import OutcomeKind
from app_pages.session import job_slots, reruns, share_link, uploads
from app_pages.session.server import compute_now
from app_pages.session.visitor import owner_of_visitor, visitors_sign_in
from app_pages.widgets.markdown import failure_markdown_box, plain_markdown

__all__ = ["KeptRow", "draw_record_actions"]

JOBS = "app_pages.jobs.library"
FIND_LINK, LINK, UNLINK, REMOVE, RENAME, SHOW, HIDE = (
    f"{JOBS}:{name}_job"
    for name in (
        *("find_link", "share_kept", "revoke_link"),
        *("remove_kept", "rename_kept", "show_kept", "hide_kept"),
    )
)


@dataclass(frozen=True, kw_only=True)
class KeptRow:
    """The record that is chosen. words: as the list of records has it; is_own: whether this person
    may change it; is_shared: whether all who sign in may read it.
    """

    number: int
    name: str
    words: str
    is_own: bool
    is_shared: bool


def draw_record_actions(row: KeptRow) -> None:
    """Buttons for the record that is chosen, and what came of the last one."""
    with st.container(horizontal=True):
        st.button(
            "Open and solve",
            key="open-kept",
            disabled=job_slots.is_running(uploads.UPLOAD),
            on_click=_open_record,
            args=(row,),
            help="Plans the record's scenario again and shows the plan on the page Plan.",
        )
        if row.is_own:
            _draw_own_record_actions(row)
    if not row.is_own:
        st.caption("It belongs to somebody else: open it, and keep a copy of your own.")
    if (failed := st.session_state.pop("record-failure", None)) is not None:
        failure_markdown_box(failed, "Not done", "")
    if (unopened := uploads.upload_failure()) is not None:
        failure_markdown_box(unopened[0], "Not opened", unopened[1])


def _draw_own_record_actions(row: KeptRow) -> None:
    with st.popover("Rename"):
        key = f"rename-kept-{row.number}"
        st.text_input("New name", value=row.name, max_chars=80, key=key)
        st.button("Rename it", key="rename-kept", on_click=_rename_record, args=(row, key))
    with st.popover("Link"):
        _draw_record_link(row)
    if visitors_sign_in():
        job, label = (HIDE, "Keep to myself") if row.is_shared else (SHOW, "Share with all")
        shown = (job, (row.number, owner_of_visitor()))
        words = "Everybody who signs in can read a record that is shared with all."
        st.button(label, key="show-kept", on_click=_change_record, args=shown, help=words)
    with st.popover("Remove"):
        st.markdown(f"**{plain_markdown(row.words)}** goes for good, and its link.")
        args = (REMOVE, (row.number, owner_of_visitor()))
        st.button("Remove it", key="remove-kept", on_click=_change_record, args=args)


def _draw_record_link(row: KeptRow) -> None:
    """The link of a record, which is looked up on a click."""
    st.markdown("Whoever has the link can open this record, and change nothing of it.")
    known: tuple[int, str] | None = st.session_state.get("record-link")
    args = (row.number, owner_of_visitor())
    if known is None or known[0] != row.number:
        st.button(
            "Show the link, if there is one",
            key="find-link",
            on_click=_take_record_link,
            args=(FIND_LINK, *args),
        )
    elif known[1]:
        st.code(share_link.address_of_link(known[1]), language=None, wrap_lines=True)
        st.button(
            "Take it back", key="revoke-link", on_click=_take_record_link, args=(UNLINK, *args)
        )
    else:
        st.markdown("It has none.")
    if known is None or known[0] != row.number or not known[1]:
        st.button("Make a link", key="make-link", on_click=_take_record_link, args=(LINK, *args))


@reruns.survive_reruns
def _open_record(row: KeptRow) -> None:
    """Let a worker read the record; `uploads` puts it on the page."""
    uploads.open_kept_record(row.number, row.words)


@reruns.survive_reruns
def _rename_record(row: KeptRow, key: str) -> None:
    """Give the record the name in the field."""
    if name := str(st.session_state[key]).strip():
        _change_record(RENAME, (row.number, name, owner_of_visitor()))


@reruns.survive_reruns
def _change_record(job: str, args: tuple[Any, ...]) -> None:
    """Do something to a record; `draw_record_actions` says why it was not done."""
    done = compute_now(job, args)
    if done.kind is not OutcomeKind.RESULT:
        st.session_state["record-failure"] = done


@reruns.survive_reruns
def _take_record_link(job: str, number: int, owner: str | None) -> None:
    """Find, make or take back the link of a record."""
    done = compute_now(job, (number, owner))
    if done.kind is OutcomeKind.RESULT:
        st.session_state["record-link"] = (number, done.result or "")
    else:
        st.session_state["record-failure"] = done
