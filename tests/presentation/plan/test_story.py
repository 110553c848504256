"""A plan in sentences: setup, routing, headroom, proof, provenance."""

from typing import Any

import pytest

from planner.presentation.plan.story import (
    headroom_story_text,
    routing_rule_story_lines,
    story_lines,
)
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import unsolved


@pytest.mark.parametrize(
    ("achieved", "text"),
    [
        (149.99, "150.0 ms (limit 150, reached)"),
        (120.0, "120.0 ms (limit 150, 20.0 % below)"),
        (None, "above every profiled percentile (limit 150 ms)"),
    ],
)
def test_headroom_says_what_is_left(achieved: float | None, text: str) -> None:
    slo: Any = {"limit_ms": 150.0, "achieved_ms": achieved}
    assert headroom_story_text(slo) == text


def test_the_story_has_every_number() -> None:
    setup, routing, latency, binding, proof, provenance = story_lines(built_plan().content)
    assert setup == (
        "3 LLMs answer 60 requests a second on 4 of 4 GPUs for 7.20 USD/h, with a mean score of"
        " 0.90000."
    )
    assert routing.startswith("33.3 % of the requests go to mistral-7b, 33.3 % to ")
    assert latency.startswith("Latency: mean TTFT 116.7 ms (limit ")
    assert binding.startswith(("Binding: ", "No SLO"))
    assert proof == "Proved: no plan can exceed quality 0.90000 (gap 0 %)."
    assert provenance.startswith("1 of 3 curves in use is measured;")


@pytest.mark.parametrize(
    ("status", "termination", "start"),
    [
        ("feasible", "time", "The search was stopped early and a better plan may exist; no plan"),
        ("feasible", "choice", "An alternative: a better plan is known; no plan can exceed"),
    ],
)
def test_what_is_not_proved_is_not_claimed(status: str, termination: str, start: str) -> None:
    content = built_plan().content
    changed: Any = {
        **content,
        "status": status,
        "solver": {**content["solver"], "termination": termination},
        "objective": {**content["objective"], "bound": 0.95, "rel_gap": 0.05},
    }
    assert story_lines(changed)[4].startswith(start)
    assert (
        "0.95000 (gap 5.6 %)"
        in story_lines({**changed, "objective": {**changed["objective"], "rel_gap": 0.05 / 0.9}})[4]
    )


def test_a_cheapest_plan_is_proved_cheapest() -> None:
    content = built_plan().content
    of_cost: Any = {
        **content,
        "objective": {
            "sense": "minimize",
            "of": "cost",
            "value": 7.2,
            "bound": 7.2,
            "rel_gap": 0.0,
        },
    }
    assert story_lines(of_cost)[4] == "Proved: no plan can cost less than 7.20 USD/h (gap 0 %)."


def test_without_a_plan_there_is_no_story() -> None:
    assert story_lines(built_plan(unsolved("unknown", "time")).content) == []


def test_the_rule_names_the_cheapest_llm_and_the_differences() -> None:
    content: Any = {**built_plan().content, "dual_prices": {"a": 0.2, "b": 0.05, "c": None}}
    assert routing_rule_story_lines(content) == [
        "A prompt goes to a instead of b where its score is more than 0.1500 above b's."
    ]
    assert routing_rule_story_lines({**content, "dual_prices": {"a": 0.0, "b": None}}) == []
