"""The setup in plan.json: cost where every used GPU has a price."""

from planner.plans.plan_content import build_plan_content
from tests.support.plans.built_plans import check_schema
from tests.support.plans.handmade import SETTINGS, fleet, loaded


def test_missing_price_means_no_cost() -> None:
    instance, solution = fleet(6)
    plan = build_plan_content(loaded(instance), solution, SETTINGS, {})
    check_schema(plan)
    assert plan.content["cost_usd_per_h"] is None
    assert plan.content["gpus_used"] == 48
