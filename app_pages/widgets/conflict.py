"""A scenario that cannot be served, for the pages Plan and What-if: limits in conflict, and repairs
that can be applied.
"""

from typing import Any

import streamlit as st

from app_pages.session import reruns, state
from app_pages.session.markdown import bullets, plain
from app_pages.session.state import Shown
from planner.presentation.plan.conflict import conflict_lines

__all__ = ["draw"]


def draw(here: Shown) -> None:
    """Limits that cannot hold together and single changes, each with its button."""
    limits, repairs = conflict_lines(here.content)
    st.subheader("Limits that cannot hold together, and what was tried")
    bullets(limits)
    for note in here.meta["effort_notes"]:
        st.caption(plain(note))
    if repairs:
        st.subheader(
            "Any one of these changes makes it feasible"
            if len(repairs) > 1
            else "This change makes it feasible"
        )
        st.caption("Each was tried." if len(repairs) > 1 else "It was tried.")
    for k, ((words, _), change) in enumerate(
        zip(repairs, here.content["conflict"]["repairs"], strict=True)
    ):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("- " + plain(words), width="stretch")
            st.button("Apply and solve", key=f"repair-{k}", on_click=_apply, args=(here, change))


@reruns.whole
def _apply(here: Shown, change: dict[str, Any]) -> None:
    """Ask the infeasible scenario with one repair, and solve it."""
    state.set_asked(here.asked)
    state.set_value(change["change"], change["to"])
    state.solve()
