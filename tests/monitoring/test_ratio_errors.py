"""Intervals of ratios hold the true ratio as often as they say, of windows that depend on those
before them too.
"""

import numpy as np
import pytest

from planner.monitoring.ratio_errors import FALSE_ALARMS, FEWEST, ratio_over_windows


def wandering(rng: np.random.Generator, windows: int, shape: np.ndarray) -> np.ndarray:
    """Sums around 1 per unit, each window's noise half that of the one before it."""
    noise = np.zeros(windows)
    for k in range(1, windows):
        noise[k] = 0.5 * noise[k - 1] + rng.normal(0, 0.05)
    return shape * (1 + noise)


@pytest.mark.parametrize("by_time", [False, True])
def test_the_interval_holds_the_ratio(*, by_time: bool):
    rng, shape = np.random.default_rng(3), np.linspace(1.0, 3.0, 288)
    missed = 0
    for _ in range(400):
        found = ratio_over_windows(wandering(rng, 288, shape), shape, 1, by_time=by_time)
        assert found is not None
        missed += not found.low <= 1.0 <= found.high
    # 1 % is promised; 12 of 400 would be three times that.
    assert missed <= 12


def test_more_comparisons_widen_it():
    rng, shape = np.random.default_rng(1), np.ones(100)
    sums = wandering(rng, 100, shape)
    one, many = (ratio_over_windows(sums, shape, count) for count in (1, 20))
    assert one is not None
    assert many is not None
    assert many.value == one.value
    assert many.half > 1.3 * one.half


def test_a_slow_course_of_the_day_is_no_chance_by_time():
    course = 1 + 0.5 * np.sin(np.linspace(0, np.pi, 240)) ** 2
    plain = ratio_over_windows(course, np.ones(240), 5)
    by_time = ratio_over_windows(course, np.ones(240), 5, by_time=True)
    assert plain is not None
    assert by_time is not None
    assert by_time.half < 0.6 * plain.half


def test_too_few_windows_say_nothing():
    assert ratio_over_windows(np.ones(FEWEST - 1), np.ones(FEWEST - 1), 1) is None
    assert ratio_over_windows(np.ones(FEWEST), np.zeros(FEWEST), 1) is None
    assert 0 < FALSE_ALARMS <= 0.01
