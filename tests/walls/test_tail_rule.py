"""The rule of a percentile over all requests, which planner, verifier, decomposition, reports and
oracle have each by themselves: they agree with each other and with the rule read word by word.
"""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given

from models.instance import Slo
from models.latency import latency_budget_pieces
from planner.decomposition.spend_tables import spends_at
from planner.plans.latencies import (
    OperatingPoint,
    achieved_latency,
    latencies_at,
    latency_percentile_points,
    share_above_latency,
)
from planner.verification.curve_reading import (
    percentile_achieved_on_curves,
    read_curve_percentiles,
    read_curve_share_above,
)
from planner.verification.deployed_options import StatedOption
from profiles.records import Curve
from tests.support.instances.by_hand import make, option
from tests.support.instances.oracle import least_usage
from tests.support.instances.random_curves import many, seeds
from tests.support.instances.tail_rule import REMAINDER, share_late_by_rule

SUBSETS = [c for n in range(1, 5) for c in combinations(REMAINDER, n)]


def by_planner(curve: Curve, limit: float, rate: float) -> float:
    pieces = latency_budget_pieces(curve, [Slo("ttft", "p95", limit)])
    assert pieces is not None
    return float(pieces.spend(rate)[0]) / rate


def by_verifier(curve: Curve, limit: float, rate: float) -> float:
    return read_curve_share_above(1e3 * limit, *read_curve_percentiles(curve, "ttft", rate))


def by_decomposition(curve: Curve, limit: float, rate: float) -> float:
    spent = spends_at(curve, [Slo("ttft", "p95", limit)], 1.0, rate)
    return float(spent[0]) * 0.05 / rate


def by_reports(curve: Curve, limit: float, rate: float) -> float:
    points = latency_percentile_points(latencies_at(curve, rate), "ttft")
    return share_above_latency(points, limit)


def by_oracle(curve: Curve, limit: float, rate: float) -> float:
    at = np.array([rate])
    return float(least_usage(option(0, curve), Slo("ttft", "p95", limit), at, at)[0])


READERS = (by_planner, by_verifier, by_decomposition, by_reports, by_oracle)


def random_percentiles(rng: np.random.Generator, present: tuple[str, ...]) -> Curve:
    """Columns that rise, fall, stand still, equal their neighbour or cross it, in tenths of a
    second, so that several meet at load points.
    """
    points = int(rng.integers(1, 5))
    rates = np.cumsum(rng.integers(1, 4, points)).astype(float)
    columns: dict[tuple[str, str], np.ndarray] = {}
    below = np.zeros(points)
    for name in present:
        step = rng.integers(0, 5, points) if rng.random() < 0.8 else np.full(points, 2)
        crossing = rng.integers(-3, 1, points) if rng.random() < 0.15 else 0
        below = np.maximum(below + step + crossing, 1)
        columns["ttft", name] = below / 10
    return Curve(rates, columns, ("measured",) * points)


def columns_at(curve: Curve, rate: float) -> dict[str, float]:
    return {p: float(np.interp(rate, curve.rates, v)) for (_, p), v in curve.latency.items()}


@many
@given(seeds)
def test_all_readings_are_those_of_the_rule(seed: int) -> None:
    """At load points, between them, at knots, with limits anywhere and exactly at a latency.

    Where a share jumps, what rounding makes of an equal latency decides the side: a limit a
    billionth lower and higher bracket it.
    """
    rng = np.random.default_rng(seed)
    curve = random_percentiles(rng, SUBSETS[seed % len(SUBSETS)])
    known = np.concatenate(list(curve.latency.values()))
    for limit in (rng.choice(known), rng.uniform(0.5 * known.min(), 1.5 * known.max())):
        pieces = latency_budget_pieces(curve, [Slo("ttft", "p95", float(limit))])
        assert pieces is not None
        rates = (*curve.rates, *pieces.high, *rng.uniform(0.01, 1.0, 3) * curve.max_rate)
        for rate in {float(rate) for rate in rates if rate > 0.0}:
            columns = columns_at(curve, rate)
            near = [share_late_by_rule(columns, limit * (1 + by)) for by in (-1e-9, 0.0, 1e-9)]
            for reader in READERS:
                share = reader(curve, float(limit), rate)
                assert min(near) - 1e-6 <= share <= max(near) + 1e-6, (reader.__name__, rate)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("present", SUBSETS)
def test_a_limit_exactly_at_a_latency_has_reached_it(
    reader: Callable[[Curve, float, float], float], present: tuple[str, ...]
) -> None:
    """Flat curves, where no rounding is between: at each column, and of equal columns the smallest
    share.
    """
    for values in ((0.1, 0.3, 0.7, 1.3), (0.3, 0.3, 0.7, 0.7), (0.1, 0.7, 0.7, 0.7), (0.3,) * 4):
        columns = {p: v for p, v in zip(REMAINDER, values, strict=True) if p in present}
        latency = {("ttft", p): np.full(2, v) for p, v in columns.items()}
        curve = Curve(np.array([1.0, 2.0]), latency, ("measured",) * 2)
        for limit in (0.05, *columns.values(), 0.5, 9.0):
            expected = share_late_by_rule(columns, limit)
            for rate in (0.5, 1.0, 1.5, 2.0):
                assert reader(curve, limit, rate) == pytest.approx(expected, rel=1e-9)


@many
@given(seeds)
def test_the_achieved_latency_is_the_smallest_that_keeps_the_promise(seed: int) -> None:
    """Of verifier and reports, against the rule a little above and below, for mixes of curves."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 4))
    curves = [random_percentiles(rng, SUBSETS[rng.integers(len(SUBSETS))]) for _ in range(count)]
    rates = [float(rng.uniform(0.05, 1.0)) * curve.max_rate for curve in curves]
    statistic = str(rng.choice(list(REMAINDER)))
    promised, total = REMAINDER[statistic], sum(rates)

    def late(limit: float) -> float:
        shares = (
            share_late_by_rule(columns_at(curve, rate), limit)
            for curve, rate in zip(curves, rates, strict=True)
        )
        return sum(rate * share for rate, share in zip(rates, shares, strict=True)) / total

    points = [OperatingPoint(curve, r, r) for curve, r in zip(curves, rates, strict=True)]
    achieved = achieved_latency(points, Slo("ttft", statistic, 1.0))
    instance = make([option(0, curve) for curve in curves], total)
    order = [next(k for k, c in enumerate(curves) if c is o.curve) for o in instance.options]
    deployed = [StatedOption({}, k, 1, rates[at], "") for k, at in enumerate(order)]
    verified = percentile_achieved_on_curves(instance, deployed, "ttft", promised * total)
    if achieved is None:
        assert verified == np.inf
        assert late(1e6) > promised - 1e-9
        return
    assert verified == pytest.approx(1e3 * achieved, rel=1e-9)
    assert late(achieved * (1 + 1e-9)) <= promised + 1e-6
    assert late(achieved * (1 - 1e-6)) >= promised - 1e-4
