"""What to buy, for the page Plan: three questions, each a button, each answered by a plan.

How many nodes?           the cheapest nodes that reach the plan's quality (or the scenario's floor)
If traffic doubles?       the same at twice the rate
If a node fails?          what this setup still does, requests routed anew; where it breaks, what
                          to add so that a node of any pool may fail
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app_pages.session import job_slots, reruns, state
from app_pages.session.state import ShownPlan
from app_pages.widgets.job_button import draw_job_guest_line, is_job_button_off
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets, plain_markdown
from planner.presentation.cells.lost_nodes import lost_nodes_lines
from planner.presentation.plan.payment import added_node_lines, payment_lines
from planner.presentation.plan.verdict import verdict_line
from planner.scenario.edits import ScenarioEdit, changed, content_of_edit
from planner.sizing.purchase import (
    purchase_after_loss_content,
    purchase_content,
    purchase_range_words,
)

__all__ = ["BUY", "TAB", "draw_purchase"]

TAB, BUY = "plan-tab", "Buy"
"""Where the session keeps the tab that was last worked on, and the name of this one."""

PLAN, LOST = (
    "app_pages.jobs.planning:run_planning_job",
    "app_pages.jobs.planning:run_plan_lost_nodes_job",
)
LOST_SLOT, SPARE_SLOT = "buy-lost", "buy-spare"
QUESTIONS = {
    "buy-nodes": ("How many nodes?", 1.0),
    "buy-double": ("What if traffic doubles?", 2.0),
}
"""Slot -> the question, and times the rate."""


def draw_purchase(here: ShownPlan) -> None:
    """Three buttons, and under them the answers that are there."""
    st.header("Buy: nodes, growth and failures")
    floor = here.content["context"]["quality_at_least"]
    reached = f"the quality of this plan ({here.content['quality']:.3f})"
    goal = reached if floor is None else f"the required quality ({floor:g})"
    st.markdown(
        f"The cheapest number of nodes of every pool, as if none were there, that reaches {goal}"
        " within all limits."
    )
    if not payment_lines(here.content):
        st.markdown("Whole nodes are paid for here; the plan above pays for the GPUs that it uses.")
    content = content_of_edit(here.edit)
    if ranges := purchase_range_words(content, 1.0):
        twice = purchase_range_words(content, 2.0)
        st.caption(
            plain_markdown(
                f"Nodes considered: {ranges}; at twice the traffic {twice}. A search needs an end:"
                " it is twice what a pool has, and at least 4. An answer at that end may not be"
                " the cheapest of all."
            )
        )
    with st.container(horizontal=True):
        for slot, (question, times) in QUESTIONS.items():
            st.button(
                question,
                key=slot,
                disabled=is_job_button_off(slot),
                on_click=_start_purchase,
                args=(here, slot, times),
            )
        st.button(
            "What if a node fails?",
            key=LOST_SLOT,
            disabled=is_job_button_off(LOST_SLOT),
            on_click=_start_node_failure,
            args=(here,),
        )
    draw_job_guest_line()
    for slot, (question, times) in QUESTIONS.items():
        _draw_purchase_answer(_purchase_edit(here, times), slot, question)
    _draw_node_failure(here)


def _purchase_edit(here: ShownPlan, times: float) -> ScenarioEdit:
    """The plan's own scenario as the question has it."""
    content = purchase_content(content_of_edit(here.edit), here.content["quality"], times)
    return changed(here.edit, content)


@reruns.survive_reruns
def _start_purchase(here: ShownPlan, slot: str, times: float) -> None:
    """Plan the number of nodes."""
    st.session_state[TAB] = BUY
    _start_purchase_plan(_purchase_edit(here, times), slot, QUESTIONS[slot][0])


def _start_purchase_plan(edit: ScenarioEdit, slot: str, label: str) -> None:
    args = (edit.path, dict(edit.overrides))
    job_slots.start_in_slot(slot, PLAN, args, label, key=state.scores_key(edit))


@reruns.survive_reruns
def _start_spare_nodes(edit: ScenarioEdit) -> None:
    """Plan the nodes with which one of any pool may fail."""
    st.session_state[TAB] = BUY
    _start_purchase_plan(edit, SPARE_SLOT, "Nodes for a failure")


@reruns.survive_reruns
def _start_node_failure(here: ShownPlan) -> None:
    """Look at every node of every pool."""
    st.session_state[TAB] = BUY
    args, key = (*here.args, here.content), state.scores_key(here.edit)
    job_slots.start_in_slot(LOST_SLOT, LOST, args, "Losing nodes", key=key)


def _draw_purchase_answer(edit: ScenarioEdit, slot: str, question: str) -> bool:
    """Verdict, what to buy and what it costs, and the plan itself on a click; whether there is an
    answer yet.
    """
    done = job_slots.slot_outcome_for(slot, (edit.path, dict(edit.overrides)))
    if done is None:
        return False
    rate = content_of_edit(edit).get("arrival_rate_rps")
    st.markdown(f"**{question}**" + (f" ({rate:g} req/s)" if rate else ""))
    if not done.has_result:
        failure_markdown_box(done, "Not planned", state.scenario_folder())
        return True
    content: Any = done.result.content
    verdict = verdict_line(content)
    st.markdown(plain_markdown(f"{verdict[0].upper()}{verdict[1:]}."))
    if content.get("options") or content.get("setups"):
        is_added = slot == SPARE_SLOT
        markdown_bullets(added_node_lines(content) if is_added else payment_lines(content))
        st.button("Show this plan", key=f"{slot}-show", on_click=_show_purchase, args=(edit,))
    return True


@reruns.survive_reruns
def _show_purchase(edit: ScenarioEdit) -> None:
    """Put the question's scenario on the page, and solve it."""
    state.set_edit(edit)
    state.start_session_solve()


def _draw_node_failure(here: ShownPlan) -> None:
    done = job_slots.slot_outcome_for(LOST_SLOT, (*here.args, here.content))
    if done is None:
        return
    st.markdown("**What if a node fails?** The setup stays, requests are routed anew.")
    if not done.has_result:
        failure_markdown_box(done, "Not computed", state.scenario_folder())
        return
    outcomes: Sequence[Mapping[str, Any]] = done.result
    markdown_bullets(lost_nodes_lines(done.result))
    if any(one["holds"] is False for one in outcomes):
        _draw_spare_nodes(here)


def _draw_spare_nodes(here: ShownPlan) -> None:
    """What to add where a loss breaks the setup."""
    content = content_of_edit(here.edit)
    asked = purchase_after_loss_content(content, here.content["quality"])
    edit = changed(here.edit, asked)
    question = "What to add, so that a node of any pool may fail?"
    if _draw_purchase_answer(edit, SPARE_SLOT, question):
        return
    st.button(
        question,
        key=SPARE_SLOT,
        disabled=is_job_button_off(SPARE_SLOT),
        on_click=_start_spare_nodes,
        args=(edit,),
    )
    st.caption(
        "The cheapest nodes beside those that are there, with which all limits hold when any one"
        " node is lost; as many as are considered above."
    )
