"""Work that was kept comes back on the page: inputs and plan as they were, a draft or what a link
opens.
"""

import streamlit as st

from app_pages.jobs.messages import CellsPlanView, OpenedWork
from app_pages.session import job_slots, state
from app_pages.session.server import example
from app_pages.session.state import ShownCells, ShownPlan
from app_pages.session.visitor import may_visitor_compute
from planner.packed_files import EXAMPLES
from planner.scenario.edits import ScenarioEdit

__all__ = ["is_opened_work", "opened_draft", "own_example_edits", "show_opened_work"]


def show_opened_work(work: OpenedWork, name: str, draft: int = 0) -> None:
    """Put work on the page; without a plan it is solved.

    name: what the scenario was called on the page; draft: its number, 0 where it is none.
    """
    edit, planned = own_example_edits(name, work)
    if edit is work.edit:  # no example
        own = f"resumed: {edit.base['name']}"
        name = own if draft else f"link: {work.name or edit.base['name']}"
    st.session_state["opened-work"] = (edit, draft)
    st.session_state["kept-draft"] = None
    st.session_state["example"] = name
    job_slots.clear_slot("plan")
    state.set_edit(edit)
    if work.view is None:
        if not may_visitor_compute():
            state.show_no_plan()  # that of the first example is none of the link's
        state.start_session_solve()
        return
    if isinstance(work.view, CellsPlanView):
        state.show_plan(ShownCells(planned, work.view, name))
    else:
        state.show_plan(ShownPlan(planned, work.view, name))


def own_example_edits(name: str, work: OpenedWork) -> tuple[ScenarioEdit, ScenarioEdit]:
    """The inputs of work, and those that its plan is of. Work on an example is of that example
    again: its links and what workers know of it hold.

    name: what was chosen as the scenario.
    """
    edit, planned = work.edit, work.planned
    if name not in EXAMPLES or example(name).base != edit.base:
        return edit, planned
    own = example(name)
    edit, planned = (ScenarioEdit(own.path, own.base, one.overrides) for one in (edit, planned))
    return edit, planned


def opened_draft() -> int:
    """The number of the draft that was opened last, 0 where it was none."""
    opened: tuple[ScenarioEdit, int] | None = st.session_state.get("opened-work")
    return 0 if opened is None else opened[1]


def is_opened_work(edit: ScenarioEdit) -> bool:
    """Whether these inputs are what a link has opened, without a change."""
    opened: tuple[ScenarioEdit, int] | None = st.session_state.get("opened-work")
    return opened is not None and opened[1] == 0 and opened[0] == edit
