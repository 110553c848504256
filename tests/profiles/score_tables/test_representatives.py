"""Representatives: exact where few rows differ, else unbiased, with weights that add up."""

import numpy as np
import pytest

from profiles.score_tables.representatives import Representatives, StandingPrompts

BATCH = 1_000


def stood_for(
    values: np.ndarray, weights: np.ndarray, most: int, batch: int = BATCH
) -> StandingPrompts:
    taken = Representatives(most, weights.size)
    ids = np.array([f"p{i}" for i in range(weights.size)], dtype=np.dtypes.StringDType())
    for first in range(0, weights.size, batch):
        at = slice(first, first + batch)
        taken.add(ids[at], values[:, at], weights[at])
    return taken.standing()


def best_less_prices(values: np.ndarray, weights: np.ndarray, prices: np.ndarray) -> float:
    return float((values - prices[:, None]).max(axis=0) @ weights) / float(weights.sum())


def continuous(prompts: int, llms: int = 5, seed: int = 0) -> np.ndarray:
    """Scores that share two causes."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(2, prompts))
    return rng.normal(size=(llms, 2)) @ causes + 0.05 * rng.normal(size=(llms, prompts))


def test_grades_of_few_kinds_stay_exact() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2, (5, 6_000)).astype(float)
    weights = rng.uniform(0.5, 2.0, 6_000)
    standing = stood_for(values, weights, 100)
    assert standing.exact
    assert standing.weights.size == 32
    for row, weight in zip(standing.values.T, standing.weights, strict=True):
        alike = (values == row[:, None]).all(axis=0)
        assert weight == pytest.approx(weights[alike].sum())


def test_too_many_kinds_are_drawn_from_the_next_batch_on() -> None:
    rng = np.random.default_rng(2)
    few = np.repeat(rng.normal(size=(3, 5)), 200, axis=1)
    standing = stood_for(np.hstack([few, rng.normal(size=(3, 9_000))]), np.ones(10_000), 400)
    assert not standing.exact
    assert standing.weights.sum() == pytest.approx(10_000)
    assert np.isclose(standing.weights, 200).sum() == 5
    assert standing.weights.size <= 5 + 1_000 + 400


def test_drawn_prompts_are_prompts_of_the_table_and_weigh_as_much() -> None:
    values, weights = continuous(8_000), np.random.default_rng(3).uniform(0.0, 2.0, 8_000)
    standing = stood_for(values, weights, 500)
    assert not standing.exact
    assert 450 <= standing.weights.size <= 500 + 8
    assert standing.weights.sum() == pytest.approx(weights.sum())
    at = np.array([int(name[1:]) for name in standing.prompt_ids.tolist()])
    assert np.array_equal(values[:, at], standing.values)
    assert np.unique(at).size == at.size


def test_means_of_scores_and_of_the_best_are_those_of_the_table() -> None:
    values, weights = continuous(8_000), np.random.default_rng(3).uniform(0.0, 2.0, 8_000)
    standing = stood_for(values, weights, 500)
    assert standing.values @ standing.weights == pytest.approx(values @ weights)
    best = standing.values.max(axis=0) @ standing.weights
    assert best == pytest.approx(values.max(axis=0) @ weights)
    assert standing.weights.min() > 0


def test_scores_far_from_zero_keep_their_digits() -> None:
    values = 1e6 + continuous(8_000)
    standing = stood_for(values, np.ones(8_000), 500)
    means = standing.values @ standing.weights / standing.weights.sum()
    assert means == pytest.approx(values.mean(axis=1), abs=1e-6, rel=0)


def test_a_heavy_prompt_stays_as_heavy() -> None:
    values, weights = continuous(3_000), np.ones(3_000)
    weights[1_234] = 5_000.0
    standing = stood_for(values, weights, 300)
    at = standing.prompt_ids.tolist().index("p1234")
    assert standing.weights[at] == pytest.approx(5_000.0, rel=0.02)


def test_a_table_of_fewer_prompts_than_representatives_is_kept() -> None:
    values = continuous(2_500)
    standing = stood_for(values, np.ones(2_500), 2_600)
    assert standing.exact
    assert np.array_equal(standing.values, values)


def test_prompts_without_weight_are_left_out() -> None:
    values, weights = continuous(2_000), np.ones(2_000)
    weights[::2] = 0.0
    weights[:BATCH] = 0.0
    standing = stood_for(values, weights, 100)
    assert all(int(name[1:]) % 2 for name in standing.prompt_ids.tolist())
    assert standing.weights.sum() == pytest.approx(500)


def test_strata_leave_a_tenth_of_the_variance_of_plain_draws() -> None:
    # Scores with two causes: what differs within strata is their noise.
    rng, off, plain = np.random.default_rng(4), [], []
    for seed in range(20):
        values = continuous(4_000, seed=seed)
        weights, prices = np.ones(4_000), rng.normal(0.0, 0.5, 5)
        exact = best_less_prices(values, weights, prices)
        standing = stood_for(values, weights, 400)
        off.append(best_less_prices(standing.values, standing.weights, prices) - exact)
        drawn = values[:, rng.choice(4_000, standing.weights.size, replace=False)]
        plain.append(best_less_prices(drawn, np.ones(drawn.shape[1]), prices) - exact)
    assert np.mean(np.square(off)) < 0.1 * np.mean(np.square(plain))
    assert abs(np.mean(off)) < 3 * np.std(off) / np.sqrt(len(off))


@pytest.mark.parametrize("first", [0.5, 1e6])
def test_a_table_that_begins_with_prompts_that_are_all_alike(first: float) -> None:
    values = np.hstack([np.full((5, BATCH), first), continuous(7_000)])
    standing = stood_for(values, np.ones(8_000), 400)
    assert not standing.exact
    assert standing.weights.sum() == pytest.approx(8_000)
    assert standing.values @ standing.weights == pytest.approx(values.sum(axis=1))


def test_batches_in_which_nothing_differs_where_others_do() -> None:
    values = np.hstack([continuous(2_000), np.full((5, BATCH), 0.5), continuous(2_000, seed=1)])
    standing = stood_for(values, np.ones(5_000), 300)
    assert standing.values @ standing.weights == pytest.approx(values.sum(axis=1))


def test_one_llm_and_scores_that_are_all_the_same() -> None:
    standing = stood_for(np.full((1, 3_000), 0.5), np.ones(3_000), 10)
    assert standing.values.tolist() == [[0.5]]
    assert standing.weights.tolist() == [3_000.0]
