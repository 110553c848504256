"""Percentiles over all requests, worked out by hand on the plan by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from models.instance import Slo
from planner.verification.curve_reading import percentile_achieved_on_curves
from planner.verification.deployed_options import index_deployed_options, read_deployed_options
from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import (
    X_BIG,
    good_plan,
    tiny,
)


def test_percentile_over_all_reads_the_share_off_the_line() -> None:
    # p95: 0.5 req/s may be late; small adds 5 % of its rate above its p95, so big may be late with
    # its own 5 %: achieved is big's p95.
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
    assert run_verifier(plan, instance) == ()
    # p50: 5 req/s may be late. At big's p50 its share jumps from 1 (X_BIG req/s, too many) to 1/2:
    # achieved is big's p50.
    plan["slo"] = [{**plan["slo"][0], "statistic": "p50", "achieved_ms": p50}]
    assert run_verifier(plan, replace(instance, slos=(Slo("ttft", "p50", 1.3),))) == ()
    plan["slo"][0]["achieved_ms"] = p50 - 1
    assert (
        "achieved_ms" in run_verifier(plan, replace(instance, slos=(Slo("ttft", "p50", 1.3),)))[0]
    )
    # With 1 req/s late, of it 5 % of small's, big is on its line from (p50, 0.5) to (p95, 0.05).
    share = (1.0 - 0.05 * (10 - X_BIG)) / X_BIG
    achieved = percentile_achieved_on_curves(
        instance, read_deployed_options(plan, index_deployed_options(instance)), "ttft", 1.0
    )
    assert achieved == pytest.approx(p50 + (p95 - p50) * (0.5 - share) / 0.45, rel=1e-12)
    assert (
        percentile_achieved_on_curves(
            instance, read_deployed_options(plan, index_deployed_options(instance)), "ttft", 0.4
        )
        == math.inf
    )
