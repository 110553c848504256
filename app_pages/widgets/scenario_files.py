"""Files of a scenario on the page Inputs: open your own, save the inputs, replace a table."""

from functools import partial
from typing import Any

import streamlit as st

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from app_pages.session import job_slots, reruns, saved_plans, state, uploads
from app_pages.widgets.markdown import (
    fault_count,
    faults_markdown_box,
    markdown_bullets,
    plain_markdown,
)
from app_pages.widgets.tables import draw_shown_table
from planner.program import PROGRAM
from planner.scenario.templates import TEMPLATE_TEXTS
from planner.scenario.upload import ENDINGS, TABLE_ENDINGS

__all__ = ["draw_opening_scenario_files", "draw_saving_scenario_files", "draw_scenario_tables"]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw_opening_scenario_files() -> None:
    """Upload a scenario, or take a template."""
    head = "Open your own scenario, or take a template"
    failed = uploads.upload_failure()
    with st.expander(head, icon=":material/folder_open:", expanded=failed is not None):
        st.markdown(
            "Upload **one workbook** (.xlsx), or **scenario.yaml** with its profiles and scores"
            " (CSV or Parquet), or **one zip** of them. A **plan.json** of that scenario beside"
            " them is checked and shown as it is, without a new search. With nothing to upload,"
            " begin on the page New scenario."
        )
        files = st.file_uploader(
            "Scenario files",
            type=[ending[1:] for ending in ENDINGS],
            accept_multiple_files=True,
            key="scenario-files",
        )
        st.button(
            "Open these files",
            key="open-files",
            type="primary",
            disabled=not files or job_slots.is_running(uploads.UPLOAD),
            on_click=_open_files,
        )
        if failed:
            _draw_upload_failure(*failed)
        _draw_scenario_templates()


def _draw_upload_failure(done: JobOutcome, folder: str) -> None:
    if done.kind is OutcomeKind.FAULTS:
        faults_markdown_box(done.faults, f"Not opened: {fault_count(done.faults)}", folder)
    else:
        st.error(f"**Not opened; the inputs are as before.** {plain_markdown(done.message)}")


def _draw_scenario_templates() -> None:
    st.markdown("**Templates**: a small example. Replace its rows with yours.")
    with st.container(horizontal=True):
        _draw_template("Workbook", "my-cluster.xlsx", uploads.upload_template_book(), XLSX, "xlsx")
        for name, text in TEMPLATE_TEXTS.items():
            _draw_template(name, name, text, "text/plain", name)


def _draw_template(label: str, name: str, data: str | bytes, mime: str, key: str) -> None:
    st.download_button(label, data, name, mime, key=f"template-{key}", on_click="ignore")


@reruns.survive_reruns
def _open_files() -> None:
    """Open the uploaded files."""
    uploads.open_uploaded_files(st.session_state["scenario-files"])


def draw_saving_scenario_files() -> None:
    """Save the inputs to a file, or go back to those of an earlier plan."""
    with st.expander("Save these inputs, or go back to earlier ones", icon=":material/save:"):
        st.markdown(
            "A zip of scenario.yaml, profiles and scores: open it here again, or unpack it for"
            f" `{PROGRAM} plan`."
        )
        edit, own = state.current_edit(), str(state.edited_content()["name"])
        name = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in own)
        data, key = partial(uploads.zipped_scenario, edit), "save-zip"
        file, mime = f"{name}.zip", "application/zip"
        st.download_button("Save as zip", data, file, mime, key=key, on_click="ignore")
        names = list(reversed(saved_plans.by_name()))
        if names:
            st.selectbox("Earlier plans of this session", names, key="earlier", width=450)
            label = "Go back to this plan and its inputs"
            st.button(label, key="load-earlier", on_click=_show_earlier)


@reruns.survive_reruns
def _show_earlier() -> None:
    """Put the chosen plan and its inputs on the page."""
    if st.session_state["earlier"] in saved_plans.by_name():
        saved_plans.show_saved_plan(st.session_state["earlier"])


# ---------------------------------------------------------------- tables


def draw_scenario_tables(done: JobOutcome | None) -> None:
    """Summaries of profiles and scores; another table in place of one.

    done: of `uploads.table_summaries`.
    """
    st.header("Profiles and scores")
    if done is None:
        st.info("Reading the tables.")
    elif done.kind is OutcomeKind.FAULTS:
        head = f"{fault_count(done.faults)} before this can be solved"
        faults_markdown_box(done.faults, head, state.scenario_folder())
    elif not done.has_result:
        st.warning(plain_markdown(done.message))
        again = "Read the tables again"
        st.button(again, key="read-again", on_click=uploads.forget_table_summaries)
    else:
        _draw_scenario_file_summary(done.result)
    with st.expander("Replace a table with your own file", icon=":material/upload_file:"):
        for key in ("profiles", "scores"):
            _draw_scenario_file_replacement(key)


def _draw_scenario_file_replacement(key: str) -> None:
    """Upload another table."""
    title = key.capitalize()
    file = st.file_uploader(
        f"{title}: CSV, Parquet, or a workbook with a sheet {title}",
        type=[ending[1:] for ending in TABLE_ENDINGS],
        key=f"file-{key}",
    )
    st.button(
        f"Use these {key}",
        key=f"take-{key}",
        disabled=file is None or job_slots.is_running(uploads.UPLOAD),
        on_click=_open_table,
        args=(key,),
    )


@reruns.survive_reruns
def _open_table(key: str) -> None:
    """Put the uploaded table in place."""
    uploads.open_uploaded_table(key, st.session_state[f"file-{key}"])


def _draw_scenario_file_summary(summary: dict[str, Any]) -> None:
    """What the tables hold."""
    st.markdown(
        f"**Profiles**: {summary['options']:,} options can be chosen, {summary['left_out']:,}"
        f" {'is' if summary['left_out'] == 1 else 'are'} left out (the page Plan says why)."
    )
    draw_shown_table(
        summary["profiles"],
        "Profiles: options, degrees, shares, rates and provenance by LLM and GPU type.",
    )
    dropped = summary["dropped_prompts"]
    without = f", {dropped:,} left out because a score is missing" if dropped else ""
    st.markdown(
        f"**Scores**: predicted quality of each LLM's answer to {summary['prompts']:,}"
        f" prompts{without}."
    )
    draw_shown_table(
        summary["scores"], "Scores: mean, lowest and highest by LLM, and how often it is the best."
    )
    if notices := summary["notices"]:
        with st.expander(f"{len(notices)} {'notice' if len(notices) == 1 else 'notices'}"):
            markdown_bullets(line.replace(state.scenario_folder(), "") for line in notices)
