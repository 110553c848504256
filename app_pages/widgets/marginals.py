"""The marginal value of every limit, for the pages Plan and What-if: estimates at once, and
exact values soon after.
"""

import time

import streamlit as st

from app_pages.session import job_slots, reruns, state
from app_pages.session.state import ShownPlan
from app_pages.session.visitor import may_visitor_compute
from app_pages.widgets.job_button import draw_job_guest_line, is_job_button_off
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets
from app_pages.widgets.progress import draw_progress_line
from app_pages.widgets.tables import draw_shown_table
from planner.plans.labels import objective_unit
from planner.plans.record import Plan
from planner.plans.schema import MarginalContent, PlanContent
from planner.presentation.marginals import marginals_lines, marginals_table

__all__ = ["content_with_marginals", "draw_marginals", "draw_marginals_work"]

SLOT, SINCE = "marginals", "marginals-since"
JOB, LABEL = (
    "app_pages.jobs.planning:run_marginals_planning_job",
    "The plan is final. Planning with one more and one less for the tab One more",
)
QUIET_S = 2.0
"""Idle time of the page before anything is planned that nobody waits for."""


def draw_marginals(here: ShownPlan) -> None:
    """Estimates until the exact numbers are there, by `draw_marginals_work`; nothing without a
    plan.
    """
    if not here.content["options"]:
        return
    st.header("Marginal values: one more of each limit")
    if _finished_marginals(here):
        _draw_exact_marginals(content_with_marginals(here))
        return
    st.markdown("Estimates:")
    markdown_bullets(here.meta["estimates"])
    if _are_marginals_on_their_way(here):
        st.caption("Exact numbers follow.")
    else:
        _draw_marginals_again(here)


def draw_marginals_work(here: ShownPlan) -> None:
    """Plan the exact numbers while nobody else wants the processor, and show how far that is.

    At the end of a page and in no tab: a fragment that is drawn again in a tab while the page is
    drawn anew is put at a place that is not there yet, and the browser shows nothing any more.
    """
    if not here.content["options"] or _finished_marginals(here):
        return
    job = job_slots.get(SLOT)
    if job is not None and job.args == here.args:
        if job.outcome is None:
            draw_progress_line(job)
    elif _are_marginals_on_their_way(here):
        st.session_state[SINCE] = time.monotonic()
        st.fragment(_start_marginals_when_quiet, run_every=QUIET_S)(here)


def _are_marginals_on_their_way(here: ShownPlan) -> bool:
    """Whether they are being planned, or will be once the page is at rest."""
    job = job_slots.get(SLOT)
    if job is not None and job.args == here.args:
        return job.outcome is None
    at_rest = here.edit == state.current_edit() and not job_slots.is_running("plan")
    return at_rest and may_visitor_compute()


def _draw_exact_marginals(content: PlanContent) -> None:
    st.markdown("Exact: planned again with one unit more and one less.")
    markdown_bullets(marginals_lines(content))
    with st.expander("As a table"):
        unit = objective_unit(content)
        draw_shown_table(
            marginals_table(content), f"Value of one unit of each limit in {unit}, planned again."
        )


def _draw_marginals_again(here: ShownPlan) -> None:
    """Why there are no exact numbers, and a button to try again."""
    done = job_slots.slot_outcome_for(SLOT, here.args)
    if done is not None and not done.has_result:
        failure_markdown_box(done, "Not planned again", state.scenario_folder())
    elif done is not None:
        st.markdown("No plan was found in time when one limit was moved.")
    st.button(
        "Plan with one more and one less of each",
        key=SLOT,
        disabled=is_job_button_off(SLOT),
        on_click=_start_now,
        args=(here,),
    )
    draw_job_guest_line()


def _start_marginals_when_quiet(here: ShownPlan) -> None:
    """Plan again once the page has been at rest for QUIET_S: drawing comes first.

    Run at once, when it does nothing, then by the clock.
    """
    if time.monotonic() - st.session_state[SINCE] < QUIET_S / 2:
        return
    _start(here, spare=True)
    st.rerun()


def content_with_marginals(here: ShownPlan) -> PlanContent:
    """The content of plan.json, with the marginal values known by now."""
    marginals = _finished_marginals(here)
    return Plan(here.content).with_marginals(marginals).content if marginals else here.content


def _finished_marginals(here: ShownPlan) -> list[MarginalContent] | None:
    """What planning again with one unit more and less gave for this plan, as `context.marginals`;
    None where it is not known.
    """
    done = job_slots.slot_outcome_for(SLOT, here.args)
    return done.result or None if done is not None and done.has_result else None


def _start(here: ShownPlan, *, spare: bool) -> None:
    key = state.scores_key(here.edit)
    job_slots.start_in_slot(SLOT, JOB, here.args, LABEL, key=key, spare=spare)


@reruns.survive_reruns
def _start_now(here: ShownPlan) -> None:
    _start(here, spare=False)
