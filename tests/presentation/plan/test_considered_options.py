"""Dropped options and filters in words."""

from copy import deepcopy

from planner.presentation.plan.considered_options import (
    dropped_option_lines,
    filtered_options_line,
    unjudged_option_line,
)
from tests.support.mig.mig_scenarios import mig_source
from tests.support.plans.built_plans import built_plan


def test_dropped_options_are_counted_by_reason() -> None:
    assert dropped_option_lines(built_plan().content) == [
        "2 of yi-34b: e.g. needs 75.6 GiB on each GPU, 72 GiB may be filled",
        "1 of mistral-7b: no mean TTFT, which an SLO limits",
    ]


def test_curves_that_an_slo_leaves_out_are_counted_and_the_others_are_not() -> None:
    content = deepcopy(built_plan().content)
    line = "1 curve of mistral-7b is not used: no mean TTFT, which an SLO limits"
    assert unjudged_option_line(content) == line
    again = next(one for one in content["context"]["dropped"] if "SLO" in one["reason"])
    content["context"]["dropped"].append({**again, "llm": "yi-34b"})
    assert unjudged_option_line(content).startswith("2 curves of mistral-7b, yi-34b are not used")
    content["context"]["dropped"] = []
    assert unjudged_option_line(content) == ""


def test_mig_profiles_are_named_where_an_option_has_one() -> None:
    assert "MIG" not in filtered_options_line(built_plan().content)
    assert "every profiled MPS share, every profiled MIG profile, 10 %" in filtered_options_line(
        mig_source().plan.content
    )
