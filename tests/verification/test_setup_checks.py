"""Replicas, compute and rates beyond their limits are reported."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.instance import Quota
from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import (
    Plan,
    at,
    both,
    good_plan,
    problems_with,
    tiny,
    without,
)

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
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
        "its routing fraction needs 6",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
    assert any(words in problem for problem in problems), problems


def test_utilization_floor() -> None:
    assert run_verifier(good_plan(), replace(tiny(), min_utilization=0.425)) == ()
    assert (
        "below min_gpu_utilization_pct 43"
        in run_verifier(good_plan(), replace(tiny(), min_utilization=0.43))[0]
    )


def test_quota() -> None:
    held = Quota("GPUs of small", (0.5, 0.3, 0.0), 0.5)
    assert run_verifier(good_plan(), replace(tiny(), quotas=(held,))) == ()
    problems = run_verifier(good_plan(), replace(tiny(), quotas=(replace(held, most=0.4),)))
    assert problems == ("GPUs of small: 0.5 is above the quota 0.4",)
