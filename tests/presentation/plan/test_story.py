"""A plan in sentences: routing, limits, proof, provenance."""

from typing import Any

import pytest

from planner.presentation.plan.story import (
    idle_llms,
    routing_rule_story_lines,
    story_lines,
)
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import unsolved


def test_the_story_says_what_its_numbers_do_not() -> None:
    routing, binding, proof, provenance = story_lines(built_plan().content)
    assert routing.startswith("33.3 % of the requests go to mistral-7b, 33.3 % to ")
    assert binding.startswith(("Binding: ", "No SLO"))
    assert proof == "Proved: no plan can exceed quality 0.90000 (gap 0 %)."
    assert provenance == (
        "66.7 % of the requests run on estimated curves (mistral-7b on A100-PCIe-80GB, yi-34b on"
        " A100-PCIe-80GB), whose latencies may turn out different."
    )


def test_the_part_of_the_requests_on_estimated_curves_is_that_of_their_options() -> None:
    """An LLM with both kinds of curves counts in part, one outside the cluster not at all; spare
    replicas serve nothing.
    """
    content: Any = built_plan().content
    one = content["options"][0]
    options = [
        {**one, "llm": "a", "gpu": "H100", "rate_rps": 3.0, "provenance": "estimated"},
        {**one, "llm": "a", "gpu": "L40S", "rate_rps": 1.0, "provenance": "measured"},
        {**one, "llm": "b", "gpu": "H100", "rate_rps": 0.0, "provenance": "calibrated"},
    ]
    changed = {**content, "options": options, "routing": {"a": 0.8, "b": 0.0, "outside": 0.2}}
    assert story_lines(changed)[-1] == (
        "60.0 % of the requests run on estimated or calibrated curves (a on H100, b on H100), whose"
        " latencies may turn out different."
    )
    estimated = [{**option, "provenance": "estimated"} for option in options]
    assert story_lines({**changed, "options": estimated})[-1] == (
        "All curves in use are estimated, and latencies may turn out different."
    )
    measured = [{**option, "provenance": "measured"} for option in options]
    assert story_lines({**changed, "options": measured})[-1] == ("All curves in use are measured.")


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
    assert story_lines(changed)[2].startswith(start)
    assert (
        "0.95000 (gap 5.6 %)"
        in story_lines({**changed, "objective": {**changed["objective"], "rel_gap": 0.05 / 0.9}})[2]
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
    assert story_lines(of_cost)[2] == "Proved: no plan can cost less than 7.20 USD/h (gap 0 %)."


def test_without_a_plan_there_is_no_story() -> None:
    assert story_lines(built_plan(unsolved("unknown", "time")).content) == []


def test_the_rule_names_the_cheapest_llm_and_the_differences() -> None:
    content: Any = {**built_plan().content, "dual_prices": {"a": 0.2, "b": 0.05, "c": None}}
    assert routing_rule_story_lines(content) == [
        "A prompt goes to a instead of b where its score is more than 0.1500 above b's."
    ]
    assert routing_rule_story_lines({**content, "dual_prices": {"a": 0.0, "b": None}}) == []


def test_an_llm_that_runs_without_requests_is_not_idle() -> None:
    content: Any = built_plan().content
    runs = content["options"][0]["llm"]
    routing = {llm: 0.0 if llm == runs else part for llm, part in content["routing"].items()}
    assert idle_llms(content) == []
    assert idle_llms({**content, "routing": {**routing, "spare": 0.0}}) == ["spare"]
