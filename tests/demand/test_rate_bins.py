"""Bins of requests and of windows: rates by hand, edges, gaps, folding."""

import numpy as np
import pytest

from planner.demand.rate_bins import bin_request_rates, bin_window_rates, fold_rate_bins
from planner.errors import DataError
from profiles.request_logs.record import LogClock, RateWindows
from tests.support.scenarios.log_files import START


def windows(*rows: tuple[float, int, float], width: float = 600.0) -> RateWindows:
    """rows: (start, position of the name, rate)."""
    starts, labels, rates = (np.array(column) for column in zip(*rows, strict=True))
    blank = np.full(len(rows), np.nan)
    return RateWindows(
        starts=starts.astype(float),
        labels=labels,
        names=("a", "b"),
        rates=rates.astype(float),
        input_tokens=blank,
        output_tokens=blank,
        width=width,
        clock=LogClock.RELATIVE,
    )


def test_rates_are_requests_by_covered_time() -> None:
    times = np.array([0.0, 1.0, 2.0, 11.0, 12.0, 18.0])
    codes = np.array([0, 0, 1, 0, 1, 1])
    bins = bin_request_rates(times, codes, 2, 10.0, LogClock.RELATIVE)
    assert bins.covered.tolist() == [10.0, 8.0]
    assert bins.rates.tolist() == [[0.2, 1 / 8], [0.1, 2 / 8]]
    assert (bins.rates @ bins.covered).tolist() == [3, 3]


def test_unix_bins_begin_at_whole_hours_and_thin_edges_are_left_out() -> None:
    times = START + np.array([-60.0, 0.0, 1800.0, 3600.0, 7000.0, 7300.0])
    bins = bin_request_rates(times, np.zeros(6, dtype=int), 1, 3600.0, LogClock.UNIX)
    assert bins.starts.tolist() == [START, START + 3600]
    assert bins.left_out == 2
    assert bins.rates.tolist() == [[2 / 3600, 2 / 3600]]


def test_a_short_log_is_one_bin_and_hours_without_requests_are_zero() -> None:
    short = bin_request_rates(np.array([3.0, 4, 5]), np.zeros(3, int), 1, 60.0, LogClock.RELATIVE)
    assert (short.starts.size, short.rates[0, 0], short.left_out) == (1, 1.5, 0)
    gap = bin_request_rates(np.array([0.0, 1, 35]), np.zeros(3, int), 1, 10.0, LogClock.RELATIVE)
    assert gap.rates.tolist() == [[0.2, 0.0, 0.0, 0.2]]
    assert gap.empty == 2


def test_a_log_without_duration_or_end_is_refused() -> None:
    for last in (0.0, 5e-324):
        with pytest.raises(DataError, match="at one time"):
            bin_request_rates(np.array([0.0, last]), np.zeros(2, int), 1, 60.0, LogClock.RELATIVE)
    with pytest.raises(DataError, match="more than 10,000"):
        bin_request_rates(np.array([0.0, 1e9]), np.zeros(2, int), 1, 60.0, LogClock.RELATIVE)


def test_windows_are_averaged_and_unknown_ones_are_not_zero() -> None:
    rows = [(0, 0, 1), (600, 0, 3), (1200, 0, 5), (0, 1, 10), (600, 1, 10), (1800, 0, 9)]
    bins = bin_window_rates(windows(*rows), (0, 1), 1200.0)
    assert bins.starts.tolist() == [0.0]
    assert bins.rates.tolist() == [[2.0], [10.0]]
    assert bins.left_out == 1  # class b is unknown there
    together = bin_window_rates(windows(*rows), (0, 0), 1200.0)
    assert together.rates.tolist() == [[12.0]]
    alone = bin_window_rates(windows(*rows), (0, -1), 1200.0)
    assert alone.rates.tolist() == [[2.0, 7.0]]


def test_bins_of_windows_are_whole_numbers_of_them() -> None:
    table = windows((0, 0, 1), (600, 0, 1))
    assert bin_window_rates(table, (0, -1), 60.0).width == 600.0
    with pytest.raises(DataError, match="no whole number of windows"):
        bin_window_rates(table, (0, -1), 900.0)
    with pytest.raises(DataError, match="no bin is known for every class"):
        bin_window_rates(table, (0, 1), 600.0)


def test_days_fold_to_hours_of_equal_weight() -> None:
    times = np.arange(START, START + 30 * 3600 + 1, 600.0)  # 18:00 to 00:00 of the next day
    bins = bin_request_rates(times, np.zeros(times.size, int), 1, 3600.0, LogClock.UNIX)
    folded = fold_rate_bins(bins, 0.0)
    assert folded.slots[:3].tolist() == [18, 19, 20]
    assert folded.slots[24:27].tolist() == [18, 19, 20]
    by_slot = np.bincount(folded.slots, weights=folded.weights)
    assert by_slot.tolist() == [3600.0] * 24
    assert fold_rate_bins(bins, 7200.0).slots[0] == 20
    with pytest.raises(DataError, match="a day is no whole number"):
        fold_rate_bins(
            bin_request_rates(times, np.zeros(times.size, int), 1, 3000.0, LogClock.UNIX), 0.0
        )
