"""Long computations of one person: started from a page, watched on every page, fetched when they
are done.

A slot is a name for what is computed (`plan`, `worth`, `setups` ...); a new start in a slot ends
what goes on in it. The desk is the server's; slots and results are the session's.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app_pages.jobs.messages import Outcome, Status
from app_pages.session import reruns
from app_pages.session.markdown import plain
from app_pages.session.server import desk
from planner.presentation.formatting import format_gap, format_number

__all__ = [
    "Work",
    "clear",
    "collect",
    "desk",
    "end_spare",
    "outcome",
    "outcome_of",
    "progress_box",
    "running",
    "start",
    "watch",
    "work_of",
]

POLL_S, SPARE_POLL_S = 0.25, 1.0
STOPPING_S = 1.0
SLICE_S = 0.05
IN_VIEW = (
    "<style>div:has(> .st-key-progress) {position: sticky; top: 4rem; z-index: 99; background:"
    " Canvas; border-radius: 0.5rem}</style>"
)
"""The progress box stays in view when the page is scrolled: its buttons stand all over the page."""


@dataclass
class Work:
    """One slot.

    name: of the job; args: what was asked; until: of time.monotonic, how long the page waits for it
    before it is drawn.

    spare: nobody asked for it, so it computes at lowest priority and is told where its result will
    stand; parts: results on the way;
    outcome: None while it goes on; cancelled: the person has stopped it.
    """

    name: str
    label: str
    args: tuple[Any, ...]
    until: float
    spare: bool
    parts: list[Any]
    outcome: Outcome | None = None
    cancelled: bool = False


def _slots() -> dict[str, Work]:
    return st.session_state.setdefault("work", {})


def start(
    slot: str,
    call: str,
    args: Sequence[Any],
    label: str,
    key: str = "",
    wait: float = 0.0,
    spare: bool = False,
) -> None:
    """Start `module:function` in a slot.

    label: what is said of its progress; wait: s that the page waits for it before it is drawn.
    """
    clear(slot)
    slots = _slots()
    slots[slot] = Work(
        desk().start(call, args, key, spare), label, tuple(args), time.monotonic() + wait, spare, []
    )


def clear(slot: str) -> None:
    """Forget a slot; what goes on in it is ended."""
    found = _slots().pop(slot, None)
    if found is not None:
        desk().forget(found.name)


def end_spare() -> None:
    """Forget what nobody asked for and is not done."""
    for slot in [slot for slot, work in _slots().items() if work.spare and work.outcome is None]:
        clear(slot)


def work_of(slot: str) -> Work | None:
    """What is or was computed in a slot."""
    return _slots().get(slot)


def running(slot: str) -> bool:
    """Whether a slot's job waits or runs."""
    found = _slots().get(slot)
    return found is not None and found.outcome is None


def outcome(slot: str) -> Outcome | None:
    """What a slot's job came to; None while it goes on and where there is none."""
    found = _slots().get(slot)
    return None if found is None else found.outcome


def outcome_of(slot: str, args: Sequence[Any]) -> Outcome | None:
    """What a slot's job came to, where these arguments were asked; None while it goes on and where
    others were.
    """
    found = _slots().get(slot)
    return None if found is None or found.args != tuple(args) else found.outcome


def collect() -> None:
    """Fetch what is done, and results on the way, after waiting for what is soon done.

    Called once, before a page is drawn.
    """
    for work in list(_slots().values()):
        while (
            work.outcome is None
            and time.monotonic() < work.until
            and desk().wait(work.name, SLICE_S) is None
        ):
            _slots()  # a newer click takes over here
        if work.outcome is None:
            done = desk().outcome(work.name)
            work.parts += desk().parts(work.name, len(work.parts))
            if done is not None:
                work.outcome = done
                desk().forget(work.name)


def progress_box() -> None:
    """Tell how far the session's jobs are, each with its Cancel; drawn on every page.

    Nothing when none goes on.
    """
    going = {
        slot: work for slot, work in _slots().items() if work.outcome is None and not work.spare
    }
    if not going:
        return
    st.html(IN_VIEW)
    with st.container(key="progress"):
        for slot, work in going.items():
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                with st.container(width="stretch"):
                    watch(slot)
                st.button("Cancel", key=f"cancel-{slot}", on_click=_stop, args=(work,))


def watch(slot: str) -> None:
    """A line that tells how far a slot's job is."""
    work = _slots()[slot]
    st.fragment(_watch, run_every=SPARE_POLL_S if work.spare else POLL_S)(work)


def _watch(work: Work) -> None:
    """The line itself, drawn anew every POLL_S; when the job is done or has new parts, the whole
    page is.
    """
    status = desk().status(work.name)
    if status is None or status.state == "done" or status.parts > len(work.parts):
        st.rerun()
    st.markdown(f"**{plain(work.label)}**: {plain(progress_words(status))}")


@reruns.whole
def _stop(work: Work) -> None:
    """Ask a job to stop; the page waits the moment that it takes."""
    desk().cancel(work.name)
    work.until, work.cancelled = time.monotonic() + STOPPING_S, True


def progress_words(status: Status) -> str:
    """Phase, incumbent, bound, gap and elapsed time in one line."""
    if status.state == "waiting":
        return f"waiting for a free process, place {status.place}, {status.elapsed:.1f} s"
    parts = [status.phase]
    if status.value is not None:
        parts.append(f"found {format_number(status.value, 5)}")
    if status.bound is not None:
        parts.append(f"best possible {format_number(status.bound, 5)}")
    if status.value is not None and status.bound is not None:
        parts.append(
            f"gap {format_gap(abs(status.bound - status.value) / max(abs(status.value), 1e-9))}"
        )
    return ", ".join([*parts, f"{status.elapsed:.1f} s"])
