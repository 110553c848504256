"""Headroom in words."""

from copy import deepcopy
from typing import Any

import pytest

from planner.presentation.plan.headroom import demand_with_headroom_text, headroom_lines
from planner.presentation.plan.story import headroom_story_text, story_lines
from tests.support.plans.built_plans import built_plan


def with_headroom(**percents: float) -> Any:
    content: Any = deepcopy(dict(built_plan().content))
    none = {"slo_pct": 0.0, "rate_pct": 0.0, "utilization_pct": 0.0}
    content["context"]["headroom"] = {**none, **percents}
    return content


def test_without_headroom_nothing_is_said() -> None:
    content = built_plan().content
    assert headroom_lines(content) == []
    assert demand_with_headroom_text(content) == "60 req/s"


@pytest.mark.parametrize(
    ("percents", "line"),
    [
        ({"slo_pct": 10.0}, "Headroom: 10 % of every SLO limit."),
        (
            {"rate_pct": 15.0, "utilization_pct": 2.5},
            "Headroom: 15 % more requests than stated, 2.5 % of the highest rate of every curve;"
            " quality, cost and latencies are those at 69.00 req/s.",
        ),
    ],
)
def test_what_is_kept_free_is_one_sentence(percents: dict[str, float], line: str) -> None:
    content = with_headroom(**percents)
    assert headroom_lines(content) == [line]
    assert line in story_lines(content)


def test_with_classes_and_cases_no_single_rate_is_named() -> None:
    content = {**with_headroom(rate_pct=15.0), "schema": 2}
    assert headroom_lines(content) == [
        "Headroom: 15 % more requests than stated; rates, quality, cost and latencies are those of"
        " the raised rates."
    ]


def test_the_demand_names_the_planned_rate() -> None:
    assert demand_with_headroom_text(with_headroom(rate_pct=15.0)) == "60 req/s (planned for 69.00)"


def test_an_slo_names_the_limit_it_was_planned_with() -> None:
    slo: Any = {"limit_ms": 150.0, "planned_limit_ms": 135.0, "achieved_ms": 134.99}
    assert headroom_story_text(slo) == "135.0 ms (limit 150, planned with 135, no headroom)"
    slo["achieved_ms"] = 108.0
    assert headroom_story_text(slo) == "108.0 ms (limit 150, planned with 135, 20.0 % headroom)"
