"""Why a chart would show nothing: one line in its place; "" where there is something to draw.

A chart is left out where it has no mark, and where it could have only one for every plan there is
(a single LLM gets everything).
"""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app_pages.charts.style import DescribedChart, show_styled_chart
from reports.content import Report
from reports.series import span_series

__all__ = [
    "empty_comparison_reason",
    "empty_cost_reason",
    "empty_gains_reason",
    "empty_latency_reason",
    "empty_load_reason",
    "empty_places_reason",
    "empty_points_reason",
    "empty_routing_reason",
    "empty_tornado_reason",
    "show_chart_unless_empty",
]


def show_chart_unless_empty(reason: str, build: Callable[[], DescribedChart], key: str) -> None:
    """The chart, or in its place the reason why it would be empty (no Markdown in it)."""
    if reason:
        st.text(reason)
    else:
        show_styled_chart(build(), key)


def empty_routing_reason(frame: pd.DataFrame) -> str:
    """Parts of the requests by LLM. frame: one row an LLM."""
    if len(frame) == 1:
        return f"No chart: {frame['LLM'].iloc[0]} is the only LLM and gets all requests."
    return ""


def empty_latency_reason(report: Report, header: str | None) -> str:
    """Curves of the deployed options. header: of the latency's column; None where the profiles have
    none.
    """
    if header is None:
        return "No chart: the profile tables have no latencies of the deployed options."
    points, spans = report["tables"]["points"], span_series(report)
    if all(points.iloc[start:stop][header].isna().any() for start, stop in spans):
        return f"No chart: {header} was not profiled for any deployed option."
    return ""


def empty_comparison_reason(frame: pd.DataFrame) -> str:
    """Quality over what differs between plans. frame: plan, quality, and a number that may."""
    quality, across = frame.iloc[:, 1], frame.iloc[:, 2]
    if quality.isna().any() or across.isna().any():
        return "No chart: one of the plans has no quality to draw."
    if quality.nunique() == 1 and across.nunique() == 1:
        return (
            "No chart: quality, cost, rate, the limits and the GPUs used are the same in all plans."
        )
    return ""


def empty_load_reason(frame: pd.DataFrame, measure: str) -> str:
    """Prices and fractions over load. frame: one row an LLM and rate that is held."""
    if not len(frame):
        return "No chart: no routing of this setup was found that keeps the SLOs at any rate."
    if frame["LLM"].nunique() == 1:
        return f"No chart: {frame['LLM'].iloc[0]} is the only LLM, at price 0 at every rate."
    if frame[measure].isna().all():
        return f"No chart: no LLM has a {measure.partition(' (')[0].lower()} at any rate."
    return ""


def empty_gains_reason(frame: pd.DataFrame, llms: int) -> str:
    """What the router gains against other ways. llms: of the plan's scenario."""
    if llms == 1:
        return "No chart: with one LLM every way to send the prompts is the same."
    return "" if len(frame) else "No chart: there is no other way to send these prompts."


def empty_points_reason(points: int) -> str:
    """A frontier. points: how many of it are planned so far."""
    return f"No chart: none of the {points} points planned so far has a plan." if points else ""


def empty_cost_reason(frame: pd.DataFrame) -> str:
    """Why cost is not among the measures of a frontier."""
    costs = [str(head) for head in frame.columns if str(head).startswith("Cost (")]
    if costs and frame[costs].isna().all(axis=None):
        return "Cost is not among the measures: a pool that is used has no price."
    return ""


def empty_tornado_reason(frame: pd.DataFrame) -> str:
    """A tornado. frame: a row for each end of each input."""
    change = next(str(head) for head in frame.columns if str(head).startswith("Change ("))
    if frame[change].isna().all():
        return "No chart: there is no plan at any moved input."
    if (frame[change].fillna(0.0) == 0.0).all() and frame[change].notna().all():
        return "No chart: no input changes the objective when it is moved."
    return ""


def empty_places_reason(marks: pd.DataFrame) -> str:
    """Where the plan lies among setups and baselines. marks: a row each, with its quality."""
    return "" if len(marks) > 1 else "No chart: there is nothing to compare the plan with."
