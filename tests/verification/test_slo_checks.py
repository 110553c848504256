"""Latencies, provenance and SLOs that the curves do not give are reported."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.instance import Slo
from planner.verification.deployed_options import StatedOption
from planner.verification.slo_checks import check_slo_provenance
from planner.verification.verifier import run_verifier
from profiles.records import Curve
from tests.support.instances.plan_by_hand import (
    X_BIG,
    Plan,
    at,
    good_plan,
    problems_with,
    reported,
    tiny,
    without,
)

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


def test_each_llm_is_held_to_its_own_mean() -> None:
    """All together have 200 ms, big alone 281."""
    big = 60 + 40 * X_BIG
    for limit, problems in ((250.0, 1), (400.0, 0)):
        plan = good_plan()
        entry = {"metric": "ttft", "statistic": "mean", "scope": "each_llm", "binding": False}
        plan["slo"][1] = {**entry, "limit_ms": limit, "achieved_ms": big}
        slos = (tiny().slos[0], Slo("ttft", "mean", limit / 1e3, "each_llm"), tiny().slos[2])
        found = run_verifier(plan, replace(tiny(), slos=slos))
        violated = f"slo.1 (ttft mean, each_llm): SLO violated, achieved {big:.9g} ms"
        assert sum(violated in problem for problem in found) == problems
        assert bool(found) == (problems > 0)


BIG_P95 = 500 + 400 * (X_BIG - 5) / 5


@pytest.mark.parametrize(
    ("path", "exact", "words"),
    [
        ("slo.1.limit_ms", 1000.0, "limit_ms"),
        ("slo.1.achieved_ms", BIG_P95, "achieved_ms"),
        ("options.1.latency_ms.ttft_p95", BIG_P95, "latency ttft_p95"),
    ],
)
def test_what_is_restated_has_its_tolerance_and_no_more(
    path: str, exact: float, words: str
) -> None:
    for sign in (-1, 1):
        assert not reported(at(path, exact * (1 + sign * 0.9e-6)), words)
        assert reported(at(path, exact * (1 + sign * 1.1e-6)), words)


@pytest.mark.parametrize(
    ("part", "binding", "words"),
    [
        (1 + 0.9e-7, True, None),
        (1 + 1.1e-7, True, "SLO violated"),
        (1 - 4.9e-4, False, "not called binding"),
        (1 - 5.1e-4, False, None),
        (1 - 5.1e-4, True, None),
        (1 - 1.9e-3, True, None),
        (1 - 2.1e-3, True, "called binding, but"),
    ],
)
def test_a_limit_is_kept_and_binding_within_its_band(
    part: float, binding: bool, words: str | None
) -> None:
    """part: what of the limit is achieved."""
    limit = BIG_P95 / part
    slos = (tiny().slos[0], Slo("ttft", "p95", limit / 1e3, "each_llm"), tiny().slos[2])
    plan = good_plan()
    plan["slo"][1].update(limit_ms=limit, binding=binding)
    problems = run_verifier(plan, replace(tiny(), slos=slos))
    assert len(problems) == (words is not None), problems
    assert words is None or words in problems[0]


WORDS = {"m": "measured", "i": "interpolated", "e": "estimated"}


@pytest.mark.parametrize(
    ("rate", "allowed"),
    [
        (5.0, "m"),  # below the curve: its first point
        (10.0, "mi"),  # at a point: that point, alone or with either neighbour
        (15.0, "i"),  # between points: the weaker one
        (20.0, "i"),
        (25.0, "i"),
        (30.0, "mie"),
        (30.00002, "mie"),
        (35.0, "e"),
        (40.0, "e"),
    ],
)
def test_provenance_is_the_weaker_of_the_points_around(rate: float, allowed: str) -> None:
    points = ("measured", "interpolated", "measured", "estimated")
    rates = np.array([10.0, 20.0, 30.0, 40.0])
    big = tiny().options[2]
    curve = Curve(rates, {("ttft", "mean"): np.full(4, 0.1)}, points)
    instance = replace(tiny(), options=(*tiny().options[:2], replace(big, curve=curve)))
    for letter, word in WORDS.items():
        stated = StatedOption({"provenance": word}, 2, 1, rate, "big")
        problems = list(check_slo_provenance(instance, [stated]))
        assert (letter in allowed) == (not problems), word
        if problems:
            expected = " or ".join(sorted(WORDS[one] for one in allowed))
            assert problems[0].endswith(f"say {expected}")
