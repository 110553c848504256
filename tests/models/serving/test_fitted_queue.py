"""Queues fitted to curves: queueing theory, Lindley's recursion, and what is a poor fit."""

import numpy as np
import pytest

from models.serving.fitted_queue import FittedQueue, fit_queue, fitted_latencies_over_load
from profiles.records import Curve


def poisson(rate: float, seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.exponential(1 / rate, int(rate * seconds)).cumsum()


def test_the_queue_waits_as_queueing_theory_says() -> None:
    queue = FittedQueue(base=0.1, kappa=2.0, service=0.05, sigma=0.0, error=0.0, error_here=0.0)
    rng = np.random.default_rng(1)
    means = [queue.latencies(poisson(12.0, 20_000, seed), rng).mean() for seed in range(5)]
    assert np.mean(means) == pytest.approx(float(queue.mean(np.array([12.0]))[0]), rel=0.03)
    assert float(queue.mean(np.array([12.0]))[0]) == pytest.approx(
        0.1 + 2.0 * 12 * 0.05**2 / (1 - 0.6)
    )


def test_waiting_is_lindley_s_recursion() -> None:
    queue, arrivals = (
        FittedQueue(base=0.0, kappa=1.0, service=0.3, sigma=0.0, error=0.0, error_here=0.0),
        poisson(3.0, 100),
    )
    service = np.random.default_rng(7).exponential(0.3, arrivals.size)
    waiting = [0.0]
    for k in range(arrivals.size - 1):
        waiting.append(max(0.0, waiting[-1] + service[k] - (arrivals[k + 1] - arrivals[k])))
    assert np.allclose(queue.latencies(arrivals, np.random.default_rng(7)), waiting)


@pytest.mark.parametrize(
    ("base", "kappa", "service"), [(0.1, 1.0, 0.04), (0.3, 0.2, 0.045), (0.05, 3.0, 0.02)]
)
def test_a_curve_of_the_queue_s_own_kind_is_recovered(
    base: float, kappa: float, service: float
) -> None:
    rates = np.linspace(0.5, 20, 12)
    truth = FittedQueue(
        base=base, kappa=kappa, service=service, sigma=0.0, error=0.0, error_here=0.0
    )
    curve = Curve(rates, {("ttft", "mean"): truth.mean(rates)}, ("measured",) * 12)
    fit = fit_queue(curve, "ttft", 15.0)
    assert fit.error < 0.03
    assert fit.error_here < 0.005


def test_a_falling_curve_is_noted_as_a_poor_fit() -> None:
    curve = Curve(
        np.array([1.0, 5.0, 10.0]), {("ttft", "mean"): np.array([0.9, 0.3, 0.5])}, ("measured",) * 3
    )
    fit = fit_queue(curve, "ttft", 10.0)
    assert fit.base >= 0
    assert fit.kappa >= 0
    assert fit.error > 0.2


def test_responses_follow_the_load_and_keep_the_percentiles() -> None:
    rates = np.array([1.0, 10.0, 20.0])
    latency = {
        ("tpot", "mean"): np.array([0.01, 0.012, 0.02]),
        ("tpot", "p50"): np.array([0.009, 0.0115, 0.019]),
        ("tpot", "p95"): np.array([0.012, 0.016, 0.03]),
    }
    curve = Curve(rates, latency, ("measured",) * 3)
    rng = np.random.default_rng(0)
    calm = fitted_latencies_over_load(curve, "tpot", 10.0, poisson(10.0, 3000), rng)
    assert np.quantile(calm, 0.95) == pytest.approx(0.016, rel=0.05)
    assert np.quantile(calm, 0.5) == pytest.approx(0.0115, rel=0.05)
    assert (
        fitted_latencies_over_load(curve, "tpot", 10.0, poisson(20.0, 3000), rng).mean()
        > 1.4 * calm.mean()
    )
    assert fitted_latencies_over_load(curve, "tpot", 10.0, np.zeros(0), rng).size == 0


def test_work_loads_the_queue_and_the_minute_as_that_many_requests() -> None:
    queue = FittedQueue(base=0.0, kappa=1.0, service=0.05, sigma=0.0, error=0.0, error_here=0.0)
    rng = np.random.default_rng(3)
    arrivals = poisson(6.0, 60_000)
    waits = queue.latencies(arrivals, rng, np.full(arrivals.size, 2.0))
    # A queue with one server and exponential service of 0.1 s: r m^2 / (1 - r m).
    assert waits.mean() == pytest.approx(6.0 * 0.1**2 / (1 - 6.0 * 0.1), rel=0.06)
    curve = Curve(
        np.array([1.0, 40.0]), {("tpot", "mean"): np.array([0.01, 0.049])}, ("measured",) * 2
    )
    half = poisson(10.0, 3000)
    heavy = fitted_latencies_over_load(curve, "tpot", 10.0, half, rng, np.full(half.size, 2.0))
    assert heavy.mean() == pytest.approx(0.029, rel=0.03)
