"""The router in tables: realised fractions, ties, one decision with its reason."""

from typing import Any

import pandas as pd
import pytest

from models.router import Router
from planner.operation.router_policy import build_routing_policy
from planner.operation.routing_cost import NONE_GOOD, RoutingCost
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.router import (
    router_cost_from_baselines,
    router_cost_text,
    router_decision_table,
    router_prices_table,
    router_single_llm_cost_text,
    router_ties_table,
    routing_decision_line,
)


@pytest.fixture
def router(source: PlanAndScenario) -> Router:
    content = source.plan.content
    return Router(build_routing_policy(content, source.loaded.instance.arrival_rate))


def test_realised_fractions_are_the_planned_ones(source: PlanAndScenario, router: Router) -> None:
    frame = router_prices_table(source.plan.content, router, source.loaded.instance.scores)
    assert frame["Planned (%)"].sum() == pytest.approx(100.0)
    assert frame["Realised (%)"].to_list() == pytest.approx(frame["Planned (%)"].to_list(), abs=0.2)
    assert frame["Dual price (score)"].min() == pytest.approx(0.0)


def test_ties_are_listed_largest_first(source: PlanAndScenario) -> None:
    content: Any = source.plan.content
    ties = [
        {"llms": ["a", "b"], "share": 0.1, "split": [0.25, 0.75]},
        {"llms": ["a", "c"], "share": 0.2, "split": [1.0, 0.0]},
    ]
    frame = router_ties_table({**content, "router": {**content["router"], "ties": ties}})
    assert list(frame["Part of the prompts (%)"]) == pytest.approx([20.0, 10.0])
    assert frame.loc[1, "Split"] == "25.00 % a, 75.00 % b"


def test_a_decision_comes_with_its_reason(router: Router) -> None:
    scores = {llm: 0.5 for llm in router.llms}
    winner = max(router.llms)
    scores[winner] = 5.0
    frame = router_decision_table(router, scores, "p1")
    assert frame.loc[frame["Chosen"], "LLM"].to_list() == [winner]
    assert frame["Probability (%)"].sum() == pytest.approx(100.0)
    assert routing_decision_line(router, scores, "p1") == (
        f"{winner} answers: its score - price is the highest."
    )


COST = RoutingCost(plan=5.37, floor=0.66)


def test_the_cost_is_said_with_the_floor_and_the_best_single_llm() -> None:
    known = RoutingCost(plan=5.37, floor=0.66, single=19.54, single_llm="yi-34b")
    assert router_cost_text(known) == "Meets your floor of 0.66 at 5.37 USD/h"
    assert router_single_llm_cost_text(known) == "the best single LLM (yi-34b) costs 19.54 USD/h"
    open_gap = RoutingCost(plan=5.37, floor=None, single=19.54, single_llm="yi-34b", proved=False)
    assert router_cost_text(open_gap) == "Costs 5.37 USD/h"
    assert router_single_llm_cost_text(open_gap).endswith("(yi-34b) costs at most 19.54 USD/h")
    assert "is not known" in router_single_llm_cost_text(COST)


@pytest.mark.parametrize(
    ("cost", "met", "note", "words"),
    [
        (19.54, True, "", "(yi-34b) costs 19.54 USD/h"),
        (19.54, True, "its own gap is open: its least cost may be 18", "at most 19.54"),
        (19.54, False, "", NONE_GOOD),
        (None, None, "no LLM alone reaches the required quality", NONE_GOOD),
        (None, None, "unfinished: stopped", "was stopped"),
    ],
)
def test_the_best_single_llm_is_read_off_the_baselines(
    cost: float | None, met: bool | None, note: str, words: str
) -> None:
    row = {"Baseline": "best single LLM", "Variant": "yi-34b", "Cost (USD/h)": cost}
    other = {
        "Baseline": "isolated",
        "Variant": "",
        "Cost (USD/h)": 1.0,
        "SLO met": True,
        "Note": "",
    }
    table = pd.DataFrame([other, {**row, "SLO met": met, "Note": note}])
    assert words in router_single_llm_cost_text(router_cost_from_baselines(COST, table))
    assert router_cost_from_baselines(COST, table[:1]) == COST
