"""router_policy.json: loaded by the router; its hash is of the decision alone."""

import json

from models.router import Router
from planner.operation.price_table import build_price_table
from planner.operation.router_policy import (
    build_router_policy,
    build_routing_policy,
    router_policy_plan_hash,
)
from tests.support.plans.planned import trio


def test_the_policy_loads_and_steps_through_the_table() -> None:
    source = trio()
    table = build_price_table(source, (50, 100, 150))
    content = json.loads(
        json.dumps(
            build_router_policy(source.plan.content, source.loaded.instance, table=table),
            allow_nan=False,
        )
    )
    router = Router(content)
    assert router.plan_hash == router_policy_plan_hash(source.plan.content)
    assert router.at_rate(1.0).rate == 30.0
    assert router.at_rate(59.0).rate == 60.0
    scores = source.loaded.instance.scores
    shares = router.shares(dict(zip(scores.llms, scores.values, strict=True))) @ scores.weights
    for llm, share in zip(router.llms, shares, strict=True):
        assert abs(share - source.plan.content["routing"][llm]) <= scores.weights.max() + 1e-9
    assert set(content["backends"]) == set(source.plan.content["routing"])
    assert content["valid_for"]["slo"] == ["mean TTFT at most 500 ms"]


def test_the_hash_is_of_the_decision_alone() -> None:
    content = trio().plan.content
    assert router_policy_plan_hash(content) == router_policy_plan_hash(
        {**content, "context": {}, "solver": {}, "scenario_path": "elsewhere"}
    )
    assert router_policy_plan_hash(content) != router_policy_plan_hash(
        {**content, "dual_prices": {**content["dual_prices"], "yi-34b": 0.1}}
    )


def test_a_share_that_rounding_left_is_no_weight() -> None:
    content = trio().plan.content
    one, *others = content["routing"]
    left = {
        **content,
        "routing": {one: 1.0, **dict.fromkeys(others, 5e-17)},
        "dual_prices": {one: 0.0, **dict.fromkeys(others, None)},
        "router": {**content["router"], "ties": []},
    }
    policy = build_routing_policy(left, 60.0)  # type: ignore[arg-type]
    assert policy["fallback_weights"] == {one: 1.0, **dict.fromkeys(others, 0.0)}
    assert Router(policy).fallback("p") == one
