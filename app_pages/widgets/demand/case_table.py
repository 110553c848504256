"""Cases of the day: hours, limits, floors of quality, lost nodes, and whose setup they test."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app_pages.session import state
from app_pages.widgets.demand.known_rates import known_rates
from app_pages.widgets.editors import (
    EditedTable,
    Row,
    draw_edited_table,
    editor_content,
    editor_row,
)
from planner.scenario.demand.demand_edits import edit_demand_cases

__all__ = ["case_entries", "case_rows", "draw_case_table"]

LOST = "lost:"
"""Begins the name of a column with the nodes lost of a pool."""


def draw_case_table() -> None:
    """A row for each case; nothing while the rates are unknown."""
    content, rates = state.edited_content(), known_rates()
    if rates is None:
        return
    cases = content["cases"] or []
    columns = _case_columns(content)

    def edited(rows: list[Row], origins: list[int | None]) -> dict[str, Any]:
        entries = case_entries(columns, cases, rows, origins)
        return edit_demand_cases(content, rates, entries, origins)

    draw_edited_table(
        EditedTable(
            key="cases",
            alt="Cases: name, hours, limits, quality, lost nodes.",
            columns=columns,
            rows=case_rows(columns, cases),
            content=edited,
        )
    )
    st.caption(
        "Hours are a case's weight; with 0 hours it must hold, and does not count. Nodes lost: any"
        " so many nodes of the pool may fail, and the others still hold the limits. A new case"
        " has rates of 0 until you set them above."
    )


def _case_columns(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    number = st.column_config.NumberColumn
    columns: dict[str, Mapping[str, Any]] = {
        "name": st.column_config.TextColumn("Case", required=True),
        "hours": number("Hours", min_value=0.0, help="Its weight. Blank: 1."),
        "slo_factor": number("SLO factor", help="Every limit times this. Blank: 1."),
        "quality_at_least": number("Quality at least", help="Over its classes. Blank: no limit."),
    }
    for pool in content["pools"]:
        name = pool["name"]
        help_text = f"Nodes of {name} that may be lost, whichever they are. Blank: none."
        columns[LOST + name] = number(f"{name} nodes lost", min_value=0, step=1, help=help_text)
    if content["fleet"]["mode"] == "scheduled":
        own = [case["name"] for case in content["cases"] or ()]
        help_text = "The case whose setup this one tests. Blank: it has its own."
        columns["of"] = st.column_config.SelectboxColumn("Setup of", options=own, help=help_text)
    return columns


def case_rows(columns: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Cases as the table shows them."""
    return [
        editor_row(columns, {**case, **{LOST + pool: n for pool, n in case["lost_nodes"].items()}})
        for case in cases
    ]


def case_entries(
    columns: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    rows: Sequence[Row],
    origins: Sequence[int | None],
) -> list[dict[str, Any]]:
    """Edited rows as cases."""
    entries = []
    for entry in editor_content(columns, cases, rows, origins):
        lost = {
            name.removeprefix(LOST): count
            for name, count in entry.items()
            if name.startswith(LOST) and count is not None
        }
        kept = {name: value for name, value in entry.items() if not name.startswith(LOST)}
        # What has no column in a fixed fleet is as in a case without it.
        entries.append({"arrival_rate_rps": None, "of": None, **kept, "lost_nodes": lost})
    return entries
