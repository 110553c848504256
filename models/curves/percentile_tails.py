"""Tails of latency curves: which latency a given share of the requests exceeds, at any rate.

A percentile column says it for one share (p50: 0.5, p90: 0.1, p95: 0.05, p99: 0.01). Between two
neighbouring columns, of shares a > b, the latency is linear in the logarithm of the share,

    L_s(r) = L_a(r) + ln(a / s) / ln(a / b) * (L_b(r) - L_a(r)),       b <= s < a                (1)

which is exact where the tail is exponential; below the smallest column's share (1) runs on with
the last two columns. It is taken at the shares of TAIL_SHARES alone, and between these the share is
linear in the latency: so every L_s is linear in the rate wherever the columns are, and budgets keep
the form of `models.latency`. A metric with one column has that column's share alone.

Where columns cross (noise), a higher percentile counts as no faster than a lower one: running
maximum, which bends where they cross.

Units: seconds, req/s, shares in 0..1. Arrays: K rates, G shares.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from profiles.records import Curve

__all__ = ["PERCENTILE_SHARE", "PercentileTails", "percentile_tails", "rates_of_zeros"]

PERCENTILE_SHARE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of requests above each percentile."""

TAIL_SHARES = (0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001)
"""Shares at which a tail is read; those of the percentiles are among them."""


@dataclass(frozen=True)
class PercentileTails:
    """rates: (K,) req/s, load points and rates where two columns cross. shares: (G,) falling.

    latency: (G, K) s, exceeded by these shares of the requests; linear in the rate between two
    rates, flat outside; rising in G.
    """

    rates: np.ndarray
    shares: np.ndarray
    latency: np.ndarray

    def lines(self, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intercept (s) and slope (s per req/s), each (G, J), of the lines that hold at rates
        (J,).
        """
        slope = np.zeros((self.shares.size, self.rates.size))
        slope[:, 1:] = np.diff(self.latency) / np.diff(self.rates)
        above = np.searchsorted(self.rates, rate)
        # Column k of `slope` is the line that ends at rate k; flat below the first, as at the last.
        end = np.minimum(above, self.rates.size - 1)
        slope = np.where(above < self.rates.size, slope[:, end], 0.0)
        return self.latency[:, end] - slope * self.rates[end], slope


def percentile_tails(curve: Curve, metric: str) -> PercentileTails:
    """The tails of one metric: (1) at every share of TAIL_SHARES that the columns reach."""
    present = [p for p in PERCENTILE_SHARE if (metric, p) in curve.latency]
    columns = np.array([curve.latency[metric, p] for p in present])
    known = np.array([PERCENTILE_SHARE[p] for p in present])
    if known.size == 1:
        return PercentileTails(curve.rates, known, columns)
    rates, columns = _uncrossed_percentile_tails(curve.rates, columns)
    shares = np.array([share for share in TAIL_SHARES if share <= known[0]])
    base = np.searchsorted(-known, -shares, side="right") - 1
    right = np.clip(base + 1, 1, known.size - 1)
    part = np.log(known[base] / shares) / np.log(known[right - 1] / known[right])
    rise = columns[right] - columns[right - 1]
    return PercentileTails(rates, shares, columns[base] + part[:, None] * rise)


def _uncrossed_percentile_tails(
    rates: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Running maximum over the columns (P, K), with the rates where it bends added."""
    if np.all(columns[:-1] <= columns[1:]):
        return rates, columns
    meet = [rates_of_zeros(rates, above - below) for below, above in combinations(columns, 2)]
    finer = np.unique(np.concatenate([rates, *meet]))
    columns = np.array([np.interp(finer, rates, column) for column in columns])
    return finer, np.maximum.accumulate(columns, axis=0)


def rates_of_zeros(rates: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Rates strictly between two load points (K,) at which one of the polylines through
    (rates, heights) is 0.

    heights: (K,) or (G, K).
    """
    left, right = heights[..., :-1], heights[..., 1:]
    at = np.nonzero(left * right < 0)
    start, end = rates[at[-1]], rates[at[-1] + 1]
    return start + (end - start) * left[at] / (left[at] - right[at])
