"""The frontier and the tornado: what has no plan is drawn as such and named in the text."""

import pandas as pd

from app_pages.charts.what_if import build_what_if_frontier_chart, build_what_if_tornado_chart
from tests.support.page.page_charts import rows_of

FRONTIER = pd.DataFrame(
    {
        "Arrival rate (req/s)": [10.0, 20.0, 900.0],
        "Found (mean score)": [0.8, 0.7, None],
        "Best possible (mean score)": [0.8, 0.71, None],
        "Status": ["optimal", "feasible", "infeasible"],
        "This plan": ["", "This plan", ""],
        "Reason": ["", "", "too many requests"],
    }
)
TORNADO = pd.DataFrame(
    {
        "Input": ["arrival rate", "arrival rate", "nodes of pool p"],
        "Unit": ["req/s", "req/s", "nodes"],
        "Today": [10, 10, 1],
        "Moved to": [9, 11, 2],
        "Status": ["optimal", "infeasible", "optimal"],
        "Change (mean score)": [0.0123, None, 0.0001],
        "Certain": [True, True, False],
    }
)


def test_points_without_a_plan_are_named() -> None:
    chart = build_what_if_frontier_chart(FRONTIER, "Found (mean score)")
    assert chart[1].endswith("10.0: 0.8; 20.0: 0.7. No plan at 900.0.")
    assert {row["At"] for row in rows_of(chart) if row["Value"] is None} == {900.0}
    assert {row["At"] for row in rows_of(chart) if row["Mark"]} == {20.0}
    assert all("Best possible" in row for row in rows_of(chart))


def test_the_bound_is_drawn_only_with_the_objective() -> None:
    frame = FRONTIER.assign(**{"GPUs used": [4, 8, None]})
    assert not any(
        "Best possible" in row for row in rows_of(build_what_if_frontier_chart(frame, "GPUs used"))
    )


def test_ends_without_a_plan_and_within_the_gaps_are_marked() -> None:
    chart = build_what_if_tornado_chart(TORNADO)
    rows = rows_of(chart)
    assert [row["Label"] for row in rows] == ["+0.01230", "infeasible", "+0.00010 ?"]
    assert [row["End"] for row in rows] == ["less", "more", "more"]
    assert "arrival rate 11 req/s: infeasible" in chart[1]
    noise = TORNADO.assign(**{"Change (mean score)": [-7e-12, None, 4e-6]})
    labels = [row["Label"] for row in rows_of(build_what_if_tornado_chart(noise))]
    assert labels == ["0", "infeasible", "0"]
