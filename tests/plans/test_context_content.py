"""Context of the result in plan.json, for a plan and for a best effort."""

from dataclasses import replace

from models.instance import Slo
from planner.plans.plan_content import build_plan_content
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import SETTINGS, infeasible, loaded, trio


def test_the_context_holds_demand_pools_filters_and_notices() -> None:
    instance = trio()
    context = built_plan().content["context"]
    assert context["arrival_rate_rps"] == instance.arrival_rate
    assert context["options_considered"] == len(instance.options)
    assert [pool["memory_gib"] for pool in context["pools"]] == [p.memory for p in instance.pools]
    assert [llm["name"] for llm in context["llms"]] == [llm.name for llm in instance.llms]
    assert len(context["dropped"]) == len(instance.dropped) > 0
    assert context["filters"]["memory_headroom_pct"] == 100 * instance.memory_headroom
    assert context["notices"]


def test_a_best_effort_has_the_changed_demand_and_no_notices() -> None:
    instance = trio(slos=(Slo("ttft", "mean", 0.01),))
    plan = build_plan_content(loaded(instance), infeasible(instance), SETTINGS, {})
    effort = plan.content["conflict"]["best_effort"]
    assert effort is not None
    assert effort["context"]["dropped"] == effort["context"]["notices"] == []
    assert plan.content["context"]["dropped"] != []
    assert effort["context"]["arrival_rate_rps"] == replace(instance).arrival_rate
