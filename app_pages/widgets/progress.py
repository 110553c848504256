"""How far the session's jobs are, on every page, each with its Cancel."""

import streamlit as st

from app_pages.jobs.messages import JobState, JobStatus
from app_pages.session import job_slots
from app_pages.session.job_slots import JobSlot
from app_pages.widgets.markdown import plain_markdown
from planner.presentation.formatting import format_gap, format_number

__all__ = ["draw_progress", "draw_progress_line", "progress_text"]

POLL_S, SPARE_POLL_S = 0.25, 1.0
IN_VIEW = (
    "<style>div:has(> .st-key-progress) {position: sticky; top: 4rem; z-index: 99; background:"
    " Canvas; border-radius: 0.5rem}</style>"
)
"""The progress box stays in view when the page is scrolled: its buttons are used from anywhere on
the page.
"""


def draw_progress() -> None:
    """A line and a button for each job that the user waits for; nothing when there is none."""
    running = job_slots.running_jobs()
    if not running:
        return
    st.html(IN_VIEW)
    with st.container(key="progress"):
        for slot, job in running.items():
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                with st.container(width="stretch"):
                    draw_progress_line(job)
                key = f"cancel-{slot}"
                st.button("Cancel", key=key, on_click=job_slots.cancel, args=(job,))


def draw_progress_line(job: JobSlot) -> None:
    """A line that shows how far a job is."""
    st.fragment(_draw_progress_line, run_every=SPARE_POLL_S if job.spare else POLL_S)(job)


def _draw_progress_line(job: JobSlot) -> None:
    """The line itself, redrawn every POLL_S; when the job is done or has new parts, the whole
    page is.
    """
    status = job_slots.status(job)
    if status is None or status.state is JobState.DONE or status.parts > len(job.parts):
        st.rerun()
    text = progress_text(status, short=job.spare)
    if job.spare:
        st.caption(plain_markdown(f"{job.label}: {text}"))
    else:
        st.markdown(f"**{plain_markdown(job.label)}**: {plain_markdown(text)}")


def progress_text(status: JobStatus, *, short: bool = False) -> str:
    """Phase, incumbent, bound, gap and elapsed time in one line; short: phase and time."""
    if status.state is JobState.WAITING:
        return f"waiting for a free worker, place {status.place}, {status.elapsed:.1f} s"
    if short:
        return f"{status.phase}, {status.elapsed:.1f} s"
    parts = [status.phase]
    if status.value is not None:
        parts.append(f"objective {format_number(status.value, 5)}")
    if status.bound is not None:
        parts.append(f"best possible {format_number(status.bound, 5)}")
    if status.value is not None and status.bound is not None:
        gap = abs(status.bound - status.value) / max(abs(status.value), 1e-9)
        parts.append(f"gap {format_gap(gap)}")
    return ", ".join([*parts, f"{status.elapsed:.1f} s"])
