"""Faults of what a pool costs and of how many nodes it may have, each with its place."""

from typing import Any

import pytest

from planner.scenario.schema.pool_faults import most_pool_nodes, pool_schema_faults

RANGE = {"at_least": 1, "at_most": 3}
CHEAPEST = {"minimize": "cost", "quality_at_least": 0.5}
BEST = {"maximize": "quality"}


def places(objective: dict[str, Any], *pools: dict[str, Any]) -> list[str]:
    faults = pool_schema_faults({"pools": list(pools), "objective": objective}, "s.yaml")
    assert all(fault.problem and fault.fix for fault in faults)
    return [fault.where for fault in faults]


@pytest.mark.parametrize(
    ("pool", "place"),
    [
        ({"owned": True, "reserved": {"nodes": 1}}, "pools.0.reserved"),
        (
            {"price_usd_per_gpu_h": 1.0, "price_usd_per_gpu_year": 8760.0},
            "pools.0.price_usd_per_gpu_year",
        ),
        ({"reserved": {"nodes": 3}}, "pools.0.reserved.nodes"),
        ({"nodes": {"at_least": 4, "at_most": 3}}, "pools.0.nodes.at_least"),
        ({"nodes": RANGE, "reserved": {"nodes": 4}}, "pools.0.reserved.nodes"),
        ({"nodes": 0}, "pools.0.nodes"),
    ],
)
def test_rules_of_a_pool(pool: dict[str, Any], place: str) -> None:
    assert places(CHEAPEST, {"nodes": 2, **pool}) == [place]


def test_a_number_to_decide_needs_something_that_limits_its_cost() -> None:
    assert places(BEST, {"nodes": RANGE}) == ["pools.0.nodes"]
    assert places({**BEST, "cost_at_most_usd_per_h": 9.0}, {"nodes": RANGE}) == []
    assert places(CHEAPEST, {"nodes": RANGE}, {"nodes": 0}) == []


def test_values_that_are_faulty_by_themselves_are_left_to_the_schema() -> None:
    odd: list[dict[str, Any]] = [
        {"nodes": "two", "owned": "yes", "reserved": 3},
        {"nodes": {"at_least": "x", "at_most": None}, "reserved": {"nodes": "y"}},
    ]
    assert places(CHEAPEST, *odd) == []
    assert [most_pool_nodes(pool) for pool in ({"nodes": 2}, {"nodes": RANGE}, *odd)] == [
        2,
        3,
        None,
        None,
    ]
