"""A scenario that cannot be served, for the pages Plan and What-if: limits in conflict, and repairs
that can be applied.
"""

from typing import Any

import streamlit as st

from app_pages.session import reruns, state
from app_pages.session.state import ShownPlan
from app_pages.session.visitor import may_visitor_compute
from app_pages.widgets.job_button import draw_job_guest_line
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from planner.presentation.plan.conflict import conflict_lines

__all__ = ["draw_conflict"]


def draw_conflict(here: ShownPlan) -> None:
    """Limits that cannot hold together and single changes, each with its button."""
    limits, repairs = conflict_lines(here.content)
    st.header("Limits that cannot hold together")
    markdown_bullets(limits)
    for note in here.meta["effort_notes"]:
        st.caption(plain_markdown(note))
    if repairs:
        several = len(repairs) > 1
        st.header(
            "Any one of these changes makes it feasible"
            if several
            else "This change makes it feasible"
        )
        st.caption("Each was tried." if several else "It was tried.")
    changes = here.content["conflict"]["repairs"]
    for k, ((words, _), change) in enumerate(zip(repairs, changes, strict=True)):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("- " + plain_markdown(words), width="stretch")
            key, args = f"repair-{k}", (here, change)
            st.button(
                "Apply and solve",
                key=key,
                disabled=not may_visitor_compute(),
                on_click=_apply_conflict_repair,
                args=args,
            )
    if repairs:
        draw_job_guest_line()


@reruns.survive_reruns
def _apply_conflict_repair(here: ShownPlan, change: dict[str, Any]) -> None:
    """Put the infeasible scenario with one repair on the page, and solve it."""
    if not may_visitor_compute():
        return
    state.set_edit(here.edit)
    state.edit_session_value(change["change"], change["to"])
    state.start_session_solve()
