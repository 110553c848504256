"""Spend tables: chords never above the curves, and what a replica spends of an SLO."""

import numpy as np
import pytest

from models.instance import Slo
from planner.decomposition.spend_tables import admissible_spend, spend_table, spends_at
from profiles.records import Curve
from tests.support.instances.tail_rule import share_late_by_rule


def random_curve(rng: np.random.Generator) -> Curve:
    """A jagged curve: latencies rise and fall, percentiles cross."""
    points = int(rng.integers(1, 6))
    rates = np.sort(rng.uniform(0.0 if rng.random() < 0.5 else 0.5, 20.0, points))
    mean = rng.uniform(0.05, 1.0, points)
    latency = {("ttft", "mean"): mean}
    for name, factor in (("p50", 0.9), ("p90", 1.6), ("p95", 1.9), ("p99", 2.8)):
        if rng.random() < 0.7 or name == "p95":
            latency["ttft", name] = mean * factor * rng.uniform(0.6, 1.4, points)
    return Curve(rates, latency, ("measured",) * points)


@pytest.mark.parametrize("seed", range(60))
def test_chords_of_a_spend_table_lie_below_the_curve_and_near_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curve = random_curve(rng)
    slos = (Slo("ttft", "mean", 0.4), Slo("ttft", "p95", float(rng.uniform(0.2, 2.0))))
    table = spend_table(curve, slos, 10.0, 200)
    assert table.rates[0] == 0.0
    assert table.rates[-1] == curve.max_rate
    assert np.all(np.diff(table.rates) > 0)
    at = np.sort(rng.uniform(0.0, curve.max_rate, 400))
    raw = np.array([spends_at(curve, slos, 10.0, rate) for rate in at]).T
    for s in range(2):
        chord = np.interp(at, table.rates, table.lower[s])
        assert np.all(chord <= raw[s] + 1e-12)
        # a cell is 1/200 of the range; only next to a jump of the percentile may a chord be further
        # away than a few of its curvatures
        assert np.quantile(raw[s] - chord, 0.9) <= 2e-3 * max(raw[s].max(), 1.0)


def test_a_mean_spend_is_little_s_law_in_shares_of_the_budget() -> None:
    curve = Curve(np.array([2.0, 4.0]), {("ttft", "mean"): np.array([0.1, 0.3])}, ("measured",) * 2)
    spent = spends_at(curve, (Slo("ttft", "mean", 0.5),), 10.0, 3.0)
    assert spent[0] == pytest.approx(3.0 * 0.2 / (10.0 * 0.5))


@pytest.mark.parametrize("seed", range(40))
def test_the_share_above_a_limit_is_that_of_the_rule(seed: int) -> None:
    """At points, between them, and at the latencies of columns themselves."""
    rng = np.random.default_rng(seed)
    curve = random_curve(rng)
    for rate in (0.0, *curve.rates, *rng.uniform(0.0, curve.max_rate, 5)):
        columns = {p: float(np.interp(rate, curve.rates, v)) for (_, p), v in curve.latency.items()}
        own = [value for p, value in columns.items() if p != "mean"]
        for limit in (*own, *rng.uniform(0.5 * min(own), 2.0 * max(own), 10)):
            spent = spends_at(curve, (Slo("ttft", "p95", float(limit)),), 10.0, float(rate))
            share = share_late_by_rule(columns, float(limit))
            assert spent[0] == pytest.approx(rate * share / 0.5, rel=1e-9)


def test_chords_lie_below_a_share_that_is_lower_at_one_rate_alone() -> None:
    """p50 = p95 dip to the limit at r = 2: 0.1 % are late there, all beside it."""
    dip = np.array([0.5, 0.4, 0.5])
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", p): dip for p in ("p50", "p95")}, ("measured",) * 3
    )
    slos = (Slo("ttft", "p90", 0.4),)
    table = spend_table(curve, slos, 10.0, 50)
    at_dip = float(spends_at(curve, slos, 10.0, 2.0)[0])
    assert at_dip == pytest.approx(0.002)
    assert float(np.interp(2.0, table.rates, table.lower[0])) <= at_dip + 1e-12


def test_an_slo_of_each_llm_admits_intervals() -> None:
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", "mean"): np.array([0.5, 0.1, 0.5])}, ("measured",) * 3
    )
    slos = (Slo("ttft", "mean", 0.3, "each_llm"),)
    assert [admissible_spend(curve, slos, rate) for rate in (0.5, 1.4, 1.5, 2.0, 2.5, 2.6)] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    table = spend_table(curve, slos, 10.0, 50)
    assert table.rates[0] == pytest.approx(1.5)
    assert table.rates[-1] == pytest.approx(2.5)
