"""The table of contents: a plan worked out by hand passes, and every check is called."""

import math
from typing import Any

import pytest

from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import (
    at,
    both,
    good_plan,
    problems_with,
    tiny,
)


def test_the_plan_by_hand_passes() -> None:
    assert run_verifier(good_plan(), tiny()) == ()


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("quality", math.nan, "strict JSON"),
        ("gpus_used", 3.0, "whole number"),
        ("options.0.mps_share_pct", 51, "no such option"),
        ("options.0.gpu", "H100", "gpu H100"),
        ("options.0.replicas", 3, "max_replicas"),
        ("options.0.rate_per_replica_rps", 4.0, "rate_per_replica_rps"),
        ("options.0.latency_ms.ttft_mean", 90.0, "the curve says"),
        ("options.0.provenance", "estimated", "provenance"),
        ("slo.0.achieved_ms", 190.0, "achieved_ms"),
        ("placement.1.gpu", 0, "on one GPU"),
        ("gpus_total", 8, "gpus_total"),
        ("routing.big", 0.9, "sum to"),
        ("router.rule", "random", "unknown rule"),
        ("objective.value", 0.66, "plan's quality"),
        ("objective.rel_gap", 0.0, "rel_gap"),
    ],
)
def test_every_check_is_called(path: str, value: Any, words: str) -> None:
    problems = problems_with(at(path, value))
    assert any(words in problem for problem in problems), problems


def test_wrong_kinds_end_the_checks_before_arithmetic() -> None:
    problems = problems_with(both(at("options.0.replicas", "two"), at("gpus_total", 8)))
    assert problems == ("plan.options.0.replicas: should be a whole number, is 'two'",)
