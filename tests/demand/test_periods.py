"""Periods of a day against every division of a small circle."""

from itertools import combinations

import numpy as np
import pytest

from planner.demand.levels import level_loss
from planner.demand.periods import cluster_rate_periods, period_losses


def periods_of(rates: np.ndarray, count: int, quantile: float) -> np.ndarray:
    return cluster_rate_periods(period_losses(rates, quantile), count)[-1]


def least_loss(rates: np.ndarray, count: int, quantile: float) -> float:
    """Over all sets of at most `count` cuts of the circle."""
    slots = rates.shape[1]
    best = level_loss(rates, np.zeros(slots, dtype=int), quantile)
    for size in range(2, count + 1):
        for cuts in combinations(range(slots), size):
            names = [sum(cut <= slot for cut in cuts) % size for slot in range(slots)]
            best = min(best, level_loss(rates, np.array(names), quantile))
    return best


@pytest.mark.parametrize("quantile", [1.0, 0.8, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_periods_are_the_best_division(seed: int, quantile: float) -> None:
    rates = np.random.default_rng(seed).random((2, 7))
    for count in (1, 2, 3, 4):
        loss = level_loss(rates, periods_of(rates, count, quantile), quantile)
        assert loss == pytest.approx(least_loss(rates, count, quantile), abs=1e-9)


def test_a_night_goes_over_midnight_and_comes_last() -> None:
    day = np.array([[1.0] * 6 + [5.0] * 12 + [1.0] * 6])
    assert periods_of(day, 2, 1.0).tolist() == [1] * 6 + [0] * 12 + [1] * 6
    # Two are as good as more.
    assert periods_of(day, 5, 1.0).max() == 1


def test_a_constant_day_is_one_period() -> None:
    assert periods_of(np.full((1, 6), 2.0), 3, 1.0).tolist() == [0] * 6
    assert periods_of(np.ones((1, 1)), 3, 1.0).tolist() == [0]


def test_periods_begin_at_midnight_where_the_day_does() -> None:
    day = np.array([[1.0, 1.0, 4.0, 4.0, 9.0, 9.0]])
    assert periods_of(day, 3, 1.0).tolist() == [0, 0, 1, 1, 2, 2]
