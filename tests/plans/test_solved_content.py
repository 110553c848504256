"""One solution in plan.json: strict JSON, ties and prices, and nothing unverified leaves."""

from dataclasses import replace

import pytest

from planner.errors import NoPlanInTimeError, VerificationError
from planner.solution import ShadowPrices, TieGroup
from tests.support.plans.built_plans import built_plan, check_schema
from tests.support.plans.handmade import solved, trio, unsolved


def test_ties_are_reported_by_name() -> None:
    # A tie group of weight 0 changes nothing that the verifier could object to.
    with pytest.raises(VerificationError):
        built_plan(solved(trio(), ties=(TieGroup((0, 2), 0.5, (0.3, 0.7)),)))


def test_unverified_plan_does_not_leave() -> None:
    with pytest.raises(VerificationError) as caught:
        built_plan(solved(trio(), quality=0.95, value=0.95, bound=0.95))
    assert caught.value.problems


def test_unknown_plan_is_strict_json_too() -> None:
    plan = built_plan(replace(unsolved("unknown", "time"), bound=float("inf")))
    check_schema(plan)
    assert plan.content["objective"]["bound"] is None
    with pytest.raises(NoPlanInTimeError):
        plan.demand_setup()


def test_nan_prices_become_null() -> None:
    plan = built_plan(
        solved(
            trio(), shadow_prices=ShadowPrices(float("nan"), (float("nan"), 1.0), (None,), ("why",))
        )
    )
    check_schema(plan)
    assert plan.content["shadow_prices"] == {
        "arrival_rate_rps": None,
        "slo": [None, 0.001],
        "pools": {"a100": None},
        "notes": ["why"],
    }
