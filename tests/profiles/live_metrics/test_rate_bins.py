"""Windows -> points."""

import numpy as np
import pytest

from profiles.live_metrics.metric_names import Engine, Quantity
from profiles.live_metrics.rate_bins import RATE, ServerWindow, bin_windows
from profiles.live_metrics.record import Histogram, Window

EDGES = np.array([0.1, 0.11, 0.2, np.inf])


def window(rate: float, e2e: float, server: str = "a", replicas: int = 1) -> ServerWindow:
    count = rate * 300.0
    under = np.where(EDGES >= e2e, count, 0.0)
    histogram = Histogram(EDGES, under, np.array(e2e * count), np.array(count))
    return ServerWindow(
        Window(
            start=1e9,
            seconds=300.0,
            requests=count,
            failed=1.0,
            numbers={Quantity.RUNNING: rate * e2e, Quantity.INPUT_TOKENS: 7.0 * count},
            histograms={Quantity.E2E: histogram},
        ),
        server,
        Engine.VLLM,
        replicas,
    )


def test_windows_of_one_bin_are_added_up():
    bins = bin_windows([*(window(10.0, 0.105) for _ in range(4)), window(9.2, 0.108, "b")], 0.2)
    (point,) = bins.points
    assert dict(point.windows) == {"a": 4, "b": 1}
    assert point.run.achieved_rps == pytest.approx((4 * 10 + 9.2) / 5)
    assert point.run.latency_ms["e2e", "mean"] == pytest.approx(
        1e3 * (40 * 0.105 + 9.2 * 0.108) / 49.2
    )
    assert point.run.latency_ms["e2e", "p95"] == pytest.approx(110.0)
    assert point.errors["e2e", "p95"] == pytest.approx(1 / 11)
    assert point.errors[RATE] == pytest.approx(0.4 / 9.84)
    assert point.run.concurrency == pytest.approx((4 * 1.05 + 9.2 * 0.108) / 5)
    assert point.run.input_tokens == pytest.approx(7.0)
    assert (point.run.ok, point.run.errors) == (pytest.approx(300 * 49.2), 5.0)


def test_rates_are_of_one_replica():
    (point,) = bin_windows([window(10.0, 0.105, replicas=4)] * 3, 0.2).points
    assert point.run.achieved_rps == pytest.approx(2.5)
    assert point.run.concurrency == pytest.approx(1.05 / 4)


def test_windows_of_one_load_stay_together_wherever_it_lies():
    """Rates of Poisson numbers around 24 loads from 0.2 to 20 req/s, 12 windows each."""
    rng = np.random.default_rng(2)
    for rate in np.geomspace(0.2, 20.0, 24):
        counts = rng.poisson(rate * 300.0, 12)
        bins = bin_windows([window(count / 300.0, 0.105) for count in counts], 0.2)
        (point,) = [one for one in bins.points if sum(one.windows.values()) >= 9]
        assert point.run.achieved_rps == pytest.approx(rate, rel=point.errors[RATE])


def test_rates_that_differ_by_more_than_a_tenth_of_the_highest_are_apart():
    rates = [0.5 * k for k in range(1, 21)]
    bins = bin_windows([window(rate, 0.105) for rate in rates for _ in range(3)], 0.2)
    spans = [round(point.run.achieved_rps or 0, 2) for point in bins.points]
    assert spans == [0.75, 2.0, 3.5, 5.0, 6.5, 8.0, 9.25] or len(spans) == 7
    assert not bins.left_out


def test_bins_of_two_windows_are_left_out_and_counted():
    bins = bin_windows([*[window(10.0, 0.105)] * 3, *[window(5.5, 0.105, "b")] * 2], 0.2)
    assert len(bins.points) == 1
    assert dict(bins.left_out) == {"b": 2}


@pytest.mark.parametrize(("e2e", "width"), [(0.15, 0.45), (0.3, np.inf)])
def test_a_wide_bucket_gives_a_percentile_only_where_it_is_allowed(e2e: float, width: float):
    windows = [window(10.0, e2e)] * 3
    bins = bin_windows(windows, 0.2)
    assert set(bins.points[0].run.latency_ms) == {("e2e", "mean")}
    assert bins.too_wide["e2e", "p50"] == pytest.approx(width)
    wide = bin_windows(windows, 1.0).points[0].run.latency_ms.get(("e2e", "p50"))
    assert wide == (pytest.approx(200.0) if np.isfinite(width) else None)


def test_the_error_of_a_rate_is_at_least_that_of_its_count():
    (point,) = bin_windows([window(0.1, 0.105)] * 3, 0.2).points
    assert point.errors[RATE] == pytest.approx(1.96 / np.sqrt(90))


def test_no_window_is_no_point():
    assert bin_windows([], 0.2).points == []
