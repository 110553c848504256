"""Means and percentiles of histograms."""

import numpy as np
import pytest

from profiles.live_metrics.histograms import (
    grown_histogram,
    histogram_mean,
    histogram_percentile,
    histogram_without_single_tokens,
    merged_histograms,
)
from profiles.live_metrics.record import Histogram


def of(values: np.ndarray, edges: list[float]) -> Histogram:
    bounds = np.array([*edges, np.inf])
    under = np.array([np.sum(values <= edge) for edge in bounds], dtype=float)
    return Histogram(bounds, under, np.array(values.sum()), np.array(float(len(values))))


def test_a_percentile_is_never_too_low_and_too_high_by_less_than_its_bucket():
    rng = np.random.default_rng(3)
    edges = [0.01 * 1.1**k for k in range(90)]
    for _ in range(40):
        values = rng.gamma(2.0, 0.2, int(rng.integers(1, 400)))
        for part in (0.5, 0.9, 0.95, 0.99):
            read = histogram_percentile(of(values, edges), part)
            assert read is not None
            upper, width = read
            # The smallest value at or below which there are as many as the part asks for.
            true = np.sort(values)[int(np.ceil(part * len(values) - 1e-9)) - 1]
            assert upper * (1 - width) < true <= upper


def test_a_bucket_without_an_end_gives_none_and_the_first_is_as_wide_as_its_edge():
    values = np.array([0.5, 3.0])
    assert histogram_percentile(of(values, [1.0]), 0.9) is None
    assert histogram_percentile(of(values, [1.0]), 0.5) == (1.0, 1.0)
    assert histogram_percentile(of(np.array([]), [1.0]), 0.5) is None


def test_the_error_of_a_mean_covers_the_truth():
    """In 95 % of many tries, where windows have different numbers of requests."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        parts = [of(rng.exponential(2.0, int(rng.poisson(60)) + 1), []) for _ in range(6)]
        mean = histogram_mean(parts)
        assert mean is not None
        covered += abs(mean[0] - 2.0) <= mean[1] * mean[0]
    assert 0.9 <= covered / 400 <= 0.99


def test_one_window_has_no_error_and_none_no_mean():
    assert histogram_mean([of(np.array([1.0, 3.0]), [])]) == (2.0, np.inf)
    assert histogram_mean([of(np.array([]), [])]) is None


def test_answers_of_one_token_have_no_tpot():
    tpot = of(np.array([0.0, 0.0, 0.02, 0.04]), [0.01, 0.03])
    lengths = of(np.array([1.0, 1.0, 9.0, 9.0]), [1.0, 10.0])
    left = histogram_without_single_tokens(tpot, lengths)
    assert histogram_mean([left]) == (pytest.approx(0.03), np.inf)
    assert histogram_percentile(left, 0.5) == (0.03, pytest.approx(2 / 3))
    assert histogram_without_single_tokens(tpot, None) is tpot
    assert histogram_without_single_tokens(tpot, of(np.ones(9), [1.0])) is tpot


def test_histograms_add_up_and_other_edges_leave_the_sums():
    one, other = of(np.array([1.0]), [2.0]), of(np.array([3.0]), [2.0])
    both = merged_histograms([one, other])
    assert both.under.tolist() == [1.0, 2.0]
    mixed = merged_histograms([one, of(np.array([3.0]), [2.5])])
    assert (mixed.edges.size, float(mixed.total), float(mixed.count)) == (0, 4.0, 2.0)


def test_growth_is_a_difference():
    over_time = Histogram(
        np.array([1.0, np.inf]),
        np.array([[1.0, 2.0], [4.0, 9.0]]),
        np.array([5.0, 8.0]),
        np.array([2.0, 9.0]),
    )
    grown = grown_histogram(over_time, 0, 1)
    assert (grown.under.tolist(), float(grown.total), float(grown.count)) == ([3.0, 7.0], 3.0, 7.0)
