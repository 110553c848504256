"""The page What-if: sliders that plan again, binding limits and marginal values, frontiers,
what moves the plan, how far it holds, other setups nearly as good.
"""

import math
from typing import Any

import streamlit as st

from app_pages.session import job_slots, reruns, state
from app_pages.session.knobs import Knob, knobs_of
from app_pages.session.state import ShownCells, ShownPlan
from app_pages.widgets.cells_notice import draw_cells_notice
from app_pages.widgets.conflict import draw_conflict
from app_pages.widgets.marginals import draw_marginals, draw_marginals_work
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from app_pages.widgets.what_if.alternatives import draw_alternatives, show_opened_alternative
from app_pages.widgets.what_if.frontier import draw_frontier, forget_other_frontier
from app_pages.widgets.what_if.sensitivity import draw_sensitivity
from planner.plans.numbers import tidy
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.comparison_tables import comparison_table
from planner.presentation.what_if import what_if_field_value, what_if_slider_range
from planner.scenario.edits import ScenarioEdit


def draw_what_if_view() -> None:
    """The whole page."""
    st.title("What-if")
    if draw_cells_notice("", "Sliders, frontiers, marginal values and other setups do"):
        shown = state.plan_on_page()
        if isinstance(shown, ShownCells):
            draw_sensitivity(shown)
        return
    here = state.shown_plan()
    show_opened_alternative(here)
    st.header("Move a slider")
    st.markdown(
        "Every move is solved at once and compared with the plan that you started from. A slider"
        " that was moved to its end goes on twice as far."
    )
    with st.container(horizontal=True, gap="medium"):
        for knob in knobs_of(state.current_edit()):
            draw_what_if_slider(knob, _what_if_slider_end(knob, here))
    forget_other_frontier()
    if here is None:
        st.info("There is no plan yet. Press Solve in the sidebar.")
        return
    draw_what_if_difference(here)
    if here.meta["binding"]:
        st.markdown(plain_markdown(here.meta["binding"]))
    draw_marginals(here)
    draw_marginals_work(here)
    draw_frontier(here)
    draw_sensitivity(here)
    draw_alternatives(here)


def memory() -> dict[str, Any]:
    """What this page keeps for the session."""
    return st.session_state.setdefault("what-if", {})


# ---------------------------------------------------------------- sliders


def _what_if_slider_end(knob: Knob, here: ShownPlan | None) -> float:
    """Beyond it no plan keeps the input: of the required quality the best mean score there is."""
    known = here is not None and here.edit.path == state.current_edit().path
    quality = known and knob.path == "objective.quality_at_least"
    return here.meta["best_quality"] if here is not None and quality else math.inf


def draw_what_if_slider(knob: Knob, most: float) -> None:
    """One small input as a slider with fixed ends. most: the upper end lies not beyond it."""
    edit = state.current_edit()
    stated = what_if_field_value(ScenarioEdit(edit.path, edit.base), knob.path)
    first = knob.value if stated is None else stated
    low, high, step = what_if_slider_range(knob.value, first, whole=knob.whole, most=most)
    number = int if knob.whole else float
    if high <= low:
        return
    # A slider with other ends is another widget, which would begin at its lower one.
    name = f"what-if-{knob.path}"
    if high != what_if_slider_range(first, first, whole=knob.whole, most=most)[1]:
        name = f"{name} to {high:g}"
    key = reruns.fill_widget_across_reruns(name, number(knob.value))
    ends: dict[str, Any] = {
        "min_value": number(low),
        "max_value": number(high),
        "step": number(step),
        "format": "%d" if knob.whole else "%.12g",
    }
    label, args = plain_markdown(knob.label), (knob.path, name, key)
    st.slider(label, **ends, key=key, on_change=what_if_slider_moved, args=args, width=320)


@reruns.survive_reruns
def what_if_slider_moved(path: str, name: str, key: str) -> None:
    """Solve with the new value."""
    value = st.session_state[key]
    if reruns.accept_value_across_reruns(name, key, value):
        state.edit_session_value(path, tidy(value))
        state.start_session_solve()


def draw_what_if_difference(here: ShownPlan) -> None:
    """The plan that the person started from, and the plan on the page."""
    start = memory().get("start")
    if start is None or start.edit.path != here.edit.path:
        start = here
        # A plan of other inputs, shown while those of a link are solved, is no start.
        if not state.is_stale():
            memory()["start"] = here
    verdict = here.meta["verdict"]
    st.markdown(plain_markdown(f"{verdict[0].upper()}{verdict[1:]}."))
    if start is here:
        return
    st.markdown("**What differs from the plan at the start**")
    markdown_bullets(comparison_lines(start.content, here.content))
    if here.content["status"] == "infeasible":
        draw_conflict(here)
        st.markdown("The page Plan shows the plan of the nearest feasible case.")
    draw_shown_table(
        comparison_table({"Start": start.content, "Now": here.content}),
        "The plan at the start and the plan now, number by number.",
        whole=True,
    )
    with st.container(horizontal=True):
        st.button("Back to the start", key="what-if-back", on_click=what_if_go_back, args=(start,))
        st.button(
            "Compare with this plan from now on",
            key="what-if-pin",
            on_click=memory().__setitem__,
            args=("start", here),
        )


@reruns.survive_reruns
def what_if_go_back(start: ShownPlan) -> None:
    """Put the start's inputs and its plan on the page."""
    job_slots.clear_slot("plan")
    state.set_edit(start.edit)
    state.show_plan(start)


draw_what_if_view()
