"""A plan worked out by hand for a tiny instance, and faults to plant in it.

small answers every prompt with 0.5; big gains +0.4, +0.3, +0.2 and -0.1 on four kinds of prompt
(five of each). 10 req/s, mean TTFT at most 200 ms: 0.1 (10 - x) + x (0.06 + 0.04 x) <= 2 gives x =
(1 + sqrt(101)) / 2 for big, so kinds 1 and 2 and part of kind 3 go to big.
"""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from models.instance import Instance, Llm, Option, Pool, Slo
from planner.verification.verifier import run_verifier
from profiles.records import Curve, Scores

X_BIG = (1 + math.sqrt(101)) / 2
FRACTION = X_BIG / 10
QUALITY = 0.5 + 0.25 * (0.4 + 0.3) + (FRACTION - 0.5) * 0.2
PART = (FRACTION - 0.5) / 0.25
Plan = dict[str, Any]


def tiny() -> Instance:
    small = Curve(
        np.array([1.0, 10.0]),
        {
            ("ttft", "mean"): np.array([0.1, 0.1]),
            ("ttft", "p50"): np.array([0.05, 0.05]),
            ("ttft", "p95"): np.array([0.2, 0.2]),
        },
        ("measured", "measured"),
    )
    big = Curve(
        np.array([1.0, 5.0, 10.0]),
        {("ttft", "mean"): np.array([0.1, 0.26, 0.46]), ("ttft", "p95"): np.array([0.3, 0.5, 0.9])},
        ("measured", "interpolated", "estimated"),
    )
    return Instance(
        llms=(Llm("small", max_replicas=2), Llm("big", min_replicas=1)),
        pools=(Pool(name="a", gpu="A100", nodes=2, gpus_per_node=2, memory=80.0, price=2.0),),
        options=(
            Option(llm=0, pool=0, tp_degree=1, mps_share=0.5, memory=20.0, curve=small),
            Option(llm=0, pool=0, tp_degree=1, mps_share=0.3, memory=15.0, curve=small),
            Option(llm=1, pool=0, tp_degree=2, mps_share=0.6, memory=60.0, curve=big),
        ),
        slos=(
            Slo("ttft", "mean", 0.2),
            Slo("ttft", "p95", 1.0, "each_llm"),
            Slo("ttft", "p95", 0.8),
        ),
        arrival_rate=10.0,
        scores=Scores(
            np.array([f"p{k}" for k in range(20)]),
            ("small", "big"),
            np.repeat([[0.5] * 4, [0.9, 0.8, 0.7, 0.4]], 5, axis=1),
            np.full(20, 0.05),
        ),
    )


def good_plan() -> Plan:
    big_p95 = 500 + 400 * (X_BIG - 5) / 5
    shard = {
        "pool": "a",
        "node": 0,
        "gpu": 0,
        "llm": "big",
        "tp_degree": 2,
        "mps_share_pct": 60,
        "replica": 0,
        "shard": 0,
    }
    one = {"pool": "a", "gpu": "A100", "replicas": 1}
    small = {
        "llm": "small",
        "tp_degree": 1,
        "mps_share_pct": 50.0,
        "max_rate_per_replica_rps": 10.0,
        "memory_gib_per_gpu": 20.0,
    }
    big = {
        "llm": "big",
        "tp_degree": 2,
        "mps_share_pct": 60.0,
        "max_rate_per_replica_rps": 10.0,
        "memory_gib_per_gpu": 60.0,
    }
    slo = {"metric": "ttft", "statistic": "p95"}
    return {
        "schema": 1,
        "status": "optimal",
        "objective": {
            "sense": "maximize",
            "of": "quality",
            "value": QUALITY,
            "bound": QUALITY + 1e-5,
            "rel_gap": 1e-5 / QUALITY,
        },
        "quality": QUALITY,
        "cost_usd_per_h": 6.0,
        "gpus_used": 3,
        "gpus_total": 4,
        "options": [
            {
                **{
                    **one,
                    **small,
                    "rate_rps": 10 - X_BIG,
                    "rate_per_replica_rps": 10 - X_BIG,
                    "provenance": "measured",
                },
                "latency_ms": {"ttft_mean": 100.0, "ttft_p50": 50.0, "ttft_p95": 200.0},
            },
            {
                **{
                    **one,
                    **big,
                    "rate_rps": X_BIG,
                    "rate_per_replica_rps": X_BIG,
                    "provenance": "estimated",
                },
                "latency_ms": {"ttft_mean": 60 + 40 * X_BIG, "ttft_p95": big_p95},
            },
        ],
        "routing": {"small": 1 - FRACTION, "big": FRACTION},
        "dual_prices": {"small": 0.0, "big": 0.2},
        "router": {
            "rule": "argmax(score - dual_price)",
            "tie_eps": 1e-9,
            "ties": [{"llms": ["small", "big"], "share": 0.25, "split": [1 - PART, PART]}],
        },
        "slo": [
            {
                "metric": "ttft",
                "statistic": "mean",
                "scope": "all",
                "limit_ms": 200.0,
                "achieved_ms": 200.0,
                "binding": True,
            },
            {
                **slo,
                "scope": "each_llm",
                "limit_ms": 1000.0,
                "achieved_ms": big_p95,
                "binding": False,
            },
            {**slo, "scope": "all", "limit_ms": 800.0, "achieved_ms": big_p95, "binding": False},
        ],
        "placement": [
            shard,
            {**shard, "gpu": 1, "shard": 1},
            {**shard, "node": 1, "llm": "small", "tp_degree": 1, "mps_share_pct": 50},
        ],
        "shadow_prices": {
            "arrival_rate_rps": None,
            "slo": [None, None, None],
            "pools": {"a": 0.0},
            "notes": ["by hand"],
        },
    }


def at(path: str, value: Any) -> Callable[[Plan], None]:
    """Return a fault that sets plan[path] (dotted) to the value."""

    def plant(plan: Plan) -> None:
        *way, last = path.split(".")
        place: Any = plan
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place[key]
        place[int(last) if isinstance(place, list) else last] = value

    return plant


def both(*faults: Callable[[Plan], None]) -> Callable[[Plan], None]:
    def plant(plan: Plan) -> None:
        for fault in faults:
            fault(plan)

    return plant


def without(path: str) -> Callable[[Plan], None]:
    """Return a fault that takes the key away."""

    def plant(plan: Plan) -> None:
        *way, last = path.split(".")
        place: Any = plan
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place[key]
        del place[int(last) if isinstance(place, list) else last]

    return plant


def twice(plan: Plan) -> None:
    plan["options"].append(copy.deepcopy(plan["options"][0]))


def rename_shards(plan: Plan) -> None:
    plan["placement"][2]["replica"] = 1


def problems_with(fault: Callable[[Plan], None]) -> tuple[str, ...]:
    """What the verifier says of the plan by hand with one fault planted."""
    plan = good_plan()
    fault(plan)
    return run_verifier(plan, tiny())


def split_plan() -> Plan:
    """The good plan with small on both of its options, half of its rate each: its curves are flat,
    so no latency moves.
    """
    plan = good_plan()
    half = (10 - X_BIG) / 2
    first = plan["options"][0]
    first.update(rate_rps=half, rate_per_replica_rps=half)
    other = {**copy.deepcopy(first), "mps_share_pct": 30.0, "memory_gib_per_gpu": 15.0}
    plan["options"].append(other)
    plan["placement"].append({**plan["placement"][2], "mps_share_pct": 30})
    return plan


def reported(fault: Callable[[Plan], None], words: str, instance: Instance | None = None) -> bool:
    """Whether the verifier says these words of the plan by hand with one fault planted."""
    plan = good_plan()
    fault(plan)
    return any(words in problem for problem in run_verifier(plan, instance or tiny()))
