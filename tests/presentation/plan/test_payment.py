"""What is bought, owned, reserved and rented, by hour, month and year."""

from typing import Any

from planner.presentation.plan.payment import added_node_lines, payment_lines


def content(*pools: dict[str, Any], cost: float) -> dict[str, Any]:
    usual = {"nodes": 2, "gpus_per_node": 4, "price_usd_per_gpu_h": 2.0}
    entries = [{"name": f"p{k}", **usual, **pool} for k, pool in enumerate(pools)]
    return {"context": {"pools": entries}, "cost_usd_per_h": cost}


BOUGHT = {"nodes": 3, "nodes_at_least": 1, "nodes_at_most": 9}
RESERVED = {"reserved": {"nodes": 1, "price_usd_per_gpu_h": 1.0}}


def test_rented_pools_need_no_sentence() -> None:
    assert payment_lines(content({}, cost=9.0)) == []


def test_one_purchase() -> None:
    assert payment_lines(content(BOUGHT, cost=24.0)) == [
        "buy: 3 nodes of p0 (4 GPUs each): 24.00 USD/h, 17,520 USD a month, 210,240 USD a year",
        "A month has 730 h, a year 8,760 h.",
    ]


def test_a_pool_of_which_nothing_is_bought_has_no_price() -> None:
    told = payment_lines(content(BOUGHT, {**BOUGHT, "nodes": 0}, cost=24.0))
    assert told[1] == "buy: no node of p1"


def test_owned_reserved_and_rented_apart() -> None:
    told = payment_lines(content({"owned": True}, {**BOUGHT, **RESERVED}, {}, cost=42.0))
    # 16 owned; 2 x 4 x 2 bought beyond the 4 reserved at 1; 6 rented.
    assert [line.partition(" USD/h")[0] for line in told[1:4]] == [
        "owned or bought: 32.00",
        "reserved: 4.00",
        "rented: 6.00",
    ]


def test_outside_spend_is_not_rent() -> None:
    told = payment_lines({**content({"owned": True}, cost=30.0), "cost": {"gpus_usd_per_h": 16.0}})
    assert [line.partition(":")[0] for line in told[:-1]] == ["owned or bought"]


def test_nodes_that_are_there_are_not_bought_again() -> None:
    kept = {**BOUGHT, "nodes": 1}
    total = "All nodes together, those that are there too:"
    assert added_node_lines(content(BOUGHT, kept, cost=32.0)) == [
        "Add 2 nodes of p0 to the 1 that is there: 16.00 USD/h, 11,680 USD a month, 140,160 USD a"
        " year.",
        f"{total} 32.00 USD/h, 23,360 USD a month, 280,320 USD a year.",
    ]
    nothing, all_nodes = added_node_lines(content(kept, kept, cost=16.0))
    assert nothing == "Add nothing: another setup on the nodes that are there keeps all limits."
    assert all_nodes.startswith(f"{total} 16.00 USD/h")
