"""The router in tables: realised fractions, ties, one decision with its reason."""

from typing import Any

import pytest

from models.router import Router
from planner.operation.router_policy import build_routing_policy
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.router import (
    router_decision_table,
    router_prices_table,
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
