"""The page Setups: how good all setups are that can be listed, where the plan and the baselines lie
among them.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app_pages.charts import what_if
from app_pages.charts.report import show
from app_pages.session import reruns, state, work
from app_pages.session.markdown import bullets, faults_box, plain
from app_pages.session.state import Shown
from app_pages.widgets import tables
from planner.presentation.setup_listing import (
    SetupListing,
    marks_table,
    plan_rank_lines,
    slo_met_words,
)

JOBS = "app_pages.jobs.what_if"


def draw() -> None:
    """The whole page."""
    st.title("Setups")
    st.markdown(
        "How much does the setup matter? Every setup that can be listed is routed at its best and"
        " put beside the plan. A setup says how each LLM is run: tensor-parallel degree, MPS share,"
        " replicas, GPUs."
    )
    here = state.shown()
    if here is None or not here.content["options"]:
        st.info("There is no plan to put among the setups yet: solve a scenario that has one.")
        return
    args = (here.asked.path, dict(here.asked.overrides))
    st.subheader("The plan among all listed setups")
    listed = result("setups", args, lambda: ask("setups", args, here), "List and route all setups")
    if listed is not None:
        drawn(here, listed, found("baselines", args))
    st.subheader("Baselines")
    st.markdown(
        "Simpler ways of deciding, each at its best: equal split, size-proportional, isolated,"
        " two-stage, single LLM, cascade."
    )
    baselines = result(
        "baselines", args, lambda: ask("baselines", args, here), "Plan the baselines"
    )
    if baselines is not None:
        baselines = slo_met_words(baselines)
        first = (
            "Baseline",
            "Quality (mean score)",
            "SLO met",
            "GPUs used",
            "Cost (USD/h)",
            *(h for h in baselines.columns if "joint plan" in h),
        )
        tables.show(
            baselines,
            "One baseline a row beside the joint plan: quality, SLO met or missed, gain of the"
            " joint plan, setup.",
            first,
        )
    if listed is not None and len(listed.setups):
        st.subheader("The best listed setups")
        tables.show(
            listed.setups,
            "One listed setup a row, the best first: quality, latency, and how each LLM is run.",
        )
        st.caption("The command `setups SCENARIO --csv PATH` writes all of them.")


@reruns.whole
def ask(slot: str, args: tuple[Any, ...], here: Shown) -> None:
    """Start a job."""
    labels = {"setups": "Listing and routing all setups", "baselines": "Planning the baselines"}
    work.start(slot, f"{JOBS}:{slot}", args, labels[slot], key=state.key_of(here.asked))


def found(slot: str, args: tuple[Any, ...]) -> Any:
    """What a job gave for this very plan, else None."""
    done = work.outcome_of(slot, args)
    return done.result if done is not None and done.kind == "result" else None


def result(slot: str, args: tuple[Any, ...], begin: Callable[[], None], words: str) -> Any:
    """The same; without it, the button that starts the job, and why it gave nothing."""
    if (gave := found(slot, args)) is not None:
        return gave
    done = work.outcome_of(slot, args)
    if done is not None and done.kind == "faults":
        faults_box(done.faults, "These setups cannot be listed one by one", state.folder())
        st.markdown(
            "The plan does not need the list: the joint search proves its bound without it."
        )
    elif done is not None:
        st.warning(plain(done.message or "Stopped."))
    st.button(
        words, key=f"setups-{slot}", type="primary", disabled=work.running(slot), on_click=begin
    )
    return None


def drawn(here: Shown, listed: SetupListing, baselines: Any) -> None:
    """Words, histogram, marks, tables."""
    if not listed.complete:
        st.warning("The list was stopped before its end: numbers are of the setups routed so far.")
    bullets([*plan_rank_lines(here.content, listed), *listed.lines])
    marks = marks_table(here.content, listed, baselines)
    if len(listed.histogram):
        show(what_if.histogram(listed.histogram, marks), "setups-histogram")
    elif listed.quality.size:
        st.markdown("All listed setups reach the same quality.")
    else:
        st.markdown("No listed setup keeps the SLOs.")
    show(what_if.places(marks), "setups-places")
    tables.show(
        marks,
        "Joint plan, best possible, listed setups and baselines by quality, and how many listed"
        " setups are better.",
        whole=True,
    )
    with st.expander("The histogram and the spread as tables"):
        tables.show(listed.histogram, "How many listed setups reach which quality.")
        tables.show(
            listed.spread.astype(str), "Counts of setups; best, median and worst quality; spread."
        )


draw()
