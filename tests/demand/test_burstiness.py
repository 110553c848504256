"""Burstiness: Poisson arrivals of any daily pattern are 1, bursts are not, coarse clocks say so."""

import numpy as np
import pytest

from planner.demand.burstiness import measure_burstiness

HOUR = 3600.0
STARTS = HOUR * np.arange(4)


def arrivals(cv: float, rates: tuple[float, ...] = (1, 2, 4, 8), seed: int = 0) -> np.ndarray:
    """Gamma gaps of this coefficient of variation, another rate in every hour."""
    rng = np.random.default_rng(seed)
    made = []
    for hour, rate in enumerate(rates):
        gaps = rng.gamma(1 / cv**2, cv**2 / rate, int(3 * HOUR * rate))
        times = HOUR * hour + gaps.cumsum()
        made.append(times[times < HOUR * (hour + 1)])
    return np.concatenate(made)


@pytest.mark.parametrize("seed", range(3))
def test_poisson_arrivals_are_one_whatever_the_day(seed: int) -> None:
    found = measure_burstiness(arrivals(1.0, seed=seed), STARTS, HOUR)
    assert found.cv == pytest.approx(1.0, abs=0.03)
    assert found.dispersion == pytest.approx(1.0, abs=0.12)
    assert not found.is_bursty


@pytest.mark.parametrize("cv", [0.5, 2.0, 3.0])
def test_the_cv_is_that_of_the_gaps(cv: float) -> None:
    found = measure_burstiness(arrivals(cv), STARTS, HOUR)
    assert found.cv == pytest.approx(cv, rel=0.05)
    assert found.is_bursty == (cv > 1)
    # Of gamma gaps the dispersion of long windows is the square of their cv.
    assert found.dispersion is not None
    assert (found.dispersion > 1.5) == (cv > 1)


def test_slow_bursts_show_in_the_dispersion() -> None:
    rng = np.random.default_rng(0)
    on = np.arange(0, HOUR, 60.0)  # 20 s of 6 req/s in every minute
    times = np.sort(np.concatenate([start + 20 * rng.random(rng.poisson(120)) for start in on]))
    found = measure_burstiness(times, STARTS[:1], HOUR)
    assert found.dispersion is not None
    assert found.dispersion > 10
    assert found.is_bursty


def test_whole_seconds_say_nothing_of_gaps() -> None:
    found = measure_burstiness(np.floor(arrivals(1.0)), STARTS, HOUR)
    assert found.cv is None
    assert found.dispersion == pytest.approx(1.0, abs=0.12)


def test_few_requests_say_nothing() -> None:
    for times in ([], [1.0], [1.0, 2.0, 5.0]):
        found = measure_burstiness(np.array(times), STARTS, HOUR)
        assert (found.cv, found.dispersion, found.is_bursty) == (None, None, False)
    sparse = measure_burstiness(np.arange(0, 4 * HOUR, 100.0), STARTS, HOUR)
    assert sparse.dispersion is None
    assert sparse.cv is None  # steps of the clock as long as gaps


def test_requests_outside_the_bins_do_not_count() -> None:
    times = arrivals(1.0)
    found = measure_burstiness(times, STARTS[1:3], HOUR)
    assert found.requests == int(((times >= HOUR) & (times < 3 * HOUR)).sum())
