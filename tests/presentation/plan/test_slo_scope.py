"""LLMs that are slower than a limit over all requests are named, and no others."""

from typing import Any

import pytest

from planner.plans.numbers import is_within_limit
from planner.presentation.plan.slo_scope import options_slower_than_slo, slo_scope_lines


def option(llm: str, mean_ms: float, rate: float = 1.0, **latencies: float) -> dict[str, Any]:
    return {
        "llm": llm,
        "tp_degree": 2,
        "mps_share_pct": 50.0,
        "rate_rps": rate,
        "latency_ms": {"tpot_mean": mean_ms, **latencies},
    }


def slo(limit_ms: float, scope: str = "all", statistic: str = "mean") -> dict[str, Any]:
    return {"metric": "tpot", "statistic": statistic, "scope": scope, "limit_ms": limit_ms}


def content(*options: dict[str, Any], slos: list[dict[str, Any]]) -> Any:
    return {"options": list(options), "slo": slos}


def test_a_slow_llm_is_named_with_its_latency_and_part_of_the_requests() -> None:
    plan = content(option("fast", 10.0, 3.0), option("slow", 122.04, 1.0), slos=[slo(40.0)])
    assert slo_scope_lines(plan) == [
        "the mean TPOT limit of 40 ms holds over all requests together; slower alone:"
        " slow tp2 50 % (122.0 ms, 25 % of the requests)"
    ]


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ([option("idle", 99.0, 0.0)], slo(40.0)),  # serves nobody
        ([option("slow", 99.0)], slo(40.0, "each_llm")),  # the program keeps this limit
        ([option("slow", 99.0)], slo(40.0, statistic="p95")),  # the curve has no such column
        ([option("even", 40.0)], slo(40.0)),
        ([option("rounding", 40.00003)], slo(40.0)),
    ],
)
def test_nothing_is_said_of_others(options: list[dict[str, Any]], limit: dict[str, Any]) -> None:
    assert slo_scope_lines(content(*options, slos=[limit])) == []


def test_the_slowest_come_first_and_the_rest_are_counted() -> None:
    options = [option(f"m{k}", 50.0 + k) for k in range(6)]
    plan = content(*options, slos=[slo(40.0), slo(54.5, statistic="p95")])
    slower = options_slower_than_slo(plan, plan["slo"][0])
    assert [one["llm"] for one in slower] == ["m5", "m4", "m3", "m2", "m1", "m0"]
    [line] = slo_scope_lines(plan)
    assert line.endswith("m2 tp2 50 % (52.0 ms, 16.7 % of the requests) and 2 more")


def test_a_percentile_is_held_against_the_same_percentile() -> None:
    plan = content(
        option("tail", 10.0, 1.0, tpot_p95=80.0),
        option("calm", 10.0, 1.0, tpot_p95=39.0),
        slos=[slo(40.0, statistic="p95")],
    )
    [line] = slo_scope_lines(plan)
    assert "p95 TPOT" in line
    assert "tail" in line
    assert "calm" not in line


def test_rounding_is_no_excess() -> None:
    assert is_within_limit(40.00003, 40.0)
    assert not is_within_limit(40.0001, 40.0)
