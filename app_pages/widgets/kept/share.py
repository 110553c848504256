"""Links to what is kept: made for the plan shown, shown and taken back, and what one has opened."""

import streamlit as st

from app_pages.session import saved_plans, share_link, uploads
from app_pages.session.state import ShownCells, ShownPlan
from app_pages.session.visitor import (
    is_library_open,
    kept_as_visitor,
    visitor_signed_in,
    visitors_sign_in,
)
from app_pages.widgets.job_button import JobButton, draw_job_button
from app_pages.widgets.markdown import failure_markdown_box
from planner.scenario.edits import edit_words

__all__ = ["draw_share_maker", "draw_share_notice"]


def draw_share_notice() -> None:
    """Above every page: what a link has opened, or why it has not."""
    if not share_link.opened_link():
        return
    if share_link.is_link_shown():
        words = ":material/link: Opened from a link, read-only"
        if not visitors_sign_in() or visitor_signed_in() is not None:
            words += ": what you change and plan here is your own copy"
        st.caption(f"{words}.")
    elif (unopened := uploads.upload_failure()) is not None:
        failure_markdown_box(unopened[0], "The link was not opened", unopened[1])


def draw_share_maker(here: ShownPlan | ShownCells) -> None:
    """Keep the plan shown in the library and make a link to it."""
    st.markdown(
        "**Link to this plan**: keeps it in the library. Whoever has the link can open it, and"
        " change nothing of what is kept. The page Library takes it back."
    )
    if not is_library_open():
        st.caption("Not on this server: its library is not open here (see the page Library).")
        return
    args = (*here.args, here.content, kept_as_visitor(_shared_name(here)))
    made = draw_job_button(
        JobButton(
            slot="share-plan",
            call="app_pages.jobs.library:share_plan_job",
            args=args,
            label="Keeping the plan",
            words="Make a link",
            key="share-plan",
            unmade="No link was made",
            wait=5.0,
        )
    )
    if made is not None:
        number, key = made
        st.code(share_link.address_of_link(key), language=None, wrap_lines=True)
        st.caption(f"Kept as number {number}.")


def _shared_name(here: ShownPlan | ShownCells) -> str:
    if isinstance(here, ShownPlan):
        return (saved_plans.name_of(here) or saved_plans.default_name(here))[:80]
    return ", ".join([here.content["scenario"], *(edit_words(here.edit) or ["as given"])])[:80]
