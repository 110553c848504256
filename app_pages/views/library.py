"""The page Library: keep the plan shown, find what was kept, go on from it, remove it."""

import os

import pandas as pd
import streamlit as st

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from app_pages.session import job_slots, reruns, saved_plans, state, uploads
from app_pages.session.server import compute_now
from app_pages.widgets.markdown import failure_markdown_box, faults_markdown_box, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.errors import DataError
from planner.library.kept_record import KeptAs
from planner.library.location import library_location

KEEP, LIST, REMOVE = (
    "app_pages.jobs.library:keep_plan_job",
    "app_pages.jobs.library:list_kept_job",
    "app_pages.jobs.library:remove_kept_job",
)
SLOT = "keep-plan"
SHARED = "PLANNER_PAGE_LIBRARY"
"""Variable of the environment that opens the library on a page that other machines can open."""
OWN = ("localhost", "127.0.0.1", "::1")
SHOWN = (
    *("Number", "Kind", "Name", "Result", "Gap (%)", "Cost (USD/h)", "GPUs used", "Tags"),
    *("Note", "Kept (UTC)", "Scenario", "Planner"),
)
NO_LOGIN = (
    "There is no log-in here, and everybody who can open this page would see and change what is"
    f" kept. Whoever runs the server can allow that with {SHARED}=shared."
)


def draw_library_view() -> None:
    """The whole page."""
    st.title("Library")
    if not is_library_open():
        st.info(NO_LOGIN)
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
    st.caption(f"{plain_markdown(where)}. Everybody who can open this page uses it.")
    draw_library_keeping()
    draw_library_records()


def is_library_open() -> bool:
    """Whether this page may show the library: on this machine alone, or where it is allowed."""
    return st.get_option("server.address") in OWN or os.environ.get(SHARED) == "shared"


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
            args = (*here.args, here.content, KeptAs(kept_as.strip(), words))
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
    done = compute_now(LIST, (text,))
    if not done.has_result:
        _draw_library_failure(done)
        return
    records: pd.DataFrame = done.result
    if not len(records):
        st.markdown("Nothing fits." if text else "Nothing is kept yet.")
        return
    times = records["Kept (UTC)"].dt.strftime("%Y-%m-%d %H:%M")
    shown = records[list(SHOWN)].assign(**{"Kept (UTC)": times})
    draw_shown_table(shown, "What is kept: one row a plan, scenario or study.")
    names = {
        int(number): f"{number}: {name} ({kind})"
        for number, name, kind in zip(
            records["Number"], records["Name"], records["Kind"], strict=True
        )
    }
    chosen = st.selectbox("Record", list(names), format_func=names.__getitem__, width=450)
    st.button(
        "Open and solve",
        key="open-kept",
        disabled=job_slots.is_running(uploads.UPLOAD),
        on_click=_open_kept,
        args=(chosen, names[chosen]),
        help="Puts the record's scenario on the page and plans it again.",
    )
    with st.popover("Remove"):
        st.markdown(f"**{plain_markdown(names[chosen])}** goes for good.")
        st.button("Remove it", key="remove-kept", on_click=_remove_kept, args=(chosen,))
    if (failed := st.session_state.pop("library-failure", None)) is not None:
        _draw_library_failure(failed)
    if (unopened := uploads.upload_failure()) is not None:
        failure_markdown_box(unopened[0], "Not opened", unopened[1])


def _draw_library_failure(done: JobOutcome) -> None:
    if done.kind is OutcomeKind.FAULTS:
        faults_markdown_box(done.faults, "The library cannot be used")
    else:
        st.error(plain_markdown(done.message))


@reruns.survive_reruns
def _open_kept(number: int, name: str) -> None:
    """Let a worker read the record; `uploads` puts it on the page."""
    uploads.open_kept_record(number, name)


@reruns.survive_reruns
def _remove_kept(number: int) -> None:
    """Remove a record."""
    done = compute_now(REMOVE, (number,))
    if done.kind is not OutcomeKind.RESULT:
        st.session_state["library-failure"] = done


draw_library_view()
