"""Keep the plan shown in the library, under a name and with tags."""

import streamlit as st

from app_pages.session import job_slots, saved_plans, state
from app_pages.session.visitor import kept_as_visitor
from app_pages.widgets.markdown import failure_markdown_box

__all__ = ["draw_keep_form"]

SLOT, KEEP = "keep-plan", "app_pages.jobs.library:keep_plan_job"


def draw_keep_form() -> None:
    """Keep the plan shown under a name."""
    st.header("Keep the plan shown")
    here = state.plan_on_page()
    if here is None:
        st.markdown("There is no plan yet.")
        return
    shown = state.shown_plan()
    name = here.content["scenario"]
    if shown is not None:
        name = saved_plans.name_of(shown) or saved_plans.default_name(shown)
    with st.form("keep-plan-form", border=False):
        kept_as = st.text_input("Name", value=name[:80], max_chars=80, width=450)
        tags = st.text_input("Tags, with commas between", max_chars=200, width=450)
        if st.form_submit_button("Keep this plan", type="primary"):
            words = tuple(dict.fromkeys(tag.strip() for tag in tags.split(",") if tag.strip()))
            args = (*here.args, here.content, kept_as_visitor(kept_as.strip(), words))
            job_slots.start_in_slot(SLOT, KEEP, args, "Keeping the plan", wait=5.0)
            st.rerun()
    done = job_slots.outcome(SLOT)
    if done is None:
        return
    if done.has_result:
        st.success(f"Kept as number {done.result}.")
    else:
        failure_markdown_box(done, "Not kept", state.scenario_folder())
