"""Latencies of an API: stated percentiles and means are those of the draws."""

import numpy as np
import pytest

from planner.operation.cells.outside_latency import OutsideLatency, outside_latencies

SHARES = (np.arange(200_000) + 0.5) / 200_000


def mean_of(one: OutsideLatency) -> float:
    return float(one.at(SHARES).mean())


def test_several_percentiles_and_the_mean_are_all_met() -> None:
    one = OutsideLatency({"p50": 0.38, "p95": 0.9, "p99": 1.4}, 0.42)
    assert one.at(np.array([0.5, 0.95, 0.99])) == pytest.approx([0.38, 0.9, 1.4], rel=1e-3)
    assert mean_of(one) == pytest.approx(0.42, rel=2e-3)
    assert abs(one.off) < 1e-3


def test_a_mean_that_no_lower_part_can_bring_about_is_reported() -> None:
    one = OutsideLatency({"p50": 0.38, "p95": 0.9}, 0.1)
    assert one.at(np.array([0.5])) == pytest.approx([0.38], rel=1e-3)
    assert one.off > 0.5
    assert OutsideLatency({"p50": 0.38, "p95": 0.9}, 0.9).off < -0.2


def test_one_percentile_and_a_mean_are_a_lognormal_with_both() -> None:
    one = OutsideLatency({"p95": 0.9}, 0.42)
    assert one.at(np.array([0.95])) == pytest.approx([0.9], rel=1e-3)
    assert mean_of(one) == pytest.approx(0.42, rel=1e-3)
    # A mean so far below the percentile has no lognormal.
    assert OutsideLatency({"p95": 9.0}, 0.01).off != 0.0


def test_one_column_alone_is_taken_by_every_request() -> None:
    rng = np.random.default_rng(0)
    assert set(OutsideLatency({}, 0.42).draw(9, rng)) == {0.42}
    assert OutsideLatency({"p95": 0.9}, None).draw(9, rng) == pytest.approx(0.9)


def test_metrics_are_drawn_apart() -> None:
    found = outside_latencies({("ttft", "mean"): 0.4, ("e2e", "p50"): 3.0, ("e2e", "p95"): 5.0})
    assert set(found) == {"ttft", "e2e"}
    draws = found["e2e"].draw(4000, np.random.default_rng(1))
    # Four standard errors of a share of a half.
    assert (draws <= 3.0).mean() == pytest.approx(0.5, abs=0.032)
