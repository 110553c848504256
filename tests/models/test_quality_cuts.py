"""Prices, cuts and the scale of quality, recomputed from the raw score table."""

import numpy as np
import pytest

from models.quality import Quality, QualityCutPool
from tests.support.instances.score_tables import KINDS, scores_of, table


def upper_estimate(quality: Quality, values: np.ndarray, prices: np.ndarray) -> float:
    """g(alpha) over prompts of equal weight, scores mapped to 0..1 here."""
    unit = (values - values.min()) / np.ptp(values)
    return float((unit - prices[:, None]).max(axis=0).mean())


@pytest.mark.parametrize("start", [None, np.zeros(3)])
@pytest.mark.parametrize("fractions", [[0.2, 0.3, 0.5], [0.0, 0.4, 0.6], [0.0, 0.0, 1.0]])
def test_a_price_is_returned_with_what_it_proves(
    fractions: list[float], start: np.ndarray | None
) -> None:
    """The estimate is that of the returned prices on all prompts, also when a sample was looked at,
    and the cut is in the pool. No prompt prefers an LLM without a fraction, by the least price.
    """
    values = np.random.default_rng(1).uniform(3, 7, (3, 13_000))
    quality = Quality(table(values))
    f = np.array(fractions)
    for full in (True, False):
        prices, estimate = quality.price(f, start, full=full)
        g = upper_estimate(quality, values, prices)
        assert estimate == pytest.approx(g + float(prices @ f), abs=1e-9)
        assert np.abs(quality.cuts.prices - prices).max(axis=1).min() < 1e-9
        unit = (values - values.min()) / np.ptp(values)
        best = (unit[f > 0] - prices[f > 0, None]).max(axis=0)
        for i in np.flatnonzero(f == 0):
            assert prices[i] == pytest.approx((unit[i] - best).max(), abs=1e-9)
    if start is not None:
        assert not start.any(), "what was handed in is left as it was"


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_cuts_are_those_of_the_best_scores_and_of_each_llm_alone(kind: str) -> None:
    """Prices 0, and -1 for one LLM: its advantage of 1 is the whole range of scores."""
    scores = scores_of(kind, 5)
    quality = Quality(scores)
    used = scores.weights > 0
    values, weights = scores.values[:, used], scores.weights[used]
    low, spread = float(values.min()), float(np.ptp(values)) or 1.0
    assert (quality.offset, quality.scale) == pytest.approx((low, spread))
    unit, llms = (values - low) / spread, len(scores.llms)
    expected = [np.zeros(llms), *(-np.eye(llms))]
    assert quality.cuts.prices == pytest.approx(np.array(expected))
    for prices, base in zip(expected, quality.cuts.base, strict=True):
        best = (unit - prices[:, None]).max(axis=0)
        assert base == pytest.approx(float(best @ weights) / weights.sum())
        assert quality.g(prices) == pytest.approx(base)


def test_scale_there_and_back() -> None:
    quality = Quality(table(np.array([[2.0, 6.0], [4.0, 3.0]])))
    assert quality.to_score(0.0) == 2.0
    assert quality.to_score(0.25) == 3.0
    assert quality.from_score(5.0) == 0.75
    constant = Quality(table(np.full((2, 3), 7.0)))
    assert (constant.to_score(0.0), constant.from_score(7.0)) == (7.0, 0.0)


def test_equal_prompts_are_merged_with_their_weights() -> None:
    """Grades in few values are merged; where nearly every prompt is its own, nothing is."""
    values = np.array([[0.0, 1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0, 1.0]])
    weights = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    quality = Quality(table(values, weights))
    assert quality.prompts == 2
    merged = dict(zip(map(tuple, quality.values.T.tolist()), quality.weights.tolist(), strict=True))
    assert merged == pytest.approx({(0.0, 1.0): 0.7, (1.0, 0.0): 0.3})
    apart = np.array([[0.0, 1.0, 0.5, 0.5, 0.2], [1.0, 0.0, 1.0, 1.0, 1.0]])
    assert Quality(table(apart, weights)).prompts == 5
    many = np.random.default_rng(0).uniform(0, 1, (2, 400))
    assert Quality(table(np.hstack([many, many]))).prompts == 800


def test_nearly_equal_prices_enter_the_pool_once() -> None:
    """Within 1e-9 in every LLM; a cut that differs in one is another."""
    pool = QualityCutPool(2)
    assert pool.prices.shape == (0, 2)
    assert len(pool) == 0
    assert pool.add(np.array([0.5, -0.5]), 0.3)
    assert not pool.add(np.array([0.5 + 0.9e-9, -0.5]), 0.3)
    assert pool.add(np.array([0.5 + 1.1e-9, -0.5]), 0.3)
    assert pool.add(np.array([0.5, 0.5]), 0.2)
    assert pool.base.tolist() == [0.3, 0.3, 0.2]
    assert pool.at(np.array([0.25, 0.75])) == pytest.approx(0.3 + 0.125 - 0.375)
    assert pool.tightest(np.array([1.0, 0.0]), 1).tolist() == [2]
    assert pool.tightest(np.array([0.0, 1.0]), 2).tolist() == [0, 1]
