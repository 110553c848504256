"""The way from one plan to another in a sentence: shortages and what helps."""

from typing import Any

from planner.plans.changes.diff import diff_plans
from planner.presentation.diff import diff_line


def test_a_quiet_hour_is_reported_where_replicas_are_left() -> None:
    """Two replicas on two full GPUs give way to two others: one of them always runs, 5 of 10 req/s,
    for half of the requests.
    """
    old = {
        "llm": "a",
        "pool": "p",
        "tp_degree": 1,
        "mps_share_pct": 100.0,
        "memory_gib_per_gpu": 60.0,
        "max_rate_per_replica_rps": 5.0,
    }
    new = {**old, "mps_share_pct": 90.0}
    pools = [{"name": "p", "nodes": 1, "gpus_per_node": 2, "memory_gib": 80.0}]
    base = {
        "routing": {"a": 0.5},
        "context": {"pools": pools, "filters": {"memory_headroom_pct": 0}},
    }

    def plan(option: dict[str, Any]) -> dict[str, Any]:
        keys = ("llm", "pool", "tp_degree", "mps_share_pct")
        seats = [
            {**{k: option[k] for k in keys}, "node": 0, "gpu": k, "replica": k, "shard": 0}
            for k in range(2)
        ]
        return {**base, "options": [{**option, "replicas": 2}], "placement": seats}

    line = diff_line(diff_plans(plan(old), plan(new)))
    assert "Short: a by up to 5.00 req/s after 2 of the steps. Spare GPUs" in line
    assert line.endswith(
        "Up to 10 req/s in all, capacity suffices anyway; latencies were not checked."
    )
