"""What moves the plan, and how far its setup holds: two studies of the page What-if, each a
background job.
"""

from functools import partial
from typing import Any

import streamlit as st

from app_pages.charts.empty import empty_tornado_reason, show_chart_unless_empty
from app_pages.charts.what_if import build_what_if_tornado_chart
from app_pages.jobs.messages import JobOutcome
from app_pages.session import job_slots, reruns, state
from app_pages.session.state import ShownCells, ShownPlan
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.presentation.sensitivity.thresholds import threshold_lines, thresholds_table
from planner.presentation.sensitivity.tornado import tornado_lines, tornado_table
from planner.scenario.edits import content_of_edit
from profiles.io.writing import csv_text

__all__ = ["draw_sensitivity"]

TORNADO, THRESHOLDS = "tornado", "thresholds"
"""Slots, and beginnings of the keys of their widgets."""
JOBS = {slot: f"app_pages.jobs.what_if:what_if_{slot}_job" for slot in (TORNADO, THRESHOLDS)}
LABELS = {TORNADO: "What moves the plan", THRESHOLDS: "How far the setup holds"}
STOPPED = "Stopped: what was planned until then."


def draw_sensitivity(here: ShownPlan | ShownCells) -> None:
    """Both studies of the plan's own inputs; nothing of a plan without a setup."""
    if not (here.content.get("options") or here.content.get("setups")):
        return
    st.header("What moves the plan: every input 10 % less and more")
    st.markdown(
        "Rate, limits, prices, scores and latencies of each LLM, nodes, headroom: one at a time,"
        " each planned again, ranked by how much they move the objective."
    )
    done = _sensitivity_outcome(here, TORNADO, "Plan them all")
    if done is not None:
        _draw_tornado(done.result)
    _draw_setup_holds(here)


def _draw_setup_holds(here: ShownPlan | ShownCells) -> None:
    st.header("How far the setup holds")
    if content_of_edit(here.edit)["fleet"]["mode"] == "scheduled":
        st.markdown("A scheduled fleet changes its setup with the case: it has no one to hold.")
        return
    st.markdown(
        "Between which rates, and prices where cost counts, today's setup stays the best: found by"
        " planning again, to 1 % of today's value."
    )
    done = _sensitivity_outcome(here, THRESHOLDS, "Find the thresholds")
    if done is not None:
        _draw_thresholds(done.result)


def _sensitivity_outcome(here: ShownPlan | ShownCells, slot: str, label: str) -> JobOutcome | None:
    """What a study of this very plan has found; a button where it was not made."""
    done = job_slots.slot_outcome_for(slot, here.args)
    if done is None:
        st.button(
            label,
            key=f"what-if-{slot}",
            disabled=job_slots.is_running(slot),
            on_click=_start_sensitivity,
            args=(here, slot),
        )
        return None
    if not done.has_result:
        failure_markdown_box(done, "Not planned", state.scenario_folder())
        return None
    if not done.result.complete:
        st.warning(STOPPED)
    return done


@reruns.survive_reruns
def _start_sensitivity(here: ShownPlan | ShownCells, slot: str) -> None:
    """Start a study."""
    key = state.scores_key(here.edit)
    job_slots.start_in_slot(slot, JOBS[slot], here.args, LABELS[slot], key=key)


def _draw_tornado(tornado: Any) -> None:
    frame = tornado_table(tornado)
    if not len(frame):
        reason = plain_markdown(tornado.today.reason)
        st.markdown(f"Nothing was moved: the scenario as it is gave no plan. {reason}")
        return
    chart = partial(build_what_if_tornado_chart, frame)
    show_chart_unless_empty(empty_tornado_reason(frame), chart, "what-if-tornado-chart")
    markdown_bullets(tornado_lines(tornado))
    draw_shown_table(
        frame,
        "One moved input per row: its value, status, objective found and best possible, its"
        " change, whether that is certain, and why there is no plan.",
        leave_out=("Reason",) if not frame["Reason"].any() else (),
    )
    _offer_sensitivity_csv(TORNADO, csv_text(frame))


def _draw_thresholds(thresholds: Any) -> None:
    markdown_bullets(threshold_lines(thresholds))
    frame = thresholds_table(thresholds)
    draw_shown_table(
        frame,
        "One input per row: today's value, the values between which today's setup stays the best,"
        " and the setups beyond.",
    )
    _offer_sensitivity_csv(THRESHOLDS, csv_text(frame))


def _offer_sensitivity_csv(slot: str, text: str) -> None:
    st.download_button(
        f"{slot.capitalize()} as CSV",
        text,
        f"{slot}.csv",
        "text/csv",
        key=f"what-if-{slot}-csv",
        on_click="ignore",
    )
