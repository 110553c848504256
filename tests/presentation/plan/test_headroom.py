"""Headroom in words."""

from copy import deepcopy
from typing import Any

import pytest

from planner.presentation.formatting import format_planned_rate
from planner.presentation.plan.headroom import (
    achieved_rate_lines,
    demand_with_headroom_text,
    headroom_lines,
)
from planner.presentation.plan.simulated_limits import simulated_limit_lines
from planner.presentation.plan.story import story_lines
from planner.presentation.simulation import simulation_headroom_lines
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
            " quality, cost and latencies are planned at 69 req/s (60 + 15 % headroom).",
        ),
    ],
)
def test_what_is_kept_free_is_one_sentence(percents: dict[str, float], line: str) -> None:
    content = with_headroom(**percents)
    assert headroom_lines(content) == [line]


def test_with_classes_and_cases_no_single_rate_is_named() -> None:
    content = {**with_headroom(rate_pct=15.0), "schema": 2}
    assert headroom_lines(content) == [
        "Headroom: 15 % more requests than stated; rates, quality, cost and latencies are those of"
        " the raised rates."
    ]


def test_the_demand_names_the_planned_rate() -> None:
    assert demand_with_headroom_text(with_headroom(rate_pct=15.0)) == "60 req/s (planned for 69)"


def test_each_latency_says_at_which_rate_it_holds() -> None:
    content = with_headroom(rate_pct=20.0)
    planned = "72 req/s (60 + 20 % headroom)"
    assert achieved_rate_lines(content) == [f"Achieved: planned at {planned}."]
    interval = {"mean_ms": 480.0, "low_ms": 450.2, "high_ms": 510.9, "verdict": "holds"}
    content["context"]["simulated"] = {
        "runs": 5, "seconds_per_run": 600.0, "slo": [interval] * len(content["slo"])
    }  # fmt: skip
    assert achieved_rate_lines(content) == [
        f"Achieved: planned at {planned}.",
        "Simulated: at 60 req/s, as stated.",
    ]
    story = " ".join(story_lines(content))
    assert "Simulated at 60 req/s: mean TTFT 450.2 to 510.9 ms; " in story
    assert simulated_limit_lines(content)[0].startswith(
        "Simulated with Poisson arrivals at 60 req/s, as stated (5 runs"
    )
    assert simulation_headroom_lines(content) == [
        f"Planned figures are at {planned}, simulated ones at 60 req/s."
    ]


def test_without_headroom_of_the_rate_no_rate_is_repeated() -> None:
    content = with_headroom(slo_pct=10.0)
    assert achieved_rate_lines(content) == simulation_headroom_lines(content) == []
    assert format_planned_rate(content) == ""
