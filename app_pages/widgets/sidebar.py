"""On every page: the scenario, its small inputs and Solve; above it, the banner of a plan that
is out of date.
"""

from typing import Any

import streamlit as st

from app_pages.jobs.messages import OutcomeKind
from app_pages.session import first_view, job_slots, reruns, state
from app_pages.session.knobs import Knob, knobs_of
from app_pages.widgets.markdown import fault_count, faults_markdown_box, plain_markdown
from planner.packed_files import EXAMPLES

__all__ = ["draw_sidebar", "draw_sidebar_banner"]


def draw_sidebar(*, beside_new: bool) -> None:
    """The sidebar. beside_new: whether the page is New scenario, whose own Solve is another."""
    with st.sidebar:
        _draw_sidebar_example_choice()
        for knob in knobs_of(state.current_edit()):
            _draw_sidebar_knob(knob)
        busy = job_slots.is_running("plan")
        st.button(
            "Solve",
            key="solve",
            type="primary",
            width="stretch",
            disabled=busy,
            on_click=state.start_session_solve,
        )
        if not busy and (failure := state.solve_failure()) is not None:
            why = "stopped before any plan was found"
            if failure.kind is OutcomeKind.FAULTS:
                why = fault_count(failure.faults)
            st.caption(f":material/error: Not solved: {why}. See the top of the page.")
        elif not busy and state.is_stale():
            st.caption(":material/warning: Not solved yet.")
        elif not busy and not beside_new and state.plan_on_page() is not None:
            st.caption(":material/check: Solved. The page Plan shows it.")
        st.caption(
            f"Solves {plain_markdown(str(st.session_state.get('example')))}, which is open now. The"
            " new scenario is solved by its step 7."
            if beside_new
            else "All other inputs are on the page Inputs; New scenario begins with none."
        )


def _draw_sidebar_knob(knob: Knob) -> None:
    look: dict[str, Any] = {"min_value": knob.least, "step": knob.step, "format": "%.12g"}
    if knob.whole:
        look = {"min_value": int(knob.least), "step": 1, "format": "%d"}
    value = int(knob.value) if knob.whole else float(knob.value)
    key = reruns.fill_widget_across_reruns(f"knob-{knob.path}", value)
    args = (knob.path, key)
    st.number_input(plain_markdown(knob.label), key=key, on_change=_knob_changed, args=args, **look)


@reruns.survive_reruns
def _knob_changed(path: str, key: str) -> None:
    value = st.session_state[key]
    if reruns.accept_value_across_reruns(f"knob-{path}", key, float(value)):
        state.edit_session_value(path, value)


def _draw_sidebar_example_choice() -> None:
    name = st.session_state.get("example")
    options = list(EXAMPLES) if name in EXAMPLES else [name, *EXAMPLES]
    key = reruns.fill_widget_across_reruns("choose-example", name)
    hint = "Examples. Make your own on the page New scenario, or open its files on Inputs."
    st.selectbox("Scenario", options, key=key, on_change=_example_chosen, args=(key,), help=hint)


@reruns.survive_reruns
def _example_chosen(key: str) -> None:
    name = st.session_state[key]
    if reruns.accept_value_across_reruns("choose-example", key, name) and name in EXAMPLES:
        reruns.defer(_open_example, name)


def _open_example(name: str) -> None:
    job_slots.clear_slot("plan")
    job_slots.clear_slot("upload")
    first_view.open_example_as_first(name)


# ---------------------------------------------------------------- banner


def draw_sidebar_banner() -> None:
    """Above every page: what is wrong with the link, an edit or the last solve, and whether the
    plan is up to date.
    """
    if faults := st.session_state.get("link_faults"):
        faults_markdown_box(faults, "Part of the link could not be used")
    if faults := st.session_state.pop("edit_faults", None):
        faults_markdown_box(faults, "This change was rejected", state.scenario_folder())
    _draw_sidebar_failure()
    here, stale = state.plan_on_page(), state.is_stale()
    if job_slots.is_running("plan"):
        again = "The plan below is out of date" if stale else "The plan below is up to date"
        st.info(f"Solving. {again}.")
    elif stale:
        with st.container(key="stale"):
            st.warning("This plan is out of date: the inputs have changed.")
            _draw_sidebar_stale_buttons()
    elif here is not None and here.cancelled:
        st.info("You cancelled this search: a better plan may exist.")


def _draw_sidebar_failure() -> None:
    failure = state.solve_failure()
    if failure is not None and failure.kind is OutcomeKind.FAULTS:
        head = f"Not solved: {fault_count(failure.faults)}"
        faults_markdown_box(failure.faults, head, state.scenario_folder())
    elif failure is not None:
        st.error(plain_markdown(failure.message or "Stopped before any plan was found."))


def _draw_sidebar_stale_buttons() -> None:
    with st.container(horizontal=True):
        st.button(
            "Solve with the new inputs",
            key="solve-stale",
            type="primary",
            on_click=state.start_session_solve,
        )
        st.button("Back to the inputs of this plan", key="undo-stale", on_click=_undo_sidebar_edits)


@reruns.survive_reruns
def _undo_sidebar_edits() -> None:
    here = state.plan_on_page()
    if here is not None:
        state.set_edit(here.edit)
        st.session_state["solve-failure"] = None
