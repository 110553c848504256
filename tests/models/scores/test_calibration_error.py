"""Bins along the scores, and how far they are from the grades."""

import numpy as np
import pytest

from models.scores.calibration_error import calibration_error, calibration_error_bins


def test_bins_are_of_equal_weight_along_the_scores() -> None:
    scores = np.random.default_rng(0).permutation(200) / 200
    bins = calibration_error_bins(scores, scores - 0.1, np.ones(200))
    assert [one.prompts for one in bins] == [20] * 10
    assert [one.share for one in bins] == pytest.approx([0.1] * 10)
    assert [one.score for one in bins] == pytest.approx(np.arange(10) / 10 + 0.0475)
    assert calibration_error(bins) == pytest.approx(0.1)


def test_errors_of_both_signs_do_not_cancel_between_bins() -> None:
    scores = np.repeat([0.2, 0.8], 50)
    grades = np.repeat([0.5, 0.5], 50)
    bins = calibration_error_bins(scores, grades, np.ones(100))
    assert [(one.prompts, one.score, one.grade) for one in bins] == [
        (50, pytest.approx(0.2), pytest.approx(0.5)),
        (50, pytest.approx(0.8), pytest.approx(0.5)),
    ]
    assert calibration_error(bins) == pytest.approx(0.3)


def test_equal_scores_share_a_bin_and_weightless_prompts_have_none() -> None:
    scores = np.concatenate([np.full(100, 0.5), np.linspace(0.6, 0.9, 100)])
    weights = np.concatenate([np.ones(150), np.zeros(50)])
    bins = calibration_error_bins(scores, scores, weights)
    assert sum(one.prompts for one in bins) == 150
    assert bins[0].prompts == 100
    assert sum(one.share for one in bins) == pytest.approx(1)
    assert calibration_error(bins) == pytest.approx(0)


def test_few_prompts_make_one_bin() -> None:
    bins = calibration_error_bins(np.arange(30.0), np.zeros(30), np.ones(30))
    assert [one.prompts for one in bins] == [30]
