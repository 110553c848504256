"""The verifier applies a scenario's headroom by itself: plans that lack it are reported."""

from dataclasses import replace

import pytest

from models.instance import Headroom
from planner.verification.headroom import (
    demand_to_verify,
    highest_rate_to_verify,
    limit_to_verify,
    rate_to_verify,
)
from planner.verification.verifier import run_verifier
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.instances.plan_by_hand import good_plan, tiny

WITH = replace(tiny(), headroom=Headroom(slo=0.1, rate=0.2, utilization=0.25))


def test_rate_limit_and_end_of_a_curve() -> None:
    curve, slo = WITH.options[0].curve, WITH.slos[0]
    assert rate_to_verify(WITH) == pytest.approx(1.2 * WITH.arrival_rate)
    assert limit_to_verify(WITH, slo) == pytest.approx(900 * slo.limit)
    assert highest_rate_to_verify(WITH, curve) == pytest.approx(0.75 * curve.max_rate)


def test_rates_of_every_class_and_case() -> None:
    demand = cells_demand()
    demand = replace(demand, instance=replace(demand.instance, headroom=Headroom(rate=0.25)))
    raised = demand_to_verify(demand)
    assert len(raised.cases) == len(demand.cases) > 1
    for case, more in zip(demand.cases, raised.cases, strict=True):
        assert more == replace(case, rates=more.rates)
        assert more.rates == pytest.approx([1.25 * rate for rate in case.rates])


@pytest.mark.parametrize(
    ("headroom", "words"),
    [
        (Headroom(slo=0.1), "above the limit"),
        (Headroom(slo=0.1), "planned_limit_ms None"),
        (Headroom(rate=0.2), "but its routing fraction needs"),
        (Headroom(utilization=0.99), "less the headroom"),
    ],
)
def test_a_plan_without_the_headroom_is_reported(headroom: Headroom, words: str) -> None:
    assert not run_verifier(good_plan(), tiny())
    problems = run_verifier(good_plan(), replace(tiny(), headroom=headroom))
    assert any(words in problem for problem in problems), problems


def test_a_planned_limit_that_is_not_the_scenarios_is_reported() -> None:
    plan = good_plan()
    plan["slo"][0]["planned_limit_ms"] = 0.9 * plan["slo"][0]["limit_ms"]
    assert any("planned_limit_ms" in problem for problem in run_verifier(plan, tiny()))
    for part, found in ((0.9e-6, False), (-0.9e-6, False), (1.1e-6, True), (-1.1e-6, True)):
        plan["slo"][0]["planned_limit_ms"] = (1 + part) * plan["slo"][0]["limit_ms"]
        problems = run_verifier(plan, tiny())
        assert any("planned_limit_ms" in problem for problem in problems) == found
    plan["slo"][0]["planned_limit_ms"] = "900"
    assert any("should be a number" in problem for problem in run_verifier(plan, tiny()))
