"""Marginal values by shadow prices."""

from planner.plans.plan_content import build_plan_content
from planner.presentation.plan.shadow_prices import shadow_price_lines
from planner.solution import ShadowPrices
from tests.support.plans.handmade import SETTINGS, loaded, solved, trio


def test_notes_on_prices_name_the_slos() -> None:
    prices = ShadowPrices(
        None, (None, None), (None,), ("slo.1: a limit on each LLM cuts the curves", "slopes alone")
    )
    content = build_plan_content(
        loaded(trio()), solved(trio(), shadow_prices=prices), SETTINGS, {}
    ).content
    assert shadow_price_lines(content) == [
        "the SLO on p99 TTFT of each LLM: a limit on each LLM cuts the curves",
        "slopes alone",
    ]
