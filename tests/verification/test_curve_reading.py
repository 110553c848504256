"""Percentiles over all requests, worked out by hand on the plan by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from models.instance import Instance, Slo
from planner.verification.curve_reading import (
    percentile_achieved_on_curves,
    range_achieved_on_curves,
    read_curve_latency,
    read_curve_share_above,
)
from planner.verification.deployed_options import (
    StatedOption,
    index_deployed_options,
    read_deployed_options,
)
from planner.verification.tolerances import SLO_TOL
from planner.verification.verifier import run_verifier
from profiles.records import Curve
from tests.support.instances.by_hand import make, option
from tests.support.instances.plan_by_hand import (
    X_BIG,
    good_plan,
    tiny,
)
from tests.support.instances.tail_rule import REMAINDER, share_late_by_rule


def test_percentile_over_all_reads_the_share_off_the_line() -> None:
    # p95: 0.5 req/s may be late. From 455 ms on (50 + 150 ln(500) / ln(10)) 0.1 % of small's are
    # late, so big is on its line between the points of shares 0.1 and 0.07, at log10(0.5 / share)
    # of the way from its p50 to its p95.
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
    achieved = on_line_of_big(p50, p95, (0.5 - 0.001 * (10 - X_BIG)) / X_BIG, (0.1, 0.07))
    assert achieved > 455
    plan["slo"] = [
        {**plan["slo"][2], "limit_ms": 1300.0, "achieved_ms": achieved, "binding": False}
    ]
    assert run_verifier(plan, instance) == ()
    # p50: 5 req/s may be late. At big's p50 its share jumps from 1 (X_BIG req/s, too many) to 1/2:
    # achieved is big's p50.
    plan["slo"] = [{**plan["slo"][0], "statistic": "p50", "achieved_ms": p50}]
    assert run_verifier(plan, replace(instance, slos=(Slo("ttft", "p50", 1.3),))) == ()
    plan["slo"][0]["achieved_ms"] = p50 - 1
    assert (
        "achieved_ms" in run_verifier(plan, replace(instance, slos=(Slo("ttft", "p50", 1.3),)))[0]
    )
    # With 0.3 req/s late big is between its points of shares 0.07 and 0.05, which is its p95.
    share = (0.3 - 0.001 * (10 - X_BIG)) / X_BIG
    deployed = read_deployed_options(plan, index_deployed_options(instance))
    achieved = percentile_achieved_on_curves(instance, deployed, "ttft", 0.3)
    assert achieved == pytest.approx(on_line_of_big(p50, p95, share, (0.07, 0.05)), rel=1e-12)
    # Of all requests 0.1 % stay late at any latency.
    assert percentile_achieved_on_curves(instance, deployed, "ttft", 0.0101) < math.inf
    assert percentile_achieved_on_curves(instance, deployed, "ttft", 0.0099) == math.inf


def on_line_of_big(p50: float, p95: float, share: float, around: tuple[float, float]) -> float:
    """Latency at a share between two of the grid, from those of p50 and p95."""
    assert around[1] <= share <= around[0]
    left, right = (p50 + (p95 - p50) * math.log10(0.5 / s) for s in around)
    return left + (right - left) * (around[0] - share) / (around[0] - around[1])


RNG = np.random.default_rng(3)


@pytest.mark.parametrize("points", [1, 2, 3, 7])
def test_latency_between_points_is_that_of_interp(points: int) -> None:
    rates, values = np.sort(RNG.uniform(1, 9, points)), RNG.uniform(0.02, 3, points)
    curve = Curve(rates, {("ttft", "mean"): values}, ("measured",) * points)
    for rate in (0.0, 0.5 * rates[0], *rates, *RNG.uniform(0, 10, 40), 1.5 * rates[-1]):
        expected = 1e3 * np.interp(rate, rates, values)
        assert read_curve_latency(curve, ("ttft", "mean"), rate) == pytest.approx(expected)


def share_above(limit: float, latencies: list[float], shares: list[float]) -> float:
    """The rule of the module's docstring with np.interp, which takes the last of equal points."""
    return 1.0 if limit < latencies[0] else float(np.interp(limit, latencies, shares))


@pytest.mark.parametrize(
    "latencies", [[5.0], [5.0, 9.0], [5.0, 5.0, 7.0], [5.0, 8.0, 8.0, 20.0], [5.0, 6.0, 6.0, 6.0]]
)
def test_share_above_is_that_of_interp(latencies: list[float]) -> None:
    shares = [0.5, 0.1, 0.05, 0.01][: len(latencies)]
    for limit in (0.0, *latencies, *np.linspace(4, 22, 37)):
        expected = share_above(limit, latencies, shares)
        assert read_curve_share_above(limit, latencies, shares) == pytest.approx(expected)


def percentile_case(rates: list[float], columns: list[list[float]]) -> tuple[Instance, list]:
    """Options of one point each, as many as there are rates, with p50, p90, p95 and p99 (s)."""
    options = tuple(
        option(
            0,
            Curve(
                np.array([9.0]),
                {
                    ("ttft", name): np.array([value])
                    for name, value in zip(("p50", "p90", "p95", "p99"), column, strict=False)
                },
                ("measured",),
            ),
        )
        for column in columns
    )
    instance = replace(make(options, sum(rates)), options=options)
    return instance, [StatedOption({}, k, 1, rate, "") for k, rate in enumerate(rates)]


def least_latency(rates: list[float], columns: list[list[float]], budget: float) -> float:
    """Smallest latency (ms) with at most `budget` req/s above it, by bisection."""

    def above(limit: float) -> float:
        return sum(
            rate * share_late_by_rule(dict(zip(REMAINDER, column, strict=False)), limit / 1e3)
            for rate, column in zip(rates, columns, strict=True)
            if rate > 0
        )

    low, high = 0.0, 1e6
    if above(high) > budget:
        return math.inf
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) <= budget else (middle, high)
    return high


@pytest.mark.parametrize("seed", range(60))
def test_percentile_over_all_is_that_of_bisection(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates = [0.0, *rng.uniform(0.1, 4, 1 + seed % 3)]
    columns = [list(np.cumsum(rng.choice([0.0, 0.1, 0.3, 1.0], 4) + 1e-3)) for _ in rates]
    columns[-1] = columns[-1][: 1 + seed % 4]
    if seed % 2 and seed % 4:
        columns[1][:2] = [columns[1][0]] * 2  # two percentiles at one latency: the share jumps
    instance, deployed = percentile_case(rates, columns)
    for budget in sum(rates) * np.array([0.004, 0.02, 0.05, 0.07, 0.1, 0.3, 0.5, 0.8, 0.99]):
        achieved = percentile_achieved_on_curves(instance, deployed, "ttft", float(budget))
        assert achieved == pytest.approx(least_latency(rates, columns, float(budget)), rel=1e-6)


@pytest.mark.parametrize(
    ("excess", "expected"),
    [(0.0, (60.0, 200.0)), (1.5, (200.0, 200.0)), (-1.5, (60.0, 60.0))],
)
def test_a_jump_within_the_tolerance_may_be_read_on_either_side(
    excess: float, expected: tuple[float, float]
) -> None:
    """All of the slow option's requests are above 60 ms and half of them above 200 ms: the p50 is
    one or the other, as its rate lies below or above half of all requests.
    """
    slow = (0.5 * (1 + excess * SLO_TOL) - 0.001) / 0.999
    instance, deployed = percentile_case([slow, 1.0 - slow], [[0.2, 0.9], [0.05, 0.06, 0.06]])
    instance = replace(instance, arrival_rate=1.0)
    achieved = range_achieved_on_curves(instance, deployed, Slo("ttft", "p50", 1.0))
    assert achieved == pytest.approx(expected)
