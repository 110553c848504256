"""A trace at another rate: copies in real time, or a faster clock."""

import numpy as np
import pytest

from planner.errors import DataError
from planner.operation.trace_replay import (
    TraceScale,
    check_trace_copies,
    replay_trace,
    trace_copies,
)

BURSTY = np.array([0.01] * 50 + [49.5])
"""Fifty requests within half a second, then silence: 1.02 req/s."""


@pytest.mark.parametrize("scale", TraceScale)
@pytest.mark.parametrize("rate", [0.3, 1.0, 7.4, 40.0])
def test_the_rate_is_that_of_the_plan(scale: TraceScale, rate: float) -> None:
    rng, seconds = np.random.default_rng(1), 3000.0
    times = np.concatenate([replay_trace(BURSTY, rate, seconds, scale, rng) for _ in range(4)])
    assert times.size / (4 * seconds) == pytest.approx(rate, rel=0.05)
    assert times.min() >= 0
    assert times.max() < seconds


@pytest.mark.parametrize("scale", TraceScale)
def test_at_its_own_rate_the_trace_is_replayed_as_it_was(scale: TraceScale) -> None:
    rate = 1 / BURSTY.mean()
    assert trace_copies(BURSTY, rate) == pytest.approx(1)
    times = replay_trace(BURSTY, rate, 500.0, scale, np.random.default_rng(2))
    assert np.all(np.diff(times) >= 0)
    gaps = np.diff(times)
    assert set(np.round(gaps, 6)) == {0.01, 49.5}


def most_within(times: np.ndarray, seconds: float) -> int:
    ends = np.searchsorted(times, times + seconds)
    return int((ends - np.arange(times.size)).max())


def test_superposing_keeps_how_long_bursts_last_and_compressing_how_many_come_at_once() -> None:
    rng = np.random.default_rng(3)
    copies, fast = (replay_trace(BURSTY, 20.0, 2000.0, scale, rng) for scale in TraceScale)
    # A compressed burst of fifty lasts 1/20 of half a second; copies rarely fall together.
    assert most_within(fast, 0.03) >= 50
    assert most_within(copies, 0.03) < 25
    assert most_within(copies, 0.5) >= 50


def test_below_its_own_rate_requests_are_drawn_from_it() -> None:
    times = replay_trace(BURSTY, 0.5, 5000.0, TraceScale.SUPERPOSE, np.random.default_rng(4))
    assert most_within(times, 0.6) < 45
    assert np.quantile(np.diff(times), 0.99) > 40


def test_too_many_copies_are_refused_with_what_to_do() -> None:
    check_trace_copies("t.csv", BURSTY, 1000.0, TraceScale.SUPERPOSE)
    check_trace_copies("t.csv", BURSTY, 1e6, TraceScale.COMPRESS)
    with pytest.raises(DataError, match="--scale compress"):
        check_trace_copies("t.csv", BURSTY, 1e6, TraceScale.SUPERPOSE)


def test_a_trace_of_too_many_requests_is_not_drawn_from() -> None:
    fast = BURSTY * 1e-6
    check_trace_copies("t.csv", fast, 2e6, TraceScale.SUPERPOSE)
    check_trace_copies("t.csv", fast, 5.0, TraceScale.COMPRESS)
    with pytest.raises(DataError, match="which are too many to draw from"):
        check_trace_copies("t.csv", fast, 5.0, TraceScale.SUPERPOSE)
