"""The verifier: a plan worked out by hand passes, and every planted fault is reported in words that
name it.

small answers every prompt with 0.5; big gains +0.4, +0.3, +0.2 and -0.1 on four kinds of prompt
(five of each). 10 req/s, mean TTFT at most 200 ms: 0.1 (10 - x) + x (0.06 + 0.04 x) <= 2 gives x =
(1 + sqrt(101)) / 2 for big, so kinds 1 and 2 and part of kind 3 go to big.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.instance import Instance, Llm, Option, Pool, Slo
from planner.verification.slo_checks import achieved_percentile
from planner.verification.verifier import index_options, read_options, verify
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
        pools=(Pool("a", "A100", nodes=2, gpus_per_node=2, memory=80.0, price=2.0),),
        options=(
            Option(0, 0, 1, 0.5, 20.0, small),
            Option(0, 0, 1, 0.3, 15.0, small),
            Option(1, 0, 2, 0.6, 60.0, big),
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


FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "NaN": (at("objective.bound", math.nan), "strict JSON"),
    "infinity deep inside": (at("shadow_prices.slo.1", math.inf), "shadow_prices.slo.1"),
    "numpy number": (at("gpus_used", np.int64(3)), "does not belong in JSON"),
    "missing key": (without("router.tie_eps"), "tie_eps is missing"),
    "wrong kind": (at("options.0.replicas", 1.0), "should be a whole number"),
    "unknown status": (at("status", "fine"), "unknown word fine"),
    "unknown option": (at("options.0.mps_share_pct", 51), "no such option"),
    "option twice": (twice, "more than once"),
    "no replicas": (at("options.0.replicas", 0), "0 replicas"),
    "nothing deployed": (at("options", []), "not served"),
    "wrong GPU name": (at("options.0.gpu", "H100"), "gpu H100"),
    "wrong memory": (at("options.1.memory_gib_per_gpu", 50.0), "memory_gib_per_gpu"),
    "wrong end of the curve": (at("options.0.max_rate_per_replica_rps", 12.0), "curve ends at 10"),
    "too many replicas": (at("options.0.replicas", 3), "more than max_replicas 2"),
    "too few replicas": (without("options.1"), "fewer than min_replicas 1"),
    "rate per replica": (at("options.0.rate_per_replica_rps", 4.0), "rate_per_replica_rps 4"),
    "negative rate": (at("options.0.rate_rps", -1.0), "negative rate"),
    "above the curve": (
        both(at("options.1.rate_rps", 11.0), at("options.1.rate_per_replica_rps", 11.0)),
        "above the highest profiled rate",
    ),
    "fraction mismatch": (
        both(at("routing.big", 0.6), at("routing.small", 0.4)),
        "its routing fraction asks for 6",
    ),
    "fractions not 1": (at("routing.small", 1 - FRACTION + 1e-6), "sum to 1.000001"),
    "negative fraction": (
        both(at("routing.small", -0.1), at("routing.big", 1.1)),
        "negative fraction",
    ),
    "LLM not in routing": (without("routing.small"), "routing: names"),
    "latency understated": (at("options.1.latency_ms.ttft_mean", 200.0), "the curve says 280.99"),
    "latency column missing": (without("options.0.latency_ms.ttft_p50"), "latency_ms has columns"),
    "provenance too strong": (
        at("options.1.provenance", "interpolated"),
        "provenance interpolated",
    ),
    "achieved understated": (at("slo.0.achieved_ms", 190.0), "achieved_ms 190"),
    "achieved null": (at("slo.2.achieved_ms", None), "achieved_ms None"),
    "not called binding": (at("slo.0.binding", False), "not called binding"),
    "called binding": (at("slo.1.binding", True), "called binding, but"),
    "SLO limit restated": (at("slo.0.limit_ms", 250.0), "the scenario says 200"),
    "SLO scope restated": (at("slo.1.scope", "all"), "stated as ttft p95, all"),
    "SLO left out": (without("slo.2"), "2 entries for 3 SLOs"),
    "outside the pool": (at("placement.2.node", 2), "outside pool a"),
    "shard missing": (without("placement.1"), "shards [0] placed"),
    "shard number twice": (at("placement.1.shard", 0), "shards [0, 0] placed"),
    "replica across nodes": (at("placement.1.node", 1), "different nodes [0, 1]"),
    "two shards on one GPU": (at("placement.1.gpu", 0), "two shards of one replica are on one GPU"),
    "replica not placed": (rename_shards, "is placed but not deployed"),
    "placed option unknown": (at("placement.2.tp_degree", 2), "no such option"),
    "share overflow": (
        both(at("placement.2.node", 0), at("gpus_used", 2)),
        "MPS shares sum to 110 %",
    ),
    "memory overflow": (
        both(at("placement.2.node", 0), at("gpus_used", 2)),
        "memory 80 GiB is above the room of 72 GiB",
    ),
    "gpus_used": (at("gpus_used", 2), "gpus_used: 2 but 3"),
    "gpus_total": (at("gpus_total", 8), "gpus_total: 8"),
    "cost": (at("cost_usd_per_h", 5.0), "used GPUs cost 6"),
    "cost null": (at("cost_usd_per_h", None), "null but the used GPUs cost 6"),
    "quality overstated": (
        both(at("quality", 0.7), at("objective.value", 0.7), at("objective.bound", 0.70001)),
        "overstated",
    ),
    "quality understated": (
        both(at("quality", 0.6), at("objective.value", 0.6)),
        "but quality is 0.6",
    ),
    "price with the wrong sign": (at("dual_prices.big", -0.2), "smallest over routed LLMs is -0.2"),
    "price not a minimiser": (at("dual_prices.big", 0.25), "not a minimiser"),
    "price null though routed": (at("dual_prices.small", None), "is never chosen"),
    "price without fraction": (
        both(at("routing.small", 0.0), at("routing.big", 1.0)),
        "must be null",
    ),
    "tie split misses the fractions": (
        at("router.ties.0.split", [0.0, 1.0]),
        "realises the fraction 0.75 of big",
    ),
    "tie split not 1": (at("router.ties.0.split", [0.5, 0.4]), "not shares that sum to 1"),
    "tie share": (at("router.ties.0.share", 0.5), "has the share 0.25, stated 0.5"),
    "tie group left out": (at("router.ties", []), "stated 0"),
    "tie group of strangers": (
        at("router.ties.0.llms", ["small", "huge"]),
        "unknown or repeated LLMs",
    ),
    "tie_eps too wide": (at("router.tie_eps", 0.2), "tie_eps 0.2"),
    "router rule": (at("router.rule", "random"), "unknown rule random"),
    "wrong objective": (at("objective.of", "cost"), "instance says maximize quality"),
    "value is not the quality": (at("objective.value", 0.66), "plan's quality is"),
    "bound on the wrong side": (at("objective.bound", QUALITY - 1e-5), "wrong side"),
    "gap misstated": (at("objective.rel_gap", 0.0), "rel_gap 0.0 but"),
    "optimal with an open gap": (
        at("objective.bound", QUALITY + 0.01),
        "status: optimal but the gap",
    ),
    "feasible with a closed gap": (at("status", "feasible"), "status: feasible but the gap"),
    "optimal without a bound": (
        both(at("objective.bound", None), at("objective.rel_gap", None)),
        "no bound",
    ),
}


def test_the_plan_by_hand_passes() -> None:
    assert verify(good_plan(), tiny()) == ()


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    plant, words = FAULTS[name]
    plan = good_plan()
    plant(plan)
    problems = verify(plan, tiny())
    assert any(words in problem for problem in problems), problems


def test_slo_violated_is_reported_per_scope() -> None:
    slos = (
        Slo("ttft", "mean", 0.1999),
        Slo("ttft", "p95", 0.5, "each_llm"),
        Slo("ttft", "p95", 0.5),
    )
    plan = good_plan()
    for entry, slo in zip(plan["slo"], slos, strict=True):
        entry["limit_ms"], entry["binding"] = 1e3 * slo.limit, True
    problems = verify(plan, replace(tiny(), slos=slos))
    assert [problem.split(":")[0] for problem in problems if "SLO violated" in problem] == [
        "slo.0 (ttft mean, all)",
        "slo.1 (ttft p95, each_llm)",
        "slo.2 (ttft p95, all)",
    ]


def test_utilization_floor() -> None:
    assert verify(good_plan(), replace(tiny(), min_utilization=0.425)) == ()
    assert (
        "below min_gpu_utilization_pct 43"
        in verify(good_plan(), replace(tiny(), min_utilization=0.43))[0]
    )


def test_percentile_over_all_reads_the_share_off_the_line() -> None:
    # p95: 0.5 req/s may be late; small adds 5 % of its rate above its p95, so big may be late with
    # 5 % of its own: achieved is big's p95.
    instance = replace(tiny(), slos=(Slo("ttft", "p95", 1.3),))
    big = instance.options[2]
    curve = replace(
        big.curve, latency={**big.curve.latency, ("ttft", "p50"): np.array([0.1, 0.2, 0.4])}
    )
    instance = replace(instance, options=(*instance.options[:2], replace(big, curve=curve)))
    part = (X_BIG - 5) / 5
    p50, p95 = 200 + 200 * part, 500 + 400 * part
    plan = good_plan()
    plan["options"][1]["latency_ms"]["ttft_p50"] = p50
    plan["slo"] = [{**plan["slo"][2], "limit_ms": 1300.0, "achieved_ms": p95, "binding": False}]
    assert verify(plan, instance) == ()
    # p50: 5 req/s may be late. At big's p50 its share jumps from 1 (X_BIG req/s, too many) to 1/2:
    # achieved is big's p50.
    plan["slo"] = [{**plan["slo"][0], "statistic": "p50", "achieved_ms": p50}]
    assert verify(plan, replace(instance, slos=(Slo("ttft", "p50", 1.3),))) == ()
    plan["slo"][0]["achieved_ms"] = p50 - 1
    assert "achieved_ms" in verify(plan, replace(instance, slos=(Slo("ttft", "p50", 1.3),)))[0]
    # With 1 req/s late, of it 5 % of small's, big is on its line from (p50, 0.5) to (p95, 0.05).
    share = (1.0 - 0.05 * (10 - X_BIG)) / X_BIG
    achieved = achieved_percentile(
        instance, read_options(plan, index_options(instance)), "ttft", 1.0
    )
    assert achieved == pytest.approx(p50 + (p95 - p50) * (0.5 - share) / 0.45, rel=1e-12)
    assert (
        achieved_percentile(instance, read_options(plan, index_options(instance)), "ttft", 0.4)
        == math.inf
    )


def test_cost_objective_floor_and_side_of_the_bound() -> None:
    instance = replace(tiny(), objective="cost", quality_floor=QUALITY - 0.01)
    plan = good_plan()
    plan["objective"] = {
        "sense": "minimize",
        "of": "cost",
        "value": 6.0,
        "bound": 6.0,
        "rel_gap": 0.0,
    }
    assert verify(plan, instance) == ()
    assert (
        "below quality_at_least" in verify(plan, replace(instance, quality_floor=QUALITY + 2e-6))[0]
    )
    plan["objective"] = {
        "sense": "minimize",
        "of": "cost",
        "value": 6.0,
        "bound": 6.0001,
        "rel_gap": 0.0001 / 6,
    }
    assert "wrong side" in verify(plan, instance)[0]


def test_gpus_without_a_price_have_no_cost() -> None:
    instance = tiny()
    instance = replace(instance, pools=(replace(instance.pools[0], price=None),))
    plan = good_plan()
    assert "although a used GPU has no price" in verify(plan, instance)[0]
    plan["cost_usd_per_h"] = None
    assert verify(plan, instance) == ()


def test_gap_target_of_the_scenario_counts() -> None:
    plan = good_plan()
    plan["objective"].update(bound=QUALITY * 1.001, rel_gap=0.001)
    assert verify(plan, tiny(), rel_gap_target=1e-3) == ()
    assert "status: optimal" in verify(plan, tiny(), rel_gap_target=1e-4)[0]


@pytest.mark.parametrize("status", ["infeasible", "unknown"])
def test_plan_without_a_setup(status: str) -> None:
    empty = {
        "status": status,
        "objective": {"value": None, "bound": None},
        "options": [],
        "placement": [],
        "conflict": {"limits": []},
    }
    assert verify(empty, tiny()) == ()
    problems = verify({**good_plan(), "status": status}, tiny())
    assert any("options: 2 entries" in p for p in problems)
    assert any("objective: value" in p for p in problems)
    assert "strict JSON" in verify({**empty, "wall_s": math.nan}, tiny())[0]


def _leaves(value: Any, path: str = "") -> list[str]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    below = [
        leaf for key, item in items for leaf in _leaves(item, f"{path}.{key}" if path else str(key))
    ]
    return [*([path] if path else []), *below]


@pytest.mark.parametrize(
    "strange",
    [None, "x", -1, 0, 10**400, 1e308, -1e308, True, [], {}, [{}], {"x": []}],
    ids=lambda v: repr(v)[:9],
)
def test_no_strange_value_makes_it_fail(strange: Any) -> None:
    """Whatever stands in a plan's place is told, or harmless; nothing is raised, not even a warning
    of numpy.
    """
    for path in _leaves(good_plan()):
        plan = good_plan()
        at(path, strange)(plan)
        assert isinstance(verify(plan, tiny()), tuple), path
