"""Levels of rates against every division of few bins; quantiles; order."""

import itertools
import time

import numpy as np
import pytest

from planner.demand.levels import cluster_rate_levels, level_loss, level_quantiles

QUANTILES = (1.0, 0.9, 0.7, 0.5)


def levels_of(rates: np.ndarray, count: int, quantile: float) -> np.ndarray:
    """At most `count` levels."""
    return cluster_rate_levels(rates, count, quantile)[-1]


def least_loss(rates: np.ndarray, count: int, quantile: float) -> float:
    """The least loss over all divisions into at most `count` levels, counted out by itself."""
    bins = rates.shape[1]
    best = np.inf
    for names in itertools.product(range(count), repeat=bins):
        loss = 0.0
        for k in set(names):
            part = rates[:, [b for b in range(bins) if names[b] == k]]
            for row in part:
                planned = sorted(row)[int(np.ceil(quantile * len(row) - 1e-9)) - 1]
                for rate in row:
                    if rate <= planned:
                        loss += planned - rate
                    else:
                        loss += quantile / (1 - quantile) * (rate - planned)
        best = min(best, loss)
    return best


@pytest.mark.parametrize("quantile", QUANTILES)
@pytest.mark.parametrize("seed", range(4))
def test_levels_of_one_class_are_the_best_division(seed: int, quantile: float) -> None:
    rng = np.random.default_rng(seed)
    for count in (1, 2, 3):
        # Whole numbers are often equal.
        rates = rng.integers(0, 6, (1, 6)).astype(float) if seed % 2 else rng.random((1, 6))
        levels = levels_of(rates, count, quantile)
        loss = level_loss(rates, levels, quantile)
        assert loss == pytest.approx(least_loss(rates, count, quantile), abs=1e-9)
        assert levels.max() + 1 <= count


@pytest.mark.parametrize("seed", range(8))
def test_levels_of_several_classes_are_near_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates = rng.random((2, 6))
    loss = level_loss(rates, levels_of(rates, 3, 1.0), 1.0)
    assert least_loss(rates, 3, 1.0) - 1e-9 <= loss <= 1.2 * least_loss(rates, 3, 1.0)


def test_opposite_classes_with_a_constant_sum_are_told_apart() -> None:
    rates = np.array([[9.0, 1.0, 9.0, 1.0, 9.0], [1.0, 9.0, 1.0, 9.0, 1.0]])
    levels = levels_of(rates, 2, 1.0)
    assert level_loss(rates, levels, 1.0) == 0
    assert len(set(levels[::2])) == len(set(levels[1::2])) == 1


def test_levels_rise_and_the_highest_covers_all() -> None:
    rates = np.random.default_rng(0).random((3, 60))
    levels = levels_of(rates, 5, 1.0)
    planned = level_quantiles(rates, levels, 1.0)
    assert np.all(np.diff(planned.sum(axis=0)) > 0)
    assert np.all(rates <= planned[:, levels])
    assert planned.max(axis=1).tolist() == rates.max(axis=1).tolist()


@pytest.mark.parametrize("classes", [1, 2])
def test_more_levels_never_plan_for_more(classes: int) -> None:
    rates = np.random.default_rng(1).gamma(2.0, size=(classes, 40))
    losses = [level_loss(rates, one, 1.0) for one in cluster_rate_levels(rates, 7, 1.0)]
    assert len(losses) == 7
    assert losses == sorted(losses, reverse=True)


def test_quantiles_are_rates_that_were_seen() -> None:
    rates = np.arange(1.0, 21.0)[None, :]
    levels = np.zeros(20, dtype=int)
    assert level_quantiles(rates, levels, 0.95).tolist() == [[19.0]]
    assert level_quantiles(rates, levels, 1.0).tolist() == [[20.0]]


def test_equal_bins_are_one_level() -> None:
    assert levels_of(np.full((2, 9), 3.0), 4, 1.0).tolist() == [0] * 9
    assert levels_of(np.zeros((1, 1)), 4, 0.9).tolist() == [0]


def test_many_bins_of_many_classes_are_divided_soon() -> None:
    rates = np.random.default_rng(2).gamma(2.0, size=(8, 1_000)) * np.arange(1, 9)[:, None]
    start = time.process_time()
    divisions = cluster_rate_levels(rates, 3, 1.0)
    assert [found.max() + 1 for found in divisions] == [1, 2, 3]
    losses = [level_loss(rates, found, 1.0) for found in divisions]
    assert losses == sorted(losses, reverse=True)
    assert time.process_time() - start < 20  # about 1 s where nothing else runs
