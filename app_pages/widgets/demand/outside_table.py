"""LLMs outside the cluster: prices, rate limits and latencies."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app_pages.session import state
from app_pages.widgets.editors import EditedTable, Row, draw_edited_table, editor_row
from planner.scenario.demand.demand_edits import edit_llms_at
from planner.scenario.schema.demand_specification import ApiSpec
from profiles.records import METRICS, STATISTICS

__all__ = ["draw_outside_table", "outside_entries", "outside_rows"]

LATENCIES = tuple(f"{metric}_{statistic}_ms" for metric in METRICS for statistic in STATISTICS)


def draw_outside_table() -> None:
    """A row for each LLM outside; in a box that is opened where there is none."""
    content = state.edited_content()
    places = [k for k, llm in enumerate(content["llms"]) if llm["api"] is not None]
    if places:
        st.markdown("**LLMs outside the cluster**: APIs that are paid by use and need no GPU.")
        _draw_outside_rows(content, places)
        return
    with st.expander("LLMs outside the cluster", icon=":material/cloud:"):
        st.markdown(
            "Add an API that is paid by use and needs no GPU. The scores need a column of its name."
        )
        _draw_outside_rows(content, places)


def _draw_outside_rows(content: Mapping[str, Any], places: Sequence[int]) -> None:
    columns = _outside_columns(content)
    before = [content["llms"][k] for k in places]

    def edited(rows: list[Row], origins: list[int | None]) -> dict[str, Any]:
        return edit_llms_at(content, places, outside_entries(before, rows, origins), origins)

    draw_edited_table(
        EditedTable(
            key="outside",
            alt="LLMs outside the cluster: prices, rate limits, latencies.",
            columns=columns,
            rows=outside_rows(columns, before),
            content=edited,
        )
    )
    st.caption(
        "State a price of one request, or both prices of tokens. Where an SLO limits a latency"
        " that is not set, the LLM does not serve the requests of that SLO."
    )


def _outside_columns(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    number = st.column_config.NumberColumn
    columns: dict[str, Mapping[str, Any]] = {
        "name": st.column_config.TextColumn("LLM", required=True, help="As in the scores table."),
        "usd_per_request": number("USD per request", min_value=0.0),
        "usd_per_1m_input_tokens": number("USD per 1M input tokens", min_value=0.0),
        "usd_per_1m_output_tokens": number("USD per 1M output tokens", min_value=0.0),
        "max_rate_rps": number("At most (req/s)", help="In a case. Blank: no limit."),
    }
    for name in _latencies_of_interest(content):
        metric, statistic, _ = name.split("_")
        columns[name] = number(f"{metric.upper()} {statistic} (ms)")
    return columns


def _latencies_of_interest(content: Mapping[str, Any]) -> list[str]:
    """Latencies that an LLM outside states, or that an SLO limits."""
    apis = [llm["api"] for llm in content["llms"] if llm["api"] is not None]
    slos = [*content["slo"], *(slo for one in content["classes"] or () for slo in one["slo"])]
    limited = {f"{slo['metric']}_{slo['statistic']}_ms" for slo in slos}
    return [
        name for name in LATENCIES if name in limited or any(api[name] is not None for api in apis)
    ]


def outside_rows(columns: Mapping[str, Any], llms: Sequence[Mapping[str, Any]]) -> list[Row]:
    """LLMs outside as the table shows them."""
    return [editor_row(columns, {"name": llm["name"], **llm["api"]}) for llm in llms]


def outside_entries(
    llms: Sequence[Mapping[str, Any]], rows: Sequence[Row], origins: Sequence[int | None]
) -> list[dict[str, Any]]:
    """Edited rows as LLMs; latencies without a column stay."""
    new = {
        **{"weights_gib": None, "min_replicas": 0, "max_replicas": None},
        "api": dict.fromkeys(ApiSpec.model_fields),
    }
    entries = []
    for row, origin in zip(rows, origins, strict=True):
        before: Mapping[str, Any] = new if origin is None else llms[origin]
        api = {key: value for key, value in row.items() if key != "name"}
        entries.append({**before, "name": row["name"], "api": {**before["api"], **api}})
    return entries
