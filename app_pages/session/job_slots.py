"""Long computations of one person: started from a page, shown on every page, fetched when they are
done.

A slot is a name for what is computed (`plan`, `marginals`, `setups` ...); a new start in a slot
ends what goes on in it. The worker pool is the server's; slots and results are the session's.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from app_pages.jobs.messages import JobOutcome, JobStatus
from app_pages.session import reruns
from app_pages.session.server import page_is_open, worker_pool
from app_pages.session.visitor import may_visitor_compute

__all__ = [
    "READING_LIMIT_S",
    "JobSlot",
    "cancel",
    "clear_slot",
    "clear_spare",
    "collect_slots",
    "get",
    "is_running",
    "outcome",
    "running_jobs",
    "slot_outcome_for",
    "start_in_slot",
    "start_reading_in_slot",
    "status",
]

READING_LIMIT_S = 30.0
"""A worker may read a person's files for this long."""
STOPPING_S = 1.0
SLICE_S = 0.05


@dataclass(kw_only=True)
class JobSlot:
    """One slot.

    job: its name at the pool; label: what progress is shown under; args: of its function; until: s
    of time.monotonic, how long the page waits for it before it is drawn; spare: nobody waits for
    it, so it computes at lowest priority; parts: partial results; outcome: None while it goes on;
    cancelled: by the person.
    """

    job: str
    label: str
    args: tuple[Any, ...]
    until: float
    spare: bool
    parts: list[Any] = field(default_factory=list)
    outcome: JobOutcome | None = None
    cancelled: bool = False


def _slots() -> dict[str, JobSlot]:
    return st.session_state.setdefault("job-slots", {})


def start_in_slot(
    slot: str,
    call: str,
    args: Sequence[Any],
    label: str,
    *,
    key: str = "",
    wait: float = 0.0,
    spare: bool = False,
) -> None:
    """Start `module:function` in a slot.

    label: what progress is shown under; key: jobs of one key go to one worker; wait: s that the
    page waits for the job before it is drawn; spare: nobody waits for it. Nothing is started for
    who may only look, whatever their browser sends.
    """
    clear_slot(slot)
    if not may_visitor_compute():
        return
    job = worker_pool().start(call, args, key, spare=spare, wanted=page_is_open())
    _fill_slot(slot, job, args, label, wait, spare=spare)


def start_reading_in_slot(
    slot: str, call: str, args: Sequence[Any], label: str, *, key: str = "", wait: float = 0.0
) -> None:
    """`start_in_slot` for a job that reads uploaded files: it is ended when it has not read them
    after READING_LIMIT_S.
    """
    clear_slot(slot)
    job = worker_pool().start(call, args, key, reading_limit=READING_LIMIT_S, wanted=page_is_open())
    _fill_slot(slot, job, args, label, wait, spare=False)


def _fill_slot(
    slot: str, job: str, args: Sequence[Any], label: str, wait: float, *, spare: bool
) -> None:
    _slots()[slot] = JobSlot(
        job=job, label=label, args=tuple(args), until=time.monotonic() + wait, spare=spare
    )


def clear_slot(slot: str) -> None:
    """Forget a slot; what goes on in it is ended."""
    job = _slots().pop(slot, None)
    if job is not None:
        worker_pool().forget(job.job)


def clear_spare() -> None:
    """Forget spare jobs that are not done."""
    for slot in [slot for slot, job in _slots().items() if job.spare and job.outcome is None]:
        clear_slot(slot)


def get(slot: str) -> JobSlot | None:
    """What is or was computed in a slot."""
    return _slots().get(slot)


def is_running(slot: str) -> bool:
    """Whether a slot's job waits or runs."""
    job = _slots().get(slot)
    return job is not None and job.outcome is None


def running_jobs() -> Mapping[str, JobSlot]:
    """Jobs that the user waits for, by slot."""
    return {slot: job for slot, job in _slots().items() if job.outcome is None and not job.spare}


def outcome(slot: str) -> JobOutcome | None:
    """The outcome of a slot's job; None while it runs and where there is none."""
    job = _slots().get(slot)
    return None if job is None else job.outcome


def slot_outcome_for(slot: str, args: Sequence[Any]) -> JobOutcome | None:
    """The outcome of a slot's job with these arguments; None while it runs and where it has
    others.
    """
    job = _slots().get(slot)
    return None if job is None or job.args != tuple(args) else job.outcome


def collect_slots() -> None:
    """Fetch outcomes and partial results, after waiting for jobs that are soon done.

    Called before a page is drawn, again when that has started a job.
    """
    for job in list(_slots().values()):
        while (
            job.outcome is None
            and time.monotonic() < job.until
            and worker_pool().wait(job.job, SLICE_S) is None
        ):
            _slots()  # Streamlit lets a newer click take over at a look into session_state
        if job.outcome is None:
            done = worker_pool().outcome(job.job)
            job.parts += worker_pool().parts(job.job, len(job.parts))
            if done is not None:
                job.outcome = done
                worker_pool().forget(job.job)


def status(job: JobSlot) -> JobStatus | None:
    """The progress of a job; None when the pool does not know it (any more)."""
    return worker_pool().status(job.job)


@reruns.survive_reruns
def cancel(job: JobSlot) -> None:
    """Ask a job to stop; the page waits the moment that it takes."""
    worker_pool().cancel(job.job)
    job.until, job.cancelled = time.monotonic() + STOPPING_S, True
