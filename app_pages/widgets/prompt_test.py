"""The router on prompts that its prices were not computed on, for the page Router."""

from functools import partial
from typing import Any, Literal

import streamlit as st

from app_pages.charts.empty import empty_gains_reason, show_chart_unless_empty
from app_pages.charts.router import build_router_gains_chart
from app_pages.session import job_slots, reruns, state
from app_pages.session.state import ShownPlan
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets
from app_pages.widgets.tables import draw_shown_table

__all__ = ["draw_prompt_test"]

Colour = Literal["green", "orange", "red"]
COLOURS: dict[str, Colour] = {"holds": "green", "uncertain": "orange", "misses": "red"}
SPLIT, OTHER, OWN = "Split the plan's prompts", "Other scores", "The plan's own prompts"
TABLES = ["csv", "parquet"]
SLOT, JOB = "router-test", "app_pages.jobs.router:router_evaluation_job"


def draw_prompt_test(here: ShownPlan) -> None:
    """Which prompts, a button, and the result."""
    st.header("On other prompts")
    st.markdown(
        "How do the prices do on prompts that they were not computed on: fractions, limits,"
        " quality?"
    )
    mode = st.segmented_control(
        "Tested on", [SPLIT, OTHER, OWN], default=SPLIT, required=True, key="router-how"
    )
    with st.container(horizontal=True):
        files = _draw_prompt_test_uploads(mode)
        split = _draw_split() if mode == SPLIT else None
        hint = "Of the split and of the intervals."
        seed = st.number_input("Seed", 0, 1_000_000, 0, key="router-seed", width=140, help=hint)
    args = (*here.args, here.content, files, split, seed)
    off = job_slots.is_running(SLOT) or (mode == OTHER and "scores" not in files)
    st.button(
        "Test",
        key="router-test",
        type="primary",
        disabled=off,
        on_click=_start,
        args=(here, args),
    )
    done, job = job_slots.slot_outcome_for(SLOT, args), job_slots.get(SLOT)
    if done is not None and done.has_result:
        _draw_prompt_test_result(done.result)
    elif done is not None:
        failure_markdown_box(done, "Not tested", state.scenario_folder())
    elif job is not None and job.args != args:
        st.caption("The inputs changed since the last test.")


def _draw_prompt_test_uploads(mode: str) -> dict[str, tuple[str, bytes]]:
    """Tables that were uploaded: scores where they are needed, grades always."""
    files = {}
    if mode == OTHER:
        files["scores"] = st.file_uploader(
            "Scores: prompt_id and one column per LLM", TABLES, key="router-scores", width=330
        )
    files["grades"] = st.file_uploader(
        "True grades of the same prompts, if known", TABLES, key="router-grades", width=330
    )
    return {key: (file.name, file.getvalue()) for key, file in files.items() if file is not None}


def _draw_split() -> float:
    label = "Part that prices are computed on"
    return st.slider(label, 0.1, 0.9, 0.5, 0.05, key="router-split", width=300)


@reruns.survive_reruns
def _start(here: ShownPlan, args: tuple[Any, ...]) -> None:
    """Start it."""
    key = state.scores_key(here.edit)
    job_slots.start_reading_in_slot(SLOT, JOB, args, "Routing other prompts", key=key, wait=1.2)


def _draw_prompt_test_result(result: dict[str, Any]) -> None:
    """Verdict, gains, fractions and limits."""
    graded = result["graded"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(result["verdict"], color=COLOURS[result["verdict"]])
        words = f"{result['prompts']:,} prompts, {'with' if graded else 'without'} grades"
        st.markdown(words, width="stretch")
    markdown_bullets([*result["lines"], *result["notices"]])
    st.markdown("**What the router gains or loses against other ways to send these prompts**")
    gains = result["comparisons"]
    reason = empty_gains_reason(gains, len(result["fractions"]))
    chart = partial(build_router_gains_chart, gains, graded=graded)
    show_chart_unless_empty(reason, chart, "router-gains")
    draw_shown_table(
        result["comparisons"],
        "The router against other ways to send these prompts, with intervals.",
        leave_out=["Standard error (score)", "95 % interval (± score)"],
    )
    st.markdown("**Fractions and limits on these prompts**")
    draw_shown_table(
        result["fractions"],
        "Planned and realised fraction of every LLM with its 95 % interval.",
        leave_out=() if graded else ("Mean grade",),
    )
    draw_shown_table(
        result["limits"], "Every limit: planned, realised with its 95 % interval, verdict."
    )
    with st.expander("Quality of every way to send these prompts"):
        draw_shown_table(
            result["routings"],
            "Predicted and graded quality, and the fractions of each way.",
            leave_out=() if graded else ("Graded quality (score)",),
        )
    markdown_bullets(result["basis"])
