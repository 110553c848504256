"""Charts that would show nothing: one line in their place, and none where there is something."""

from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages.charts.empty import (
    empty_comparison_reason,
    empty_cost_reason,
    empty_gains_reason,
    empty_latency_reason,
    empty_load_reason,
    empty_places_reason,
    empty_points_reason,
    empty_routing_reason,
    empty_tornado_reason,
)
from app_pages.jobs.messages import PlanView

PRICE = "Dual price (score)"
COST = "Cost (USD/h)"


def test_one_llm_leaves_nothing_to_compare() -> None:
    assert "a is the only LLM" in empty_routing_reason(pd.DataFrame({"LLM": ["a"]}))
    assert empty_routing_reason(pd.DataFrame({"LLM": ["a", "b"]})) == ""
    load = pd.DataFrame({"LLM": ["a", "a"], PRICE: [0.0, 0.0]})
    assert "a is the only LLM" in empty_load_reason(load, PRICE)
    assert "with one LLM" in empty_gains_reason(pd.DataFrame({"Against": ["b"]}), 1)


def test_prices_over_load_need_a_rate_that_is_held_and_a_price() -> None:
    both = pd.DataFrame({"LLM": ["a", "b"], PRICE: [0.0, None]})
    assert empty_load_reason(both, PRICE) == ""
    assert "no LLM has a dual price" in empty_load_reason(both.assign(**{PRICE: None}), PRICE)
    assert "keeps the SLOs" in empty_load_reason(both[:0], PRICE)
    assert empty_gains_reason(both, 2) == ""
    assert empty_gains_reason(both[:0], 2)


@pytest.mark.parametrize(
    ("quality", "across", "reason"),
    [
        ([0.5, 0.6], [4, 4], ""),
        ([0.5, 0.5], [4, 5], ""),
        ([0.5, 0.5], [4, 4], "the same in all plans"),
        ([0.5, None], [4, 5], "no quality"),
    ],
)
def test_plans_at_one_point_are_not_drawn(quality: Any, across: Any, reason: str) -> None:
    table = {"Plan": ["a", "b"], "Quality (mean score)": quality, "GPUs used": across}
    said = empty_comparison_reason(pd.DataFrame(table))
    assert reason in said
    assert bool(said) == bool(reason)


def test_a_frontier_says_what_it_lacks() -> None:
    assert "none of the 3 points" in empty_points_reason(3)
    assert empty_points_reason(0) == ""
    unpriced = pd.DataFrame({"Rate": [1.0, 2.0], COST: [None, None]})
    assert "has no price" in empty_cost_reason(unpriced)
    assert empty_cost_reason(unpriced.assign(**{COST: [None, 2.0]})) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([0.0, 0.1], ""),
        ([None, 0.0], ""),
        ([None, None], "no plan at any moved input"),
        ([0.0, 0.0], "no input changes the objective"),
    ],
)
def test_a_tornado_without_bars_says_why(changes: Any, reason: str) -> None:
    said = empty_tornado_reason(pd.DataFrame({"Change (score)": changes}, dtype=float))
    assert reason in said
    assert bool(said) == bool(reason)


def test_a_plan_alone_has_no_place_among_others() -> None:
    assert empty_places_reason(pd.DataFrame({"Mark": ["joint plan"]}))
    assert empty_places_reason(pd.DataFrame({"Mark": ["joint plan", "two-stage"]})) == ""


def test_curves_are_missing_where_no_option_has_them_throughout(view: PlanView) -> None:
    report: Any = view.report
    header = report["meta"]["latencies"][0]
    assert empty_latency_reason(report, header) == ""
    assert "no latencies" in empty_latency_reason(report, None)
    points = report["tables"]["points"].assign(**{header: None})
    bare = {**report, "tables": {**report["tables"], "points": points}}
    assert header in empty_latency_reason(bare, header)


def _page_with_and_without() -> None:
    import pandas as pd

    from app_pages.charts.empty import show_chart_unless_empty
    from app_pages.charts.setups import build_setup_places_chart

    marks = pd.DataFrame(
        [{"Mark": "joint plan", "Kind": "plan", "Quality (mean score)": 0.5, "Note": ""}]
    )
    show_chart_unless_empty("No chart: *why*.", lambda: build_setup_places_chart(marks), "a")
    show_chart_unless_empty("", lambda: build_setup_places_chart(marks), "b")


def test_the_reason_stands_in_place_of_the_chart_as_it_is() -> None:
    app = AppTest.from_function(_page_with_and_without).run()
    assert not app.exception
    assert [one.value for one in app.text] == ["No chart: *why*."]
    assert len(app.get("vega_lite_chart")) == 1
