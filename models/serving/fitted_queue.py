"""A queue that behaves as a measured load-latency curve does, for simulation.

Knows nothing of the optimisation.

A curve states the mean latency at a few rates, but not what happens between two arrivals.
The station that models it:

    latency of request k = base_k + kappa * W_k
    W_k   waiting time of a first-come-first-served queue with one server and exponential service of
          mean m:
          W_{k+1} = max(0, W_k + S_k - (arrival_{k+1} - arrival_k))
          (Lindley)
    base_k = base * lognormal of mean 1 and the spread sigma of the curve's percentiles at its
    lowest rate (0 where there are none)

With Poisson arrivals at rate r the mean of W is r m^2 / (1 - r m), so that the fitted mean is

    L(r) ~ base + kappa * r m^2 / (1 - r m)        base, kappa >= 0;  m from a grid with 1/m above
                                                   the highest rate

A request of another `work` takes that many times the service.

Fitted by least squares on relative errors, points near the operating rate counting most. A curve
that falls has no such queue: the error of the fit shows it. Bursts act through W: that, and the
tail of W, is what a curve alone does not know.

That is for TTFT. A response takes long compared with the gaps between arrivals, and the
effect of such gaps on TPOT and E2E is in their curves already; so these follow the load of
minutes:

    latency of request k = L(r_k) * x_k,    r_k = arrivals within WINDOW around k / WINDOW

with the curve's last slope carried on beyond its highest rate; x_k is drawn from the profiled
percentiles at the operating rate, its logarithm linear between them in the quantile of a standard
normal (1 where fewer than two are profiled).
"""

from dataclasses import dataclass

import numpy as np

from profiles.records import Column, Curve

__all__ = ["FittedQueue", "fit_queue", "fitted_latencies_over_load"]

SATURATIONS = 1.0 / np.concatenate([np.linspace(0.05, 0.9, 18), np.linspace(0.91, 0.999, 30)])
"""1/m in highest profiled rates: where the queue would saturate."""
NEAR = 0.2
"""Width, in highest rates, within which points count as near the operating rate."""
EXTRA = 9.0
"""How much more such points count."""
WINDOW = 60.0
"""s over which the load counts."""
QUANTILES = {"p50": 0.0, "p90": 1.2816, "p95": 1.6449, "p99": 2.3263}
"""Standard normal quantiles."""


@dataclass(frozen=True, kw_only=True)
class FittedQueue:
    """base: s; kappa: 1; service: mean m, s; sigma: of the lognormal base.

    error: largest relative error at a profiled point.

    error_here: relative error at the operating rate.
    """

    base: float
    kappa: float
    service: float
    sigma: float
    error: float
    error_here: float

    def mean(self, rates: np.ndarray) -> np.ndarray:
        """Mean latency (s) with Poisson arrivals at the rates (req/s)."""
        return self.base + self.kappa * rates * self.service**2 / np.maximum(
            1.0 - rates * self.service, 1e-12
        )

    def latencies(
        self, arrivals: np.ndarray, rng: np.random.Generator, work: np.ndarray | float = 1.0
    ) -> np.ndarray:
        """(N,) s: latency of requests that arrive at these times (s, ascending).

        work: (N,) load of each, 1 is that of a request of the curve.
        """
        if not arrivals.size:
            return np.zeros(0)
        service = work * rng.exponential(self.service, arrivals.size)
        steps = np.concatenate([[0.0], service[:-1] - np.diff(arrivals)]).cumsum()
        waiting = steps - np.minimum.accumulate(steps)
        spread = (
            np.exp(rng.normal(-(self.sigma**2) / 2.0, self.sigma, arrivals.size))
            if self.sigma > 0
            else 1.0
        )
        return self.base * spread + self.kappa * waiting


def fit_queue(curve: Curve, metric: str, operating_rate: float) -> FittedQueue:
    """Fit the queue to the curve's mean latency of a metric.

    KeyError when the curve has no mean of it.
    """
    rates, latency = curve.rates, curve.latency[metric, "mean"]
    top = max(curve.max_rate, operating_rate, 1e-12)
    weights = (1.0 + EXTRA * np.exp(-(((rates - operating_rate) / (NEAR * top)) ** 2))) / latency
    best: tuple[float, float, float, float] | None = None
    for service in 1.0 / (SATURATIONS * top):
        base, kappa = _fit_two_nonnegative(
            np.ones_like(rates), rates * service**2 / (1.0 - rates * service), latency, weights
        )
        loss = float(
            np.sum(
                (weights * (base + kappa * rates * service**2 / (1.0 - rates * service) - latency))
                ** 2
            )
        )
        if best is None or loss < best[0] * (1.0 - 1e-9):
            best = (loss, base, kappa, float(service))
    assert best is not None  # noqa: S101 - the grid is not empty
    _, base, kappa, service = best
    fitted = FittedQueue(
        base=base,
        kappa=kappa,
        service=service,
        sigma=_fitted_spread(curve, metric, float(rates[0])),
        error=0.0,
        error_here=0.0,
    )
    error = float(np.max(np.abs(fitted.mean(rates) / latency - 1.0)))
    here = float(np.interp(operating_rate, rates, latency))
    return FittedQueue(
        base=base,
        kappa=kappa,
        service=service,
        sigma=fitted.sigma,
        error=error,
        error_here=abs(float(fitted.mean(np.array([operating_rate]))[0]) / here - 1.0),
    )


def _fit_two_nonnegative(
    one: np.ndarray, other: np.ndarray, target: np.ndarray, weights: np.ndarray
) -> tuple[float, float]:
    """Least squares of target ~ a one + b other with a, b >= 0."""
    x, y, t = weights * one, weights * other, weights * target
    xx, xy, yy, xt, yt = x @ x, x @ y, y @ y, x @ t, y @ t
    det = xx * yy - xy * xy
    if det > 1e-12 * xx * yy:
        a, b = (yy * xt - xy * yt) / det, (xx * yt - xy * xt) / det
        if a >= 0 and b >= 0:
            return float(a), float(b)
    only_one, only_other = max(xt / xx, 0.0), (max(yt / yy, 0.0) if yy > 0 else 0.0)
    loss_one, loss_other = np.sum((only_one * x - t) ** 2), np.sum((only_other * y - t) ** 2)
    return (float(only_one), 0.0) if loss_one <= loss_other else (0.0, float(only_other))


def fitted_latencies_over_load(
    curve: Curve,
    metric: str,
    operating_rate: float,
    arrivals: np.ndarray,
    rng: np.random.Generator,
    work: np.ndarray | float = 1.0,
) -> np.ndarray:
    """(N,) s: latency of requests that arrive at these times (s, ascending), by the load around
    each. work: as `FittedQueue.latencies`.
    """
    if not arrivals.size:
        return np.zeros(0)
    rates, latency = curve.rates, curve.latency[metric, "mean"]
    done = np.concatenate([[0.0], (work * np.ones(arrivals.size)).cumsum()])
    seen = (
        done[np.searchsorted(arrivals, arrivals + WINDOW / 2)]
        - done[np.searchsorted(arrivals, arrivals - WINDOW / 2)]
    )
    lived = np.minimum(arrivals + WINDOW / 2, arrivals[-1]) - np.maximum(
        arrivals - WINDOW / 2, arrivals[0]
    )
    load = seen / np.maximum(lived, WINDOW / 2)
    mean = np.interp(load, rates, latency)
    if rates.size > 1:
        slope = max((latency[-1] - latency[-2]) / (rates[-1] - rates[-2]), 0.0)
        mean = mean + slope * np.maximum(load - rates[-1], 0.0)
    return mean * _relative_to_fitted(curve, metric, operating_rate, rng.normal(size=arrivals.size))


def _relative_to_fitted(curve: Curve, metric: str, rate: float, normal: np.ndarray) -> np.ndarray:
    """Latencies in units of the mean for standard normal draws: log-linear through the profiled
    percentiles at the rate, 1 without two.
    """
    present = [(z, metric, p) for p, z in QUANTILES.items() if (metric, p) in curve.latency]
    if len(present) < 2:
        return np.ones_like(normal)
    z = np.array([z for z, _, _ in present])
    mean = np.interp(rate, curve.rates, curve.latency[metric, "mean"])
    height = np.log(
        [np.interp(rate, curve.rates, curve.latency[m, p]) / mean for _, m, p in present]
    )
    height = np.maximum.accumulate(height)
    first, last = ((height[k + 1] - height[k]) / (z[k + 1] - z[k]) for k in (0, z.size - 2))
    inside = np.interp(normal, z, height)
    return np.exp(
        inside + first * np.minimum(normal - z[0], 0.0) + last * np.maximum(normal - z[-1], 0.0)
    )


def _fitted_spread(curve: Curve, metric: str, rate: float) -> float:
    """Sigma of a lognormal latency at the rate: ln(p95 / p50) / 1.645, 0 where they are not
    profiled.
    """
    low: Column = (metric, "p50")
    high: Column = (metric, "p95")
    if low not in curve.latency or high not in curve.latency:
        return 0.0
    p50, p95 = (
        float(np.interp(rate, curve.rates, curve.latency[column])) for column in (low, high)
    )
    return float(np.log(max(p95 / p50, 1.0)) / QUANTILES["p95"])
