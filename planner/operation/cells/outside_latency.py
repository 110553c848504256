"""Latencies of requests that are sent to an LLM outside the cluster: drawn from what the scenario
states of the API, whatever the rate.

    u uniform in (0, 1), z its standard normal quantile
    several percentiles     log-linear in z between them, and beyond the outer two
    one percentile, a mean  lognormal with both, where there is one
    one column alone        every request takes it
    a mean with percentiles below the lowest percentile P the latency L becomes P (L / P)^a, with a
                            >= 0 so that the mean is the stated one, where some a does it

So a percentile that is stated is met by the draws; where nothing below the lowest percentile can
bring about the stated mean, the percentiles stand and the note says how far the mean is off.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr, ndtri

from models.serving.fitted_queue import QUANTILES
from profiles.records import Column

__all__ = ["OutsideLatency", "outside_latencies"]

GRID = 20_000
"""Quantiles that the mean is computed with."""
STEEPEST = 64.0
"""Largest exponent a: below it every latency under the lowest percentile is next to nothing."""
STEPS = 60
CLOSE = 1e-3
"""Relative: a mean that is met."""


class OutsideLatency:
    """One metric of one API. percentiles: statistic -> s; mean: s or None, not both empty.

    off: relative difference of the mean of the draws from the stated one.
    """

    def __init__(self, percentiles: Mapping[str, float], mean: float | None) -> None:
        known = sorted((QUANTILES[name], value) for name, value in percentiles.items())
        self._z = np.array([z for z, _ in known])
        # Equal or falling percentiles are read as one level; a stated 0 as a very short time.
        logs = np.log(np.maximum([value for _, value in known], 1e-9))
        self._log = np.maximum.accumulate(logs)
        self._mean, self._power, self._sigma, self.off = mean, 1.0, 0.0, 0.0
        if mean is not None and self._z.size == 1:
            self._fit_lognormal(mean)
        if mean is not None and self._z.size > 1:
            self._bend_to(mean)

    def _fit_lognormal(self, mean: float) -> None:
        """Sigma >= 0 of the lognormal through the percentile: mean = P exp(s^2 / 2 - z s)."""
        z, gap = float(self._z[0]), float(np.log(mean) - self._log[0])
        inside = z * z + 2.0 * gap
        roots = [z - np.sqrt(inside), z + np.sqrt(inside)] if inside >= 0 else [z]
        # Of two the smaller: the one without a heavy tail.
        self._sigma = next((root for root in roots if root >= 0), 0.0)
        got = np.exp(self._log[0] + self._sigma**2 / 2 - z * self._sigma)
        self.off = float(got / mean - 1.0)

    def _bend_to(self, mean: float) -> None:
        """The exponent below the lowest percentile with which the mean is the stated one."""
        low, high = 0.0, STEEPEST
        for _ in range(STEPS):
            self._power = (low + high) / 2
            low, high = (self._power, high) if self._grid_mean() > mean else (low, self._power)
        self.off = self._grid_mean() / mean - 1.0

    def _grid_mean(self) -> float:
        return float(self.at((np.arange(GRID) + 0.5) / GRID).mean())

    def at(self, shares: np.ndarray) -> np.ndarray:
        """Latencies (s) at quantiles (0..1)."""
        if not self._z.size:
            return np.full(shares.shape, self._mean)
        z = ndtri(shares)
        if self._z.size == 1:
            return np.exp(self._log[0] + self._sigma * (z - self._z[0]))
        slopes = np.diff(self._log) / np.diff(self._z)
        log = np.interp(z, self._z, self._log)
        log += slopes[-1] * np.maximum(z - self._z[-1], 0.0)
        log += self._power * slopes[0] * np.minimum(z - self._z[0], 0.0)
        return np.exp(log)

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count,) s."""
        return self.at(ndtr(rng.normal(size=count)))


def outside_latencies(latency: Mapping[Column, float]) -> dict[str, OutsideLatency]:
    """Metric -> its latencies, of every metric that an API states. latency: s by column."""
    return {
        metric: OutsideLatency(
            {name: latency[metric, name] for name in QUANTILES if (metric, name) in latency},
            latency.get((metric, "mean")),
        )
        for metric in sorted({metric for metric, _ in latency})
    }
