"""Newton on the smoothed g: fractions are met, and the cut is near the exact quality."""

import numpy as np
import pytest

from models.newton_prices import (
    NEAR_ENOUGH,
    balanced_prices,
    newton_smoothed_prices,
    weighted_quantile,
)
from tests.support.instances.score_tables import best_quality, fractions_of, scores_of

TEMPERATURES = (0.3, 0.1, 0.03, 0.01)


def softly_chosen(
    values: np.ndarray, weights: np.ndarray, prices: np.ndarray, temperature: float
) -> np.ndarray:
    soft = np.exp((values - prices[:, None] - (values - prices[:, None]).max(axis=0)) / temperature)
    return (soft / soft.sum(axis=0)) @ weights


@pytest.mark.parametrize("seed", range(10))
def test_the_soft_choice_meets_the_fractions(seed: int) -> None:
    rng, scores = np.random.default_rng(seed), scores_of("continuous", seed)
    llms = len(scores.llms)
    target = np.maximum(fractions_of(rng, llms, 0), 0.02)
    target /= target.sum()
    prices = np.zeros(llms)
    for temperature in TEMPERATURES:
        prices = newton_smoothed_prices(scores.values, scores.weights, target, prices, temperature)
        chosen = softly_chosen(scores.values, scores.weights, prices, temperature)
        assert np.abs(chosen - target).max() < NEAR_ENOUGH
    base = float((scores.values - prices[:, None]).max(axis=0) @ scores.weights)
    exact = best_quality(scores, target)
    assert -1e-9 <= base + float(prices @ target) - exact <= 0.02, "a cut, and a near one"


@pytest.mark.parametrize("kind", ["binary", "equal rows", "one good", "dominated"])
def test_ties_end_it_with_finite_prices(kind: str) -> None:
    for seed in range(5):
        scores = scores_of(kind, seed)
        llms = len(scores.llms)
        target = np.full(llms, 1 / llms)
        prices = newton_smoothed_prices(scores.values, scores.weights, target, np.zeros(llms), 0.01)
        assert np.isfinite(prices).all()


def test_single_precision_is_near_double() -> None:
    scores = scores_of("continuous", 3)
    llms = len(scores.llms)
    target = np.full(llms, 1 / llms)
    start = np.zeros(llms)
    double = newton_smoothed_prices(scores.values, scores.weights, target, start, 0.03)
    values, weights = scores.values.astype(np.float32), scores.weights.astype(np.float32)
    single = newton_smoothed_prices(values, weights, target, start, 0.03)
    assert np.ptp(single - double) < 1e-3


@pytest.mark.parametrize("tiny", [0.3, 1e-2, 1e-3])
def test_balanced_prices_meet_small_fractions_too(tiny: float) -> None:
    """Newton's absolute distance says nothing of a fraction as small as itself."""
    rng = np.random.default_rng(2)
    values, weights = rng.random((3, 4_000)), np.full(4_000, 1 / 4_000)
    target = np.array([0.7 - tiny, 0.3, tiny])
    far = np.array([0.0, 0.2, 3.0])
    prices = balanced_prices(values, weights, target, far)
    load = np.bincount((values - prices[:, None]).argmax(axis=0), weights, minlength=3)
    assert np.abs(load - target).max() <= 6.1 / 4_000
    assert prices.min() == 0.0


def test_balanced_prices_of_ties_are_finite() -> None:
    values = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]])
    prices = balanced_prices(values, np.full(4, 0.25), np.array([0.5, 0.5]), np.zeros(2))
    assert np.isfinite(prices).all()


@pytest.mark.parametrize("seed", range(3))
def test_an_llm_of_less_than_a_prompt_is_near_one(seed: int) -> None:
    """Its price is where one prompt is about to choose it: farther off, exact prices would need all
    prompts in their transport problem (fractions of a mixed lane took minutes).
    """
    rng = np.random.default_rng(seed)
    prompts = 3_000
    values = rng.random((6, prompts)) * 0.5 + 0.1 * np.arange(6)[:, None]
    target = np.array([0.142, 0.776, 0.0814, 1.1e-5, 3e-7, 2.3e-6])
    target /= target.sum()
    start = np.array([0.0, 0.1, 0.2, 5.0, 9.0, 7.0])
    prices = balanced_prices(values, np.full(prompts, 1 / prompts), target, start)
    margin = values - prices[:, None]
    lead = margin - margin.max(axis=0)
    assert lead.max(axis=1).min() > -0.01, "the starts were 4 and more away"


@pytest.mark.parametrize("few", [1.7, 3.2, 30.4])
def test_an_llm_of_a_few_of_many_prompts_is_priced_at_one_of_them(few: float) -> None:
    """Between two of its prompts either may be beyond a window, which then holds no assignment."""
    rng, prompts = np.random.default_rng(5), 6_000
    values, weights = rng.random((4, prompts)), np.full(prompts, 1 / prompts)
    target = np.array([0.4, 0.35, 0.25 - few / prompts, few / prompts])
    near = balanced_prices(values, weights, target, np.zeros(4))
    near[3] -= 1e-3
    margin = values - balanced_prices(values, weights, target, near)[:, None]
    lead = margin[3] - margin[:3].max(axis=0)
    assert np.abs(lead).min() < 1e-12
    assert np.sum(lead > 1e-12) == int(few), "all but the part of a prompt"


@pytest.mark.parametrize("seed", [45, 51])
def test_so_is_one_where_the_others_are_stuck_in_ties(seed: int) -> None:
    rng, prompts = np.random.default_rng(seed), 300
    values, weights = np.round(rng.random((6, prompts)), 1), np.full(prompts, 1 / prompts)
    others = rng.dirichlet(np.ones(5))
    target = np.concatenate([[0.2 / prompts], others * (1 - 0.2 / prompts)])
    far = rng.random(6) * 0.02
    far[0] = 0.4
    margin = values - balanced_prices(values, weights, target, far)[:, None]
    assert (margin[1:].max(axis=0) - margin[0]).min() <= 1e-9


@pytest.mark.parametrize("kind", ["even", "heavy", "ties"])
def test_a_quantile_is_that_of_all_offers_sorted(kind: str) -> None:
    rng, prompts = np.random.default_rng(6), 20_000
    offers = rng.normal(size=prompts).round(1 if kind == "ties" else 12)
    weights = rng.random(prompts) ** (60 if kind == "heavy" else 0)
    weights /= weights.sum()
    order = np.argsort(-offers)
    for share in (0.0, 1.01e-6, 1.003e-3, 0.20003, 0.70001, 1.1):
        reached = np.searchsorted(np.cumsum(weights[order]), share)
        expected = offers[order[min(reached, prompts - 1)]]
        assert weighted_quantile(offers, weights, share) == expected
