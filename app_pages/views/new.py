"""The page New scenario: a way in from nothing, one step at a time.

What is entered stays in the session (`app_pages.session.draft`). Each step is checked as a whole
scenario is before the next one opens; the result is an ordinary scenario.
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app_pages.session import kept_desk, reruns, uploads
from app_pages.session.draft import current_draft, forget_draft
from app_pages.widgets.kept.desk import draw_desk_answers_offer
from app_pages.widgets.markdown import fault_count, faults_markdown_box
from app_pages.widgets.starting.cluster_steps import (
    draw_gpu_cluster_step,
    draw_llm_cluster_step,
    gpu_cluster_faults,
    llm_cluster_faults,
)
from app_pages.widgets.starting.curve_step import curve_step_faults, draw_curve_step
from app_pages.widgets.starting.demand_step import demand_step_faults, draw_demand_step
from app_pages.widgets.starting.draft_fields import draft_files_faults
from app_pages.widgets.starting.finish_step import draw_finish_step
from app_pages.widgets.starting.goal_step import draw_goal_step, goal_step_faults
from app_pages.widgets.starting.score_step import draw_score_step, score_step_faults
from profiles.io.faults import Fault

PLAN = "views/plan.py"


@dataclass(frozen=True)
class Step:
    """title; draw: its fields; faults: what keeps the next step closed."""

    title: str
    draw: Callable[[], None]
    faults: Callable[[], tuple[Fault, ...]]


STEPS = (
    Step("GPUs", draw_gpu_cluster_step, gpu_cluster_faults),
    Step("LLMs", draw_llm_cluster_step, llm_cluster_faults),
    Step("Curves", draw_curve_step, curve_step_faults),
    Step("Scores", draw_score_step, score_step_faults),
    Step("Demand", draw_demand_step, demand_step_faults),
    Step("SLOs and objective", draw_goal_step, goal_step_faults),
    Step("Solve", draw_finish_step, lambda: ()),
)


def draw_new_view() -> None:
    """The step that is open, and the way on and back."""
    if uploads.opened_new_scenario():
        kept_desk.finish_desk_answers()
        st.switch_page(PLAN)
    st.title("New scenario")
    draw_desk_answers_offer()
    at = current_draft().step
    _draw_new_steps(at)
    if not at:
        st.markdown("From nothing to a plan in seven steps; what you enter stays.")
    st.header(f"{at + 1}. {STEPS[at].title}")
    STEPS[at].draw()
    _draw_new_buttons(at)


def _draw_new_steps(at: int) -> None:
    """All steps in a line, each but the open one a way there."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Step {at + 1} of {len(STEPS)}:", width="content")
        for k, step in enumerate(STEPS):
            if k == at:
                st.markdown(f":small[**{step.title}**]", width="content")
                continue
            key = f"to-step-{k}"
            args = (at, k)
            st.button(
                step.title, key=key, type="tertiary", on_click=go_to_step_in_new_view, args=args
            )


def _draw_new_buttons(at: int) -> None:
    if faults := current_draft().faults:
        faults_markdown_box(faults, f"Before the next step: {fault_count(faults)}")
    with st.container(horizontal=True):
        if at:
            st.button("Back", key="back-step", on_click=go_to_step_in_new_view, args=(at, at - 1))
        if at + 1 < len(STEPS):
            st.button(
                "Next",
                key="next-step",
                type="primary",
                on_click=go_to_step_in_new_view,
                args=(at, at + 1),
            )
        if at:
            with st.popover("Begin anew"):
                st.markdown("Everything that was entered here goes.")
                st.button("Begin anew", key="forget-draft", on_click=forget_draft)


@reruns.survive_reruns
def go_to_step_in_new_view(at: int, to: int) -> None:
    """From the step `at` open another; on the way on, the first that keeps the next one closed."""
    draft = current_draft()
    draft.step, draft.faults = min(at, to), ()
    while draft.step < to and not draft.faults:
        draft.faults = draft_files_faults() or STEPS[draft.step].faults()
        draft.step += not draft.faults


draw_new_view()
