"""Whether one setup serves all cases or setups change with them, and what a start costs."""

import streamlit as st

from app_pages.session import reruns, state
from app_pages.widgets.number_fields import draw_number_field
from planner.scenario.demand.demand_edits import edit_fleet_mode

__all__ = ["draw_fleet_fields"]

MODES = {
    "fixed": "fixed: one setup serves all cases",
    "scheduled": "scheduled: setups change with the cases",
}


def draw_fleet_fields() -> None:
    """Mode of the fleet; of a scheduled one what a start costs."""
    mode = state.edited_content()["fleet"]["mode"]
    key = reruns.fill_widget_across_reruns("fleet-mode", mode)
    with st.container(horizontal=True):
        st.radio(
            "Fleet",
            list(MODES),
            key=key,
            on_change=_fleet_mode_chosen,
            args=(key,),
            format_func=MODES.__getitem__,
            width=380,
        )
        if mode == "scheduled":
            label = "A start costs (USD for each GPU)"
            draw_number_field("fleet.start_usd_per_gpu", label, 0.0, 0.1)
    if mode == "scheduled":
        st.caption(
            "Setups follow each other in the order of the cases, in a cycle. Cases of 0 hours and"
            " cases with lost nodes test the setup of another case."
        )


@reruns.survive_reruns
def _fleet_mode_chosen(key: str) -> None:
    mode = st.session_state[key]
    if reruns.accept_value_across_reruns("fleet-mode", key, mode):
        file = state.current_edit().base
        state.edit_session_content(edit_fleet_mode(state.edited_content(), mode, file))
