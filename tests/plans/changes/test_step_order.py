"""Starts and stops in an order that keeps capacity."""

from typing import Any

import pytest

from planner.plans.changes.diff import diff_plans
from planner.presentation.diff import diff_line, diff_tables


def test_what_has_room_is_started_before_anything_stops() -> None:
    entry = {
        "llm": "a",
        "pool": "p",
        "tp_degree": 1,
        "mps_share_pct": 50.0,
        "memory_gib_per_gpu": 10.0,
        "max_rate_per_replica_rps": 5.0,
    }
    other = {**entry, "mps_share_pct": 40.0, "max_rate_per_replica_rps": 6.0}
    pools = [{"name": "p", "nodes": 1, "gpus_per_node": 1, "memory_gib": 80.0}]
    base = {
        "routing": {"a": 1.0},
        "context": {"pools": pools, "filters": {"memory_headroom_pct": 10}},
    }

    def plan(option: dict[str, Any]) -> dict[str, Any]:
        seat = {k: option[k] for k in ("llm", "pool", "tp_degree", "mps_share_pct")}
        return {
            **base,
            "options": [option],
            "placement": [{**seat, "node": 0, "gpu": 0, "replica": 0, "shard": 0}],
        }

    found = diff_plans(plan(entry), plan(other))
    assert [step.action for step in found.steps] == ["start", "stop"]
    assert not found.drops
    heavy = diff_plans(
        plan({**entry, "memory_gib_per_gpu": 40.0}), plan({**other, "memory_gib_per_gpu": 40.0})
    )
    assert [step.action for step in heavy.steps] == ["stop", "start"]
    assert heavy.drops
    assert heavy.steps[0].short == pytest.approx({"a": 5.0})
    assert (
        diff_line(heavy)
        == "Replicas: 0 stay, 1 start, 1 stop; no order was found in which every LLM keeps its"
        " capacity."
        " Short: a by up to 5.00 req/s after step 1 (at times without a replica). Spare GPUs in"
        " the meantime would avoid that: 1 x a tp1 50 % (each on 1 GPU of one node of pool p)."
        " Otherwise requests of a must go to other LLMs in the meantime."
    )


def test_an_llm_is_reported_short_until_its_capacity_is_back() -> None:
    """One full GPU: z stops first, a and b change into its room, and z lacks its 1.5 req/s after
    every step until it runs again.
    """
    pools = [{"name": "p", "nodes": 1, "gpus_per_node": 1, "memory_gib": 80.0}]
    base = {
        "routing": {"a": 0.5, "b": 0.4, "z": 0.1},
        "context": {"pools": pools, "filters": {"memory_headroom_pct": 0}},
    }

    def plan(**runs: tuple[float, float]) -> dict[str, Any]:
        keys = [
            {"llm": llm, "pool": "p", "tp_degree": 1, "mps_share_pct": share}
            for llm, (share, _) in runs.items()
        ]
        sizes = [
            {"replicas": 1, "memory_gib_per_gpu": 1.0, "max_rate_per_replica_rps": rate}
            for _, rate in runs.values()
        ]
        seats = [{**key, "node": 0, "gpu": 0, "replica": 0, "shard": 0} for key in keys]
        return {
            **base,
            "options": [{**key, **size} for key, size in zip(keys, sizes, strict=True)],
            "placement": seats,
        }

    found = diff_plans(
        plan(a=(30.0, 8.0), b=(20.0, 5.0), z=(50.0, 2.0)),
        plan(a=(40.0, 9.0), b=(30.0, 6.0), z=(30.0, 1.5)),
    )
    assert [(step.action, step.replica.key[0]) for step in found.steps] == [
        *(
            ("stop", "z"),
            ("start", "a"),
            ("stop", "a"),
            ("start", "b"),
            ("stop", "b"),
            ("start", "z"),
        )
    ]
    assert list(diff_tables(found)["steps"]["Capacity short (req/s)"].fillna("")) == [
        *5 * ["z 1.50"],
        "",
    ]
    assert (
        "Short: z by up to 1.50 req/s after steps 1 to 5 (at times without a replica)."
        in diff_line(found)
    )
