"""Drafts of earlier sessions: offered above the page when it is opened, listed on the page
Library.
"""

from typing import TYPE_CHECKING

import streamlit as st

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from app_pages.session import job_slots, kept_drafts, reruns, uploads
from app_pages.session.visitor import visitor_of_drafts, visitors_sign_in
from app_pages.widgets.markdown import failure_markdown_box, plain_markdown
from planner.errors import DataError

if TYPE_CHECKING:
    from planner.library.drafts import KeptDraft

__all__ = ["draw_resume_list", "draw_resume_offer"]


def draw_resume_offer() -> None:
    """Above every page, until this session has work of its own: the newest draft, to go on from;
    and why a draft could not be kept.
    """
    if fault := kept_drafts.draft_fault():
        words = f"Your work is not kept: {plain_markdown(fault)}. Save it on the page Export."
        st.caption(f":material/warning: {words}")
    offered = kept_drafts.offered_drafts()
    if not offered:
        return
    newest, more = offered[0], len(offered) - 1
    with st.container(key="resume"):
        words = f"**Work of an earlier visit**: {_resume_words(newest)}."
        if more:
            words += f" {more} more on the page Library."
        st.info(words)
        with st.container(horizontal=True):
            st.button(
                "Resume",
                key="resume-draft",
                type="primary",
                disabled=job_slots.is_running(uploads.UPLOAD),
                on_click=kept_drafts.resume_draft,
                args=(newest.number, newest.name),
                help="Puts its inputs, tables and plan on the page.",
            )
            st.button("Not now", key="decline-drafts", on_click=kept_drafts.decline_drafts)
    if (unopened := uploads.upload_failure()) is not None:
        failure_markdown_box(unopened[0], "Not opened", unopened[1])


def draw_resume_list() -> None:
    """All drafts of this person: go on from one, remove them."""
    if not visitor_of_drafts():
        return
    st.header("Unsaved work")
    try:
        known = kept_drafts.drafts_of_visitor()
    except DataError:
        return  # the list of records says why
    who = "Whoever uses this browser sees it." if not visitors_sign_in() else "Only you see it."
    st.markdown(
        "The last 20 states of your work, for 30 days: what you uploaded, edited and planned, also"
        f" when the page was closed or the server ended. {who}"
    )
    if not known:
        st.markdown("There is none.")
        return
    names = {one.number: _resume_words(one) for one in known}
    chosen = st.selectbox(
        "Draft", list(names), format_func=lambda number: names[number].replace("\\", ""), width=450
    )
    draft = next(one for one in known if one.number == chosen)
    with st.container(horizontal=True):
        is_work = kept_drafts.is_work_draft(draft)
        st.button(
            "Resume",
            key="resume-listed",
            disabled=job_slots.is_running(uploads.UPLOAD) or not is_work,
            help=None if is_work else "Its own page offers it when this one is opened anew.",
            on_click=kept_drafts.resume_draft,
            args=(draft.number, draft.name),
        )
        st.button("Remove", key="remove-draft", on_click=_remove_listed, args=((draft.number,),))
        if len(known) > 1:
            label = f"Remove all {len(known)}"
            st.button(label, key="remove-drafts", on_click=_remove_listed, args=(tuple(names),))
    if (failed := st.session_state.pop("draft-failure", None)) is not None:
        failure_markdown_box(failed, "Not removed", "")


def _resume_words(draft: "KeptDraft") -> str:
    of_plan = draft.has_plan or not kept_drafts.is_work_draft(draft)
    without = "" if of_plan else " (not solved yet)"
    return f"{plain_markdown(draft.name)}{without}, {draft.saved:%d %b %H:%M} UTC"


@reruns.survive_reruns
def _remove_listed(numbers: tuple[int, ...]) -> None:
    """Remove drafts."""
    try:
        kept_drafts.remove_drafts_of_visitor(numbers)
    except DataError as error:
        done = JobOutcome(OutcomeKind.FAULTS, faults=error.faults)
        st.session_state["draft-failure"] = done
