"""Scrapes -> windows of a steady load."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from profiles.live_metrics.metric_names import Engine, Quantity
from profiles.live_metrics.record import Histogram, Scrapes
from profiles.live_metrics.windows import WindowFault, cut_windows

RATE, STEP = 2.0, 15.0


def server(times: np.ndarray, **numbers: Any) -> Scrapes:
    """Two requests a second that take one each, unless other numbers are given."""
    count = RATE * (times - times[0])
    return Scrapes(
        engine=Engine.VLLM,
        labels={},
        times=times,
        numbers={
            Quantity.REQUESTS: count,
            Quantity.RUNNING: np.full(len(times), 2.0),
            Quantity.WAITING: np.zeros(len(times)),
            **{Quantity[name]: values for name, values in numbers.items()},
        },
        histograms={
            Quantity.E2E: Histogram(np.zeros(0), np.zeros((len(times), 0)), 1.0 * count, count)
        },
    )


def every(seconds: float, until: float = 3600.0) -> np.ndarray:
    return 1e9 + np.arange(0.0, until + 1e-6, seconds)


def test_windows_follow_each_other_and_lose_no_request():
    """Whatever the jitter of scraping; half an interval is the most that a window is short."""
    rng = np.random.default_rng(1)
    for step in (15.0, 60.0, 150.0, 300.0):
        times = every(step) + rng.uniform(-0.2, 0.2, len(every(step)))
        cut = cut_windows(server(times))
        assert not cut.left_out
        assert len(cut.windows) == 12
        ends = [window.start + window.seconds for window in cut.windows]
        assert [window.start for window in cut.windows] == [
            times[0],
            *map(pytest.approx, ends[:-1]),
        ]
        for window in cut.windows:
            assert window.requests / window.seconds == pytest.approx(RATE)
            assert float(window.histograms[Quantity.E2E].count) == pytest.approx(window.requests)
            assert window.numbers[Quantity.RUNNING] == pytest.approx(2.0)
        assert cut.halves_compared == (step <= 75)


def falls(times: np.ndarray) -> dict[str, np.ndarray]:
    count = RATE * (times - times[0])
    return {"REQUESTS": np.where(times > times[30], count - count[31], count)}


def starts_anew(times: np.ndarray) -> dict[str, np.ndarray]:
    return {"STARTED": np.where(times > times[30], 9e8, 8e8)}


def is_preempted(times: np.ndarray) -> dict[str, np.ndarray]:
    return {"PREEMPTED": np.where(times > times[30], 1.0, 0.0)}


def fails(times: np.ndarray) -> dict[str, np.ndarray]:
    return {"FAILED": np.where(times > times[30], 7.0, 0.0)}


def queues(times: np.ndarray) -> dict[str, np.ndarray]:
    return {"WAITING": np.where(times > times[30], 40.0, 0.0)}


def idles(times: np.ndarray) -> dict[str, np.ndarray]:
    count = RATE * (times - times[0])
    at = np.searchsorted(times, times[0] + 600.0)
    before = np.searchsorted(times, times[0] + 300.0)
    held = np.where(times >= times[before], count[before], count)
    return {"REQUESTS": np.where(times > times[at], count - count[at] + count[before], held)}


def quickens(times: np.ndarray) -> dict[str, np.ndarray]:
    """From 1.3 to 2.7 req/s in the middle of the second window, and slowly back later."""
    rate = np.where(np.abs(times - times[30] - 75) < 76, 3.0, 2.0)
    return {"REQUESTS": np.concatenate([[0.0], np.cumsum(rate[1:] * np.diff(times))])}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (falls, WindowFault.RESTART),
        (starts_anew, WindowFault.RESTART),
        (is_preempted, WindowFault.PREEMPTED),
        (fails, WindowFault.FAILED),
        (queues, WindowFault.BACKLOG),
        (idles, WindowFault.IDLE),
        (quickens, WindowFault.TREND),
    ],
)
def test_one_window_is_left_out_for_its_reason(
    change: Callable[[np.ndarray], dict[str, np.ndarray]], reason: WindowFault
):
    times = every(STEP)
    cut = cut_windows(server(times, **change(times)))
    assert dict(cut.left_out) == {reason: 1}
    assert len(cut.windows) == 11
    # What counted on is kept beside them; after a restart nothing says what was counted.
    assert len(cut.unsteady) == (reason != WindowFault.RESTART)


def test_what_a_queue_grew_by_has_arrived_too():
    times = every(STEP)
    cut = cut_windows(server(times, **queues(times)))
    (window,) = cut.unsteady
    assert window.backlog > 0
    assert window.arrived == window.requests + window.backlog
    assert all(one.arrived == one.requests for one in cut.windows[:1])


def test_scrapes_that_are_missing_leave_one_window_out():
    times = every(STEP)
    times = times[(times < 1e9 + 400) | (times > 1e9 + 480)]
    cut = cut_windows(server(times))
    assert dict(cut.left_out) == {WindowFault.GAP: 1}
    assert len(cut.windows) == 11


def test_chance_does_not_make_a_load_unsteady():
    """Of windows of a Poisson load fewer than 1 % are left out, at low and at high rates."""
    rng = np.random.default_rng(5)
    times = every(STEP, 24 * 3600.0)
    for rate in (0.05, 1.0, 20.0):
        arrived = np.sort(rng.uniform(times[0], times[-1], rng.poisson(rate * 24 * 3600)))
        done = np.sort(arrived + rng.exponential(5.0, len(arrived)))
        count = np.searchsorted(done, times, "right").astype(float)
        under_way = np.searchsorted(arrived, times, "right") - count
        cut = cut_windows(server(times, REQUESTS=count, RUNNING=under_way))
        assert cut.left_out.total() < 0.01 * len(cut.windows)


def test_one_scrape_is_no_window():
    assert cut_windows(server(every(STEP, 0.0))).windows == []


def test_scrapes_far_apart_make_no_window():
    cut = cut_windows(server(every(600.0)))
    assert (len(cut.windows), dict(cut.left_out)) == (0, {WindowFault.GAP: 6})
