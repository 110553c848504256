"""The headroom in plan.json: stated and planned numbers beside each other, and nothing without."""

from dataclasses import replace

import pytest

from models.instance import Headroom
from planner.joint.solve import solve_joint
from planner.plans.headroom_content import (
    headroom_content,
    headroom_limit_ms,
    headroom_rate_rps,
    stated_headroom,
)
from planner.plans.plan_content import build_plan_content
from tests.support.plans.built_plans import built_plan, check_schema
from tests.support.plans.handmade import SETTINGS, loaded, trio


def test_a_plan_without_headroom_does_not_mention_it() -> None:
    content = built_plan().content
    assert headroom_content(Headroom()) == {}
    assert "headroom" not in content["context"]
    assert "planned_limit_ms" not in content["slo"][0]
    assert headroom_rate_rps(content) == content["context"]["arrival_rate_rps"]
    assert headroom_limit_ms(content["slo"][0]) == content["slo"][0]["limit_ms"]
    assert not any(stated_headroom(content).values())


def test_rates_are_raised_and_limits_are_told_twice() -> None:
    instance = replace(trio(), headroom=Headroom(slo=0.1, rate=0.05, utilization=0.2))
    plan = build_plan_content(loaded(instance), solve_joint(instance), SETTINGS, {})
    check_schema(plan)
    content = plan.content
    assert stated_headroom(content) == {"slo_pct": 10, "rate_pct": 5, "utilization_pct": 20}
    assert content["context"]["arrival_rate_rps"] == instance.arrival_rate
    assert headroom_rate_rps(content) == pytest.approx(1.05 * instance.arrival_rate)
    assert sum(o["rate_rps"] for o in content["options"]) == pytest.approx(
        headroom_rate_rps(content)
    )
    slo = content["slo"][0]
    assert slo["planned_limit_ms"] == headroom_limit_ms(slo) == pytest.approx(0.9 * slo["limit_ms"])
    assert slo["achieved_ms"] is not None
    assert slo["achieved_ms"] <= slo["planned_limit_ms"] * (1 + 1e-7)
    for option in content["options"]:
        usable = 0.8 * option["max_rate_per_replica_rps"]
        assert option["rate_per_replica_rps"] <= usable * (1 + 1e-9)
