"""Latencies, provenance and SLOs that the curves do not give are reported."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.instance import Slo
from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import Plan, at, good_plan, problems_with, tiny, without

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
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
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
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
    problems = run_verifier(plan, replace(tiny(), slos=slos))
    assert [problem.split(":")[0] for problem in problems if "SLO violated" in problem] == [
        "slo.0 (ttft mean, all)",
        "slo.1 (ttft p95, each_llm)",
        "slo.2 (ttft p95, all)",
    ]
