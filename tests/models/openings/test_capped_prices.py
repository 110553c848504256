"""Newton's method with caps: fractions are met, levels are the best ones, without caps it is the
method of models.newton_prices.
"""

import numpy as np
import pytest

from models.newton_prices import newton_smoothed_prices
from models.openings.capped_prices import NEAR_ENOUGH, capped_levels, capped_newton_prices

TEMPERATURES = (0.3, 0.1, 0.03, 0.01)


def priced(
    values: np.ndarray, target: np.ndarray, caps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Prices, and equal weights of the prompts."""
    weights = np.full(values.shape[1], 1 / values.shape[1])
    prices = np.zeros(target.size)
    for temperature in TEMPERATURES:
        prices = capped_newton_prices(values, weights, target, caps, prices, temperature)
    return prices, weights


def shares_at(
    values: np.ndarray, prices: np.ndarray, caps: np.ndarray, temperature: float
) -> np.ndarray:
    """(M, N) of the smoothed choice, the factor of each prompt by bisection on its logarithm."""
    margin = (values - prices[:, None]) / temperature
    low, high = -margin.max(axis=0) - 50.0, -margin.min(axis=0) + 50.0
    for _ in range(80):
        middle = (low + high) / 2
        shares = np.minimum(caps[:, None], np.exp(np.minimum(margin + middle, 50.0)))
        above = shares.sum(axis=0) > 1
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    return shares


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_fractions_are_met(seed: int, kind: type) -> None:
    rng = np.random.default_rng(seed)
    values = rng.random((5, 400))
    target = rng.dirichlet(np.full(5, 4.0))
    caps = np.minimum(target + rng.choice([0.1, 0.3, 1.0], 5), 1.0)
    prices, _ = priced(values.astype(kind), target, caps)
    shares = shares_at(values, prices, caps, TEMPERATURES[-1])
    assert np.abs(shares.mean(axis=1) - target).max() < 2 * NEAR_ENOUGH


def test_without_caps_the_prices_are_the_ordinary_ones() -> None:
    rng = np.random.default_rng(3)
    values, target = rng.random((4, 300)), np.array([0.1, 0.2, 0.3, 0.4])
    prices, weights = priced(values, target, np.ones(4))
    ordinary = np.zeros(4)
    for temperature in TEMPERATURES:
        ordinary = newton_smoothed_prices(values, weights, target, ordinary, temperature)
    assert np.ptp(prices - ordinary) < 1e-4, "both stop near the fractions"


@pytest.mark.parametrize("seed", range(5))
def test_no_level_is_better(seed: int) -> None:
    """u + sum_i o_i (m_i - u)^+ is least at the level, among all margins of the prompt."""
    rng = np.random.default_rng(seed)
    values, prices = rng.random((4, 50)), rng.uniform(0, 0.3, 4)
    caps = rng.choice([0.2, 0.5, 1.0], 4)
    caps[rng.integers(4)] = 1.0
    margin = values - prices[:, None]

    def worth(level: np.ndarray) -> np.ndarray:
        return np.asarray(level + caps @ np.maximum(margin - level, 0))

    best = worth(capped_levels(values, prices, caps))
    for level in (*margin, margin.max(axis=0) + 0.1, margin.min(axis=0) - 0.1):
        assert np.all(best <= worth(level) + 1e-12)


def test_caps_that_leave_no_choice_end_it_with_finite_prices() -> None:
    """Every LLM takes its cap of every prompt: no prices matter."""
    values, target = np.random.default_rng(1).random((3, 40)), np.array([0.2, 0.3, 0.5])
    prices, _ = priced(values, target, target)
    assert np.isfinite(prices).all()
