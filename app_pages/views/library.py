"""The page Library: keep the plan shown, find what was kept, go on from it, remove it."""

import pandas as pd
import streamlit as st

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from app_pages.session import job_slots, saved_plans, state
from app_pages.session.server import compute_now
from app_pages.session.visitor import (
    SHARED,
    is_library_open,
    kept_as_visitor,
    owner_of_visitor,
    visitors_sign_in,
)
from app_pages.widgets.kept.record_actions import KeptRow, draw_record_actions
from app_pages.widgets.kept.resume import draw_resume_list
from app_pages.widgets.kept.sign_in import sign_in_exposure
from app_pages.widgets.markdown import failure_markdown_box, faults_markdown_box, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.errors import DataError
from planner.library.location import library_location

KEEP, LIST = (
    "app_pages.jobs.library:keep_plan_job",
    "app_pages.jobs.library:list_kept_job",
)
SLOT = "keep-plan"
SHOWN = (
    *("Number", "Kind", "Name", "Result", "Gap (%)", "Cost (USD/h)", "GPUs used", "Tags"),
    *("Note", "Kept (UTC)", "Scenario", "Planner"),
)
WITH_LOGIN = ("Owner", "Shared")
CLOSED = (
    "Everybody who can open this page would see and change what is kept. Whoever runs the server"
    f" can allow that with {SHARED}=shared in its environment, or set up a log-in."
)


def draw_library_view() -> None:
    """The whole page."""
    st.title("Library")
    if not is_library_open():
        st.info(f"{sign_in_exposure()} {CLOSED}")
        return
    try:
        where = library_location().words
    except DataError as error:
        faults_markdown_box(error.faults, "The library cannot be used")
        return
    st.markdown(
        "Plans with their scenarios and tables. They stay when this page or the server ends. The"
        " commands `plan --save` and `library` use the same library."
    )
    # Where the server keeps its files is no business of who signs in on it.
    who = "You see your own records, and those that are shared with all who sign in."
    if not visitors_sign_in():
        exposure = f"{sign_in_exposure()} Whoever opens it uses all of the library."
        who = f"{plain_markdown(where)}. {exposure}"
    st.caption(who)
    draw_library_keeping()
    draw_library_records()
    draw_resume_list()


def draw_library_keeping() -> None:
    """Keep the plan shown under a name."""
    st.subheader("Keep the plan shown")
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


def draw_library_records() -> None:
    """Search, the records, and what can be done with one."""
    st.subheader("What is kept")
    text = st.text_input("Find", placeholder="a part of a name, tag or note", width=450)
    done = compute_now(LIST, (text, owner_of_visitor()))
    if not done.has_result:
        _draw_library_failure(done)
        return
    records: pd.DataFrame = done.result
    if not len(records):
        st.markdown("Nothing fits." if text else "Nothing is kept yet.")
        return
    times = records["Kept (UTC)"].dt.strftime("%Y-%m-%d %H:%M")
    columns = [*SHOWN, *(WITH_LOGIN if visitors_sign_in() else ())]
    shown = records[columns].assign(**{"Kept (UTC)": times})
    draw_shown_table(shown, "What is kept: one row a plan, scenario or study.")
    names = {
        int(number): f"{number}: {name} ({kind})"
        for number, name, kind in zip(
            records["Number"], records["Name"], records["Kind"], strict=True
        )
    }
    chosen = st.selectbox("Record", list(names), format_func=names.__getitem__, width=450)
    row = records[records["Number"] == chosen].iloc[0]
    draw_record_actions(
        KeptRow(
            number=chosen,
            name=str(row["Name"]),
            words=names[chosen],
            is_own=bool(row["Own"]),
            is_shared=bool(row["Shared"]),
        )
    )


def _draw_library_failure(done: JobOutcome) -> None:
    if done.kind is OutcomeKind.FAULTS:
        faults_markdown_box(done.faults, "The library cannot be used")
    else:
        st.error(plain_markdown(done.message))


draw_library_view()
