"""Fits of scores to grades: against their definitions, and never on a prompt's own grade."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models.scores.fits import ScoreFitKind, cross_fitted_scores, fit_scores, score_slope


def drawn(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 25, n) / 25  # many are equal
    grades = (rng.random(n) < 0.2 + 0.5 * scores).astype(float)
    return scores, grades, rng.integers(0, 4, n).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_isotonic_is_the_max_of_mins_of_means(seed: int) -> None:
    """The closed form of the monotone least squares fit (Barlow et al. 1972)."""
    scores, grades, weights = drawn(seed)
    fit = fit_scores(ScoreFitKind.ISOTONIC, scores, grades, weights)
    used = np.unique(scores[weights > 0])
    for k, score in enumerate(used):
        means = [
            [
                np.average(grades[inside], weights=weights[inside])
                for high in used[k:]
                for inside in [(scores >= low) & (scores <= high) & (weights > 0)]
            ]
            for low in used[: k + 1]
        ]
        assert_allclose(fit.applied_to(np.array(score)), max(map(min, means)), atol=1e-12)
    assert_allclose(fit.applied_to(np.array([-9.0, 9.0])), fit.grades[[0, -1]])


@pytest.mark.parametrize("seed", range(5))
def test_shrinkage_is_the_line_of_least_squares(seed: int) -> None:
    scores, grades, weights = drawn(seed)
    fit = fit_scores(ScoreFitKind.SHRINKAGE, scores, grades, weights)
    slope, start = np.polyfit(scores, grades, 1, w=np.sqrt(weights))
    assert slope > 0
    at = np.array([-1.0, 0.0, 0.3, 2.0])
    assert_allclose(fit.applied_to(at), start + slope * at, atol=1e-12)
    assert score_slope(scores, grades, weights) == pytest.approx(slope)


def test_scores_in_the_wrong_order_or_all_equal_become_the_mean_grade() -> None:
    scores, ones = np.array([0.1, 0.5, 0.9]), np.ones(3)
    grades = np.array([1.0, 0.5, 0.0])
    for kind in ScoreFitKind:
        assert_allclose(fit_scores(kind, scores, grades, ones).applied_to(scores), 0.5)
        assert_allclose(fit_scores(kind, 0.7 * ones, grades, ones).applied_to(scores), 0.5)
    assert score_slope(scores, grades, ones) == pytest.approx(-1.25)
    assert score_slope(0.7 * ones, grades, ones) == 0


@pytest.mark.parametrize("kind", ScoreFitKind)
def test_no_prompt_is_fitted_on_its_own_half(kind: ScoreFitKind) -> None:
    scores, grades, weights = (array[None, :] for array in drawn(3))
    first = np.arange(60) % 2 == 0
    before = cross_fitted_scores(kind, scores, grades, weights[0], first)
    changed = np.where(first, 1 - grades, grades)
    after = cross_fitted_scores(kind, scores, changed, weights[0], first)
    assert_allclose(after[:, first], before[:, first])
    assert not np.allclose(after[:, ~first], before[:, ~first])
