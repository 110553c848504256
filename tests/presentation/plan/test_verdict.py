"""The verdict in one line."""

from planner.presentation.plan.verdict import verdict_line
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import unsolved


def test_verdict_shows_status_value_bound_gap_and_time() -> None:
    assert (
        verdict_line(built_plan().content)
        == "optimal: quality 0.90000 found, best possible 0.90000 (gap 0 %), 1.4 s"
    )
    late = built_plan(unsolved("unknown", "time")).content
    assert (
        verdict_line(late)
        == "unknown: stopped by the time limit before a plan was found (1.4 s); best possible"
        " 0.91000"
    )
