"""The page Setups: how good all setups are that can be listed, where the plan and the baselines lie
among them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app_pages.charts.empty import empty_places_reason, show_chart_unless_empty
from app_pages.charts.setups import build_setup_places_chart, build_setups_histogram_chart
from app_pages.charts.style import show_styled_chart
from app_pages.jobs.messages import OutcomeKind
from app_pages.session import job_slots, reruns, state
from app_pages.session.state import ShownPlan
from app_pages.widgets.cells_notice import draw_cells_notice
from app_pages.widgets.markdown import faults_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.presentation.setup_listing import (
    SetupListing,
    setup_listing_marks_table,
    setup_listing_rank_lines,
    slo_met_words,
)

JOBS = {
    "setups": ("app_pages.jobs.what_if:what_if_setups_job", "Listing and routing all setups"),
    "baselines": ("app_pages.jobs.what_if:what_if_baselines_job", "Planning the baselines"),
}
"""Slot -> job, and the label of its progress."""
FIRST = ("Baseline", "Quality (mean score)", "SLO met", "GPUs used", "Cost (USD/h)")
"""Columns of the baselines that come first."""


def draw_setups_view() -> None:
    """The whole page."""
    st.title("Setups")
    if draw_cells_notice("baselines"):
        return
    st.markdown(
        "How much does the setup matter? Every setup that can be listed is routed at its best and"
        " compared with the plan. A setup says how each LLM is run: tensor-parallel degree, MPS"
        " share, replicas, GPUs."
    )
    here = state.shown_plan()
    if here is None or not here.content["options"]:
        st.info("There is no plan to compare with yet. Solve a scenario first.")
        return
    st.header("The plan among all listed setups")
    listing = draw_setups_result(here, "setups", "List and route all setups")
    if listing is not None:
        draw_setups_listing(here, listing, result_of(here, "baselines"))
    st.header("Baselines")
    st.markdown(
        "Simpler ways of deciding, each at its best: equal split, size-proportional, isolated,"
        " two-stage, single LLM, cascade, PORT (a fixed deployment, routed by prices from a"
        " sample)."
    )
    baselines = draw_setups_result(here, "baselines", "Plan the baselines")
    if baselines is not None:
        draw_setups_baselines(slo_met_words(baselines))
    if listing is not None and len(listing.setups):
        st.header("The best listed setups")
        draw_shown_table(
            listing.setups,
            "One listed setup per row, the best first: quality, latency, and how each LLM is run.",
        )
        st.caption("The command `setups SCENARIO --csv PATH` writes all of them.")


def result_of(here: ShownPlan, slot: str) -> Any:
    """What a job gave for this very plan, else None."""
    done = job_slots.slot_outcome_for(slot, here.args)
    return done.result if done is not None and done.has_result else None


def draw_setups_result(here: ShownPlan, slot: str, words: str) -> Any:
    """The same; without it, the button that starts the job, and why it gave nothing."""
    if (result := result_of(here, slot)) is not None:
        return result
    done = job_slots.slot_outcome_for(slot, here.args)
    if done is not None and done.kind is OutcomeKind.FAULTS:
        head = "These setups cannot be listed one by one"
        faults_markdown_box(done.faults, head, state.scenario_folder())
        st.markdown("The plan does not need this list: the search proves its bound without it.")
    elif done is not None:
        st.warning(plain_markdown(done.message or "Stopped."))
    begin: Callable[[], None] = partial(start, slot, here)
    off = job_slots.is_running(slot)
    st.button(words, key=f"setups-{slot}", type="primary", disabled=off, on_click=begin)
    return None


@reruns.survive_reruns
def start(slot: str, here: ShownPlan) -> None:
    """Start a job."""
    call, label = JOBS[slot]
    job_slots.start_in_slot(slot, call, here.args, label, key=state.scores_key(here.edit))


def draw_setups_listing(here: ShownPlan, listing: SetupListing, baselines: Any) -> None:
    """Words, histogram, marks, tables."""
    if not listing.complete:
        st.warning("The list was stopped before its end: numbers are of the setups routed so far.")
    markdown_bullets([*setup_listing_rank_lines(here.content, listing), *listing.lines])
    marks = setup_listing_marks_table(here.content, listing, baselines)
    if len(listing.histogram):
        show_styled_chart(
            build_setups_histogram_chart(listing.histogram, marks), "setups-histogram"
        )
    elif listing.quality.size:
        st.markdown("No histogram: all listed setups reach the same quality.")
    else:
        st.markdown("No histogram: no listed setup keeps the SLOs.")
    places = partial(build_setup_places_chart, marks)
    show_chart_unless_empty(empty_places_reason(marks), places, "setups-places")
    draw_shown_table(
        marks,
        "Joint plan, best possible, listed setups and baselines by quality, and how many listed"
        " setups are better.",
        whole=True,
    )
    with st.expander("The histogram and the spread as tables"):
        draw_shown_table(listing.histogram, "How many listed setups reach which quality.")
        draw_shown_table(
            listing.spread.astype(str), "Counts of setups; best, median and worst quality; spread."
        )


def draw_setups_baselines(frame: Any) -> None:
    """One row per baseline."""
    gains = (header for header in frame.columns if "joint plan" in header)
    draw_shown_table(
        frame,
        "One baseline per row, and the joint plan: quality, SLO met or missed, gain of the joint"
        " plan, setup.",
        (*FIRST, *gains),
    )


draw_setups_view()
