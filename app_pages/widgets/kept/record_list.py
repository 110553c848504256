"""What is kept in the library: found by a part of its words, listed, and one of it chosen."""

import pandas as pd
import streamlit as st

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from app_pages.session.server import compute_now
from app_pages.session.visitor import owner_of_visitor, visitors_sign_in
from app_pages.widgets.kept.record_actions import KeptRow, draw_record_actions
from app_pages.widgets.markdown import faults_markdown_box, plain_markdown
from app_pages.widgets.tables import draw_shown_table

__all__ = ["draw_record_list"]

LIST = "app_pages.jobs.library:list_kept_job"
SHOWN = (
    *("Number", "Kind", "Name", "Result", "Gap (%)", "Cost (USD/h)", "GPUs used", "Tags"),
    *("Note", "Kept (UTC)", "Scenario", "Planner"),
)
WITH_LOGIN = ("Owner", "Shared")


def draw_record_list() -> None:
    """Search, the records, and what can be done with one."""
    st.header("What is kept")
    text = st.text_input("Find", placeholder="a part of a name, tag or note", width=450)
    done = compute_now(LIST, (text, owner_of_visitor()))
    if not done.has_result:
        _draw_record_list_failure(done)
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


def _draw_record_list_failure(done: JobOutcome) -> None:
    if done.kind is OutcomeKind.FAULTS:
        faults_markdown_box(done.faults, "The library cannot be used")
    else:
        st.error(plain_markdown(done.message))
