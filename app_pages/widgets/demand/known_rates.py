"""Rates of the scenario as edited, also those of a table that a worker reads."""

from typing import Any

import streamlit as st

from app_pages.jobs.messages import JobOutcome
from app_pages.session import state
from planner.scenario.demand.demand_edits import demand_edit_rates

__all__ = ["known_rates", "remember_rates_of_table"]


def remember_rates_of_table(done: JobOutcome | None) -> None:
    """Keep what the table `demand` of the scenario's file holds, once a worker has read it: an edit
    that another table contradicts does not make the rates unknown.

    done: of `uploads.table_summaries`.
    """
    if done is not None and done.has_result and state.edited_content()["demand"] is not None:
        st.session_state["rates-of-table"] = (state.current_edit().path, done.result["rates"])


def known_rates() -> list[dict[str, Any]] | None:
    """Rates as of `planner.scenario.demand.demand_edits`; None where they are in a table that is
    not read.
    """
    path, table = st.session_state.get("rates-of-table", ("", None))
    same = path == state.current_edit().path
    return demand_edit_rates(state.edited_content(), table if same else None)
