"""How much each class sends in each case, and all of it times a number."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app_pages.session import reruns, state
from app_pages.widgets.demand.known_rates import known_rates
from app_pages.widgets.editors import EditedTable, Row, draw_edited_table
from planner.scenario.demand.demand_edits import (
    demand_edit_cases,
    demand_edit_classes,
    edit_demand_rates,
    scaled_demand_rates,
)

__all__ = ["draw_rate_table"]

FACTOR = "rates-times"


def draw_rate_table() -> None:
    """A row for each case, a column for each class; nothing while the rates are unknown."""
    content, rates = state.edited_content(), known_rates()
    if rates is None:
        return
    names, cases = demand_edit_classes(content), demand_edit_cases(content)
    several = content["classes"] is not None

    def edited(rows: list[Row], _: list[int | None]) -> dict[str, Any]:
        new = [{name: row[f"rate.{c}"] for c, name in enumerate(names)} for row in rows]
        return edit_demand_rates(content, new)

    rows = [
        {"case": case, **{f"rate.{c}": one[name] for c, name in enumerate(names)}}
        for case, one in zip(cases, rates, strict=True)
    ]
    draw_edited_table(
        EditedTable(
            key="rates",
            alt="Rates: requests per second of every class in every case.",
            columns=_rate_columns(names if several else ["Requests"]),
            rows=rows,
            content=edited,
            fixed=True,
        )
    )
    _draw_rate_factor(rates)


def _rate_columns(labels: list[str]) -> dict[str, Mapping[str, Any]]:
    rate = st.column_config.NumberColumn
    return {
        "case": st.column_config.TextColumn("Case", disabled=True),
        **{
            f"rate.{c}": rate(f"{label} (req/s)", required=True, min_value=0.0)
            for c, label in enumerate(labels)
        },
    }


def _draw_rate_factor(rates: list[dict[str, Any]]) -> None:
    """Scale the whole day. The field is a new one, with 1 in it, when the rates are others."""
    key = reruns.widget_key_across_reruns(FACTOR, rates)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "All rates times",
            min_value=0.001,
            value=1.0,
            step=0.1,
            format="%.12g",
            key=key,
            width=240,
        )
        st.button("Multiply all rates", key="scale-rates", on_click=_scale_rates, args=(key,))


@reruns.survive_reruns
def _scale_rates(key: str) -> None:
    rates = known_rates()
    # A second click before the page is drawn, or this one begun again, meets other rates already.
    if rates is None or reruns.widget_key_across_reruns(FACTOR, rates) != key:
        return
    factor = st.session_state[key]
    if factor is not None:
        new = scaled_demand_rates(rates, factor)
        state.edit_session_content(edit_demand_rates(state.edited_content(), new))
