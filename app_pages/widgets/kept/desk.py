"""On the pages New scenario and Compare: what an earlier visit left there, to go on from."""

from collections.abc import Callable

import streamlit as st

from app_pages.session.draft import current_draft
from app_pages.session.kept_desk import (
    ANSWERS_FILE,
    PLANS_FILE,
    decline_desk,
    desk_of_before,
    resume_desk_answers,
    resume_desk_plans,
)
from app_pages.widgets.markdown import failure_markdown_box, plain_markdown

__all__ = ["draw_desk_answers_offer", "draw_desk_plans_offer"]


def draw_desk_answers_offer() -> None:
    """A half-filled New scenario of an earlier visit."""
    if not st.session_state.get("desk-whole", True):
        st.caption("The files were too large to be kept (50 MB together): upload them again.")
    if not current_draft().values:  # else it would take the place of what was entered since
        words = "Half-filled in an earlier visit", "Resume these answers"
        _draw_desk_offer(ANSWERS_FILE, words, resume_desk_answers)


def draw_desk_plans_offer() -> None:
    """The plans of an earlier visit."""
    words = "Plans of an earlier visit", "Resume these plans"
    _draw_desk_offer(PLANS_FILE, words, resume_desk_plans)


def _draw_desk_offer(part: str, words: tuple[str, str], resume: Callable[[int], None]) -> None:
    """words: before what was kept, and on the button that brings it back."""
    if (failed := st.session_state.pop("desk-failure", None)) is not None:
        failure_markdown_box(failed, "Not brought back", "")
    kept = desk_of_before(part)
    if kept is None:
        return
    st.info(f"**{words[0]}**: {plain_markdown(kept.name)}, {kept.saved:%d %b %H:%M} UTC.")
    with st.container(horizontal=True):
        st.button(words[1], key="resume-desk", on_click=resume, args=(kept.number,))
        st.button("Leave them", key="decline-desk", on_click=decline_desk, args=(part,))
