"""Choosing by the highest score."""

import numpy as np

from models.scores.selection import select_by_scores


def test_the_choice_gets_its_own_grade_and_equal_scores_share() -> None:
    scores = np.array([[0.9, 0.5, 0.1], [0.4, 0.5, 0.2]])
    grades = np.array([[0.3, 1.0, 0.7], [1.0, 0.0, 0.6]])
    choice = select_by_scores(scores, grades)
    assert choice.promised.tolist() == [0.9, 0.5, 0.2]
    assert choice.realised.tolist() == [0.3, 0.5, 0.6]


def test_noise_alone_is_promised_and_not_realised() -> None:
    """The optimiser's curse: unbiased scores, and still the best of them promises too much."""
    rng = np.random.default_rng(0)
    truth = rng.random((4, 4000))
    choice = select_by_scores(truth * 0 + 0.5 + rng.normal(0, 0.1, truth.shape), truth)
    assert choice.promised.mean() > 0.59
    assert abs(choice.realised.mean() - 0.5) < 0.02
