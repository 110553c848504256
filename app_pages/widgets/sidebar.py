"""Beside every page: which scenario is asked, its small inputs, Solve, and the banner of a plan
that answers other inputs.
"""

from typing import Any

import streamlit as st

from app_pages.session import reruns, state, work
from app_pages.session.markdown import faults_box, plain
from planner.packed_files import EXAMPLES

__all__ = ["banner", "draw"]


def draw() -> None:
    """The sidebar."""
    with st.sidebar:
        _choose_example()
        for knob in state.knobs(state.asked()):
            key = reruns.key_for(f"knob-{knob.path}", float(knob.value))
            st.session_state[key] = int(knob.value) if knob.whole else float(knob.value)
            look: dict[str, Any] = {"min_value": knob.least, "step": knob.step, "format": "%.12g"}
            if knob.whole:
                look = {"min_value": 1, "step": 1, "format": "%d"}
            st.number_input(
                plain(knob.label), key=key, on_change=_turned, args=(knob.path, key), **look
            )
        busy = work.running("plan")
        st.button(
            "Solve",
            key="solve",
            type="primary",
            width="stretch",
            disabled=busy,
            on_click=state.solve,
        )
        if not busy and state.is_stale():
            st.caption(":material/warning: Not solved yet: the plan shown is of other inputs.")
        st.caption("Everything else that can be asked stands on the page Inputs.")


def _choose_example() -> None:
    name = st.session_state.get("example")
    options = list(EXAMPLES) if name in EXAMPLES else [name, *EXAMPLES]
    key, told = (
        reruns.key_for("choose-example", name),
        "Examples; your own are opened on the page Inputs.",
    )
    st.session_state[key] = name
    st.selectbox("Scenario", options, key=key, on_change=_chosen, args=(key,), help=told)


@reruns.whole
def _chosen(key: str) -> None:
    name = st.session_state[key]
    if reruns.sent("choose-example", key, name) and name in EXAMPLES:
        reruns.later(_open, name)


def _open(name: str) -> None:
    work.clear("plan")
    state.open_example(name)


@reruns.whole
def _turned(path: str, key: str) -> None:
    value = st.session_state[key]
    if reruns.sent(f"knob-{path}", key, float(value)):
        state.set_value(path, value)


def banner() -> None:
    """Above every page: what is wrong with the link or the last solve, and that the plan answers
    other inputs.
    """
    if faults := st.session_state.get("link_faults"):
        faults_box(faults, "Part of the link could not be used")
    if faults := st.session_state.pop("edit_faults", None):
        faults_box(faults, "This change does not count", state.folder())
    trouble = state.trouble()
    if trouble is not None and trouble.kind == "faults":
        faults_box(
            trouble.faults, f"Not solved: {len(trouble.faults)} faults to mend", state.folder()
        )
    elif trouble is not None:
        st.error(plain(trouble.message or "Stopped before a plan was found."))
    if work.running("plan"):
        again = (
            "What is shown answers these inputs already"
            if not state.is_stale()
            else "What is shown answers the earlier inputs"
        )
        st.info(f"A plan is being made. {again}.")
    elif (here := state.shown()) is not None and here.cancelled and not state.is_stale():
        st.info(
            "You cancelled this search: what is shown is what was found until then, and more may be"
            " possible."
        )
    elif state.is_stale():
        with st.container(key="stale"):
            st.warning(
                "The inputs have changed since this plan was made: what is shown answers the"
                " earlier ones."
            )
            with st.container(horizontal=True):
                st.button(
                    "Solve with the new inputs",
                    key="solve-stale",
                    type="primary",
                    on_click=state.solve,
                )
                st.button("Back to the inputs of this plan", key="undo-stale", on_click=_undo)


@reruns.whole
def _undo() -> None:
    here = state.shown()
    if here is not None:
        state.set_asked(here.asked)
        st.session_state["trouble"] = None
