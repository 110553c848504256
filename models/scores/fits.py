"""Scores of one LLM brought to the scale of grades, by a function that never falls: the order of
an LLM's prompts stays, what changes is how much a score promises.

s_x, t_x, w_x: score, grade and weight of prompt x, N of them; bars are weighted means.

    shrinkage   m(s) = t_bar + b (s - s_bar)       b = sum w (s - s_bar)(t - t_bar) / sum w (s -
                                                   s_bar)^2, and 0 where that is negative or no
                                                   score differs
    isotonic    m minimises sum w (m(s_x) - t_x)^2 over functions that never fall: found by pooling
                adjacent violators, linear between the scores seen, constant beyond them

A function fitted on grades knows their noise. `cross_fitted_scores` fits on one half of the prompts
and applies to the other, both ways, so that no prompt's own grade is in its fitted score.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.optimize import isotonic_regression

__all__ = ["ScoreFit", "ScoreFitKind", "cross_fitted_scores", "fit_scores", "score_slope"]


class ScoreFitKind(StrEnum):
    """How scores are fitted to grades."""

    SHRINKAGE = "shrinkage"
    ISOTONIC = "isotonic"


@dataclass(frozen=True)
class ScoreFit:
    """A function of scores that never falls, linear between its knots.

    scores: (K,) increasing; grades: (K,) what they become, never falling. slope: of both ends
    beyond the knots.
    """

    scores: np.ndarray
    grades: np.ndarray
    slope: float

    def applied_to(self, scores: np.ndarray) -> np.ndarray:
        """Fit scores of any shape."""
        beyond = scores - np.clip(scores, self.scores[0], self.scores[-1])
        return np.interp(scores, self.scores, self.grades) + self.slope * beyond


def score_slope(scores: np.ndarray, grades: np.ndarray, weights: np.ndarray) -> float:
    """What a score's step of 1 is worth in grades, by least squares: 1 is what scores promise,
    less says too much, below 0 the wrong order; 0 where no score differs.
    """
    weights = weights / weights.sum()
    off, rise = scores - weights @ scores, grades - weights @ grades
    spread = float(weights @ off**2)
    # Scores that are equal but for rounding have no slope.
    if spread <= 1e-24 * max(1.0, float(np.abs(scores).max()) ** 2):
        return 0.0
    return float(weights @ (off * rise)) / spread


def fit_scores(
    kind: ScoreFitKind, scores: np.ndarray, grades: np.ndarray, weights: np.ndarray
) -> ScoreFit:
    """Fit the scores (N,) of one LLM to its grades (N,); weights (N,) >= 0, some above 0."""
    used = weights > 0
    scores, grades, weights = scores[used], grades[used], weights[used]
    if kind == ScoreFitKind.SHRINKAGE:
        middle = np.array([np.average(scores, weights=weights)])
        mean = np.array([np.average(grades, weights=weights)])
        return ScoreFit(middle, mean, max(0.0, score_slope(scores, grades, weights)))
    # Prompts of equal score get one value: they are pooled before, by weight.
    knots, of = np.unique(scores, return_inverse=True)
    sums = np.bincount(of, weights)
    means = np.bincount(of, weights * grades) / sums
    return ScoreFit(knots, isotonic_regression(means, weights=sums).x, 0.0)


def cross_fitted_scores(
    kind: ScoreFitKind,
    scores: np.ndarray,
    grades: np.ndarray,
    weights: np.ndarray,
    first: np.ndarray,
) -> np.ndarray:
    """Fitted scores (M, N) of M LLMs, each prompt's fitted on the half that it is not in.

    scores, grades: (M, N). first: (N,) whether a prompt is in the first half; both halves hold a
    prompt of weight above 0.
    """
    fitted = np.empty(scores.shape)
    for part in (first, ~first):
        for i in range(len(scores)):
            fit = fit_scores(kind, scores[i, ~part], grades[i, ~part], weights[~part])
            fitted[i, part] = fit.applied_to(scores[i, part])
    return fitted
