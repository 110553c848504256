"""A button that starts a job, and what came of it; and who may start none.

Who only reads a link on a server with a log-in looks at what is kept, and computes nothing
(`app_pages.session.visitor.may_visitor_compute`): buttons are off, with one line beside them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from app_pages.session import job_slots, reruns, state
from app_pages.session.visitor import may_visitor_compute
from app_pages.widgets.markdown import failure_markdown_box

__all__ = ["JobButton", "draw_job_button", "draw_job_guest_line", "is_job_button_off"]

GUEST = ":material/lock: Sign in to compute: a link alone lets you look."


@dataclass(frozen=True, kw_only=True)
class JobButton:
    """slot, call, args: of the job; label: what its progress is shown under; words, key: of the
    button; unmade: heads why there is no result; scores: jobs of one key go to one worker; wait: s
    that the page waits for the job; before: called when it is started.
    """

    slot: str
    call: str
    args: tuple[Any, ...] = field(repr=False)
    label: str
    words: str
    key: str
    unmade: str
    scores: str = ""
    wait: float = 0.0
    before: Callable[[], None] | None = None


def draw_job_button(job: JobButton) -> Any:
    """The result of the job with these arguments; without one, why the last gave none, the button
    that starts it, and None.
    """
    done = job_slots.slot_outcome_for(job.slot, job.args)
    if done is not None and done.has_result:
        return done.result
    if done is not None:
        failure_markdown_box(done, job.unmade, state.scenario_folder())
    off = is_job_button_off(job.slot)
    st.button(job.words, key=job.key, disabled=off, on_click=_start_job, args=(job,))
    draw_job_guest_line()
    return None


def is_job_button_off(slot: str) -> bool:
    """Whether a button that starts a job in this slot is off: it runs already, or a guest looks."""
    return job_slots.is_running(slot) or not may_visitor_compute()


def draw_job_guest_line() -> None:
    """Say once, beside buttons that are off, why; nothing to who may compute."""
    if not may_visitor_compute():
        st.caption(GUEST)


@reruns.survive_reruns
def _start_job(job: JobButton) -> None:
    """Start it."""
    if job.before is not None:
        job.before()
    job_slots.start_in_slot(job.slot, job.call, job.args, job.label, key=job.scores, wait=job.wait)
