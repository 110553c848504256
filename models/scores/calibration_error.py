"""How far scores are from grades where scores are alike: the prompts of one LLM in bins by score.

    bins               of equal weight, along the scores; equal scores are in one bin
    calibration error  sum over bins of W_b |s_b - t_b|, W_b the bin's share of the weight, s_b and
                       t_b its mean score and mean grade

Means of few grades differ from the truth by chance, so the error of perfect scores is above 0 too:
about 0.8 times the standard error of a bin's mean grade.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["CalibrationBin", "calibration_error", "calibration_error_bins"]

MOST_BINS = 10
LEAST_PROMPTS = 20
"""Bins are fewer where they would hold less than this on average."""


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """share: of the LLM's weight; score, grade: means; prompts: how many."""

    share: float
    score: float
    grade: float
    prompts: int


def calibration_error_bins(
    scores: np.ndarray, grades: np.ndarray, weights: np.ndarray
) -> list[CalibrationBin]:
    """Bins of one LLM's prompts, lowest scores first.

    scores, grades, weights: (N,); prompts of weight 0 are in no bin.
    """
    used = weights > 0
    scores, grades, weights = scores[used], grades[used], weights[used] / weights.sum()
    count = int(np.clip(scores.size // LEAST_PROMPTS, 1, MOST_BINS))
    order = np.argsort(scores, kind="stable")
    # By the middle of a prompt's own weight; the last of equal scores takes the bin of the first.
    middle = np.cumsum(weights[order]) - weights[order] / 2
    _, first, of = np.unique(scores[order], return_index=True, return_inverse=True)
    place = np.minimum((middle * count).astype(int), count - 1)[first][of]
    bins = []
    for b in np.unique(place):
        inside = order[place == b]
        share = float(weights[inside].sum())
        bins.append(
            CalibrationBin(
                share=share,
                score=float(weights[inside] @ scores[inside]) / share,
                grade=float(weights[inside] @ grades[inside]) / share,
                prompts=inside.size,
            )
        )
    return bins


def calibration_error(bins: list[CalibrationBin]) -> float:
    """Mean distance of score and grade over the bins, by weight; in score units."""
    return sum(one.share * abs(one.score - one.grade) for one in bins)
