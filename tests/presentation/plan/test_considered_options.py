"""Dropped options and filters in words."""

from planner.presentation.plan.considered_options import (
    dropped_option_lines,
    filtered_options_line,
)
from tests.support.mig.mig_scenarios import mig_source
from tests.support.plans.built_plans import built_plan


def test_dropped_options_are_counted_by_reason() -> None:
    assert dropped_option_lines(built_plan().content) == [
        "2 of yi-34b: e.g. needs 75.6 GiB on each GPU, 72 GiB may be filled",
        "1 of mistral-7b: lacks the column ttft_mean_ms that an SLO needs",
    ]


def test_mig_profiles_are_named_where_an_option_has_one() -> None:
    assert "MIG" not in filtered_options_line(built_plan().content)
    assert "every profiled MPS share, every profiled MIG profile, 10 %" in filtered_options_line(
        mig_source().plan.content
    )
