"""Tails of curves: the shares read, lines in the rate, columns that cross."""

from itertools import combinations

import numpy as np
import pytest

from models.curves.percentile_tails import percentile_tails, rates_of_zeros
from profiles.records import Curve
from tests.support.instances.tail_rule import REMAINDER, tail_points_by_rule

SUBSETS = [c for n in range(1, 5) for c in combinations(REMAINDER, n)]

RISING = {"p50": (0.1, 0.2, 0.3), "p90": (0.3, 0.4, 0.9), "p95": (0.5, 0.5, 1.0), "p99": (1, 1, 3)}
EQUAL = {"p50": (0.1, 0.3, 0.3), "p90": (0.3,) * 3, "p95": (0.5, 0.3, 0.4), "p99": (0.5, 0.9, 0.4)}
CROSSING = {"p50": (0.5, 0.1, 0.3), "p90": (0.2, 0.6, 0.2), "p95": (0.3,) * 3, "p99": (0.4, 0.3, 1)}


@pytest.mark.parametrize("present", SUBSETS)
@pytest.mark.parametrize("columns", [RISING, EQUAL, CROSSING])
def test_tails_are_those_of_the_rule_at_any_rate(
    columns: dict[str, tuple[float, ...]], present: tuple[str, ...]
) -> None:
    latency = {("tpot", p): np.array(columns[p], dtype=float) for p in present}
    curve = Curve(np.array([1.0, 4.0, 6.0]), latency, ("measured",) * 3)
    tails = percentile_tails(curve, "tpot")
    rates = np.concatenate([np.linspace(0.0, 6.0, 61), tails.rates])
    intercept, slope = tails.lines(rates)
    for k, rate in enumerate(rates):
        at_rate = {p: float(np.interp(rate, curve.rates, latency["tpot", p])) for p in present}
        expected = tail_points_by_rule(at_rate)
        assert tails.shares.tolist() == [share for _, share in expected]
        assert (intercept + slope * rate)[:, k] == pytest.approx([t for t, _ in expected])


def test_equal_columns_are_equal_to_the_last_digit_in_all_their_shares() -> None:
    value = np.array([0.1 + 0.2])
    curve = Curve(np.array([1.0]), {("ttft", p): value for p in ("p90", "p99")}, ("measured",))
    assert percentile_tails(curve, "ttft").latency.tolist() == [[0.1 + 0.2]] * 9


def test_zeros_are_between_points_and_of_every_line() -> None:
    heights = np.array([[-1.0, 1.0, 0.0], [3.0, -1.0, -2.0]])
    zeros = rates_of_zeros(np.array([0.0, 2.0, 5.0]), heights)
    assert sorted(zeros.tolist()) == [1.0, 1.5]
