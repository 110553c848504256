"""Simulated intervals beside SLOs, in words."""

from copy import deepcopy
from typing import Any

from planner.presentation.plan.simulated_limits import (
    missed_limit_texts,
    simulated_limit_lines,
    simulated_limit_text,
)
from planner.presentation.plan.story import story_lines
from tests.support.plans.built_plans import built_plan


def with_interval(interval: Any) -> Any:
    content: Any = deepcopy(dict(built_plan().content))
    slo = [interval, *[None] * (len(content["slo"]) - 1)]
    content["context"]["simulated"] = {
        "runs": 5, "seconds_per_run": 600.0, "requests": 9, "seed": 0, "slo": slo
    }  # fmt: skip
    return content


def test_nothing_is_said_where_no_limit_is_near() -> None:
    for content in (built_plan().content, with_interval(None)):
        assert simulated_limit_lines(content) == []
        assert simulated_limit_text(content, 0) == ""


def test_an_interval_stands_with_its_limit() -> None:
    interval = {"mean_ms": 480.0, "low_ms": 450.2, "high_ms": 510.9, "verdict": "uncertain"}
    content = with_interval(interval)
    limit = content["slo"][0]["limit_ms"]
    assert simulated_limit_lines(content) == [
        "Simulated with Poisson arrivals (5 runs of 600 s, 95 % interval): mean TTFT 450.2 to"
        f" 510.9 ms (limit {limit:g} ms): the limit is within the interval. Not simulated:"
        " p99 TTFT of each LLM (no mean of its metric is profiled, or an older planner made the"
        " plan)."
    ]
    assert "Simulated: mean TTFT 450.2 to 510.9 ms." in story_lines(content)


def test_an_open_interval_and_a_skipped_simulation() -> None:
    interval = {"mean_ms": 480.0, "low_ms": 450.2, "high_ms": None, "verdict": "uncertain"}
    assert simulated_limit_text(with_interval(interval), 0) == "450.2 to more"
    skipped: Any = deepcopy(dict(built_plan().content))
    skipped["context"]["simulated"] = {"skipped": "9,000 req/s are too many"}
    assert simulated_limit_lines(skipped)[0].startswith("Not simulated beside the plan: 9,000")


def test_limits_are_missed_where_the_whole_interval_is_above() -> None:
    interval = {"mean_ms": 900.0, "low_ms": 719.6, "high_ms": 10_999.0, "verdict": "misses"}
    limit = built_plan().content["slo"][0]["limit_ms"]
    assert missed_limit_texts(with_interval(interval)) == [
        f"mean TTFT 719.6 to 10,999 ms (limit {limit:g})"
    ]
    for content in (built_plan().content, with_interval({**interval, "verdict": "uncertain"})):
        assert missed_limit_texts(content) == []
