"""Other setups nearly as good as the plan, for the page What-if: listed on a click, and opened as
the plan.
"""

from typing import Any

import streamlit as st

from app_pages.jobs.what_if import AlternativesRequest
from app_pages.session import job_slots, reruns, saved_plans, state
from app_pages.session.state import ShownPlan
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.plans.record import Plan
from planner.plans.schema import AlternativesContent, PlanContent
from planner.presentation.alternatives import alternatives_lines, alternatives_table

__all__ = ["draw_alternatives", "show_opened_alternative"]

FIND, OPEN = "alternatives", "open-alternative"
"""Slots."""
JOBS = "app_pages.jobs.what_if"
NOTHING = "none of them"


def _alternatives_memory() -> dict[str, Any]:
    """What is kept for the session: number, loss and the plan that runs, as they were chosen."""
    return st.session_state.setdefault(
        "alternatives", {"number": 3, "loss": 1.0, "current": NOTHING}
    )


def draw_alternatives(here: ShownPlan) -> None:
    """How many, at what loss, compared with which plan; then the list."""
    if not here.content["options"]:
        return
    st.header("Other setups nearly as good")
    st.markdown(
        "The next best kinds of setup within a stated loss, the one on fewest GPUs, and the one"
        " nearest to a plan that runs."
    )
    _draw_alternatives_choices(here)
    memory, saved = _alternatives_memory(), saved_plans.by_name()
    running = None if memory["current"] == NOTHING else memory["current"]
    request = AlternativesRequest(
        number=memory["number"],
        loss_pct=memory["loss"],
        running_name=running,
        running=None if running is None else saved[running].content,
    )
    args = (*here.args, here.content, request)
    done = job_slots.slot_outcome_for(FIND, args)
    if done is None:
        off = job_slots.is_running(FIND)
        key = "what-if-near"
        st.button("Find them", key=key, disabled=off, on_click=_start, args=(here, args))
    elif not done.has_result:
        failure_markdown_box(done, "Not planned", state.scenario_folder())
    else:
        _draw_alternatives_list(here, done.result)


def _draw_alternatives_choices(here: ShownPlan) -> None:
    memory = _alternatives_memory()
    names = [NOTHING]
    for name, plan in saved_plans.by_name().items():
        if plan.content["options"] and plan is not here:
            names.append(name)
    memory["current"] = memory["current"] if memory["current"] in names else NOTHING
    for name, value in memory.items():
        reruns.fill_key_across_reruns(f"what-if-near-{name}", value)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = "what-if-near-number"
        look: dict[str, Any] = {"on_change": _remember, "width": 160}
        st.number_input("How many", 1, 10, step=1, key=key, args=("number", key), **look)
        key = "what-if-near-loss"
        st.number_input(
            "Loss at most (%)", 0.0, 100.0, step=0.5, key=key, args=("loss", key), **look
        )
        key = "what-if-near-current"
        st.selectbox(
            "Plan that runs",
            names,
            key=key,
            on_change=_remember,
            args=("current", key),
            width=360,
        )


@reruns.survive_reruns
def _remember(name: str, key: str) -> None:
    """A choice was changed."""
    _alternatives_memory()[name] = st.session_state[key]


@reruns.survive_reruns
def _start(here: ShownPlan, args: tuple[Any, ...]) -> None:
    """Find them."""
    call, key = f"{JOBS}:what_if_alternatives_job", state.scores_key(here.edit)
    job_slots.start_in_slot(FIND, call, args, "Other setups", key=key)


def _draw_alternatives_list(here: ShownPlan, alternatives: AlternativesContent) -> None:
    """The alternatives, what is proved of them, and a button for each."""
    content = Plan(here.content).with_alternatives(alternatives).content
    frame = alternatives_table(content)
    markdown_bullets(alternatives_lines(content))
    if not len(frame):
        return
    draw_shown_table(
        frame,
        "One other setup per row: why it is listed, objective found and best possible, loss, GPUs,"
        " what differs.",
        ["Why it is listed", "Loss (%)", "GPUs", "Replicas against the plan"],
    )
    opening = job_slots.outcome(OPEN)
    if opening is not None and not opening.has_result:
        failure_markdown_box(opening, "Not opened", state.scenario_folder())
    with st.container(horizontal=True):
        for k, why in enumerate(frame["Why it is listed"]):
            label, args = f"Open {k + 1}: {plain_markdown(why)}", (here, content, k)
            st.button(label, key=f"what-if-open-{k}", on_click=_open_alternative, args=args)


@reruns.survive_reruns
def _open_alternative(here: ShownPlan, content: PlanContent, number: int) -> None:
    """Open an alternative as the plan of the same inputs."""
    st.session_state["opened-from"] = here
    args = (*here.args, content, number)
    job_slots.start_in_slot(OPEN, f"{JOBS}:what_if_alternative_job", args, "Opening", wait=3.0)


def show_opened_alternative(here: ShownPlan | None) -> None:
    """Show the alternative that was opened, unless another plan is shown meanwhile."""
    done, origin = job_slots.outcome(OPEN), st.session_state.get("opened-from")
    if done is None or not done.has_result or not isinstance(origin, ShownPlan):
        return
    if here is origin:
        state.set_edit(origin.edit)
        state.show_plan(ShownPlan(origin.edit, done.result, origin.example))
    job_slots.clear_slot(OPEN)
    st.rerun()
