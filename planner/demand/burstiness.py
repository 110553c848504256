"""How far arrivals are from Poisson: two numbers, both 1 for Poisson arrivals of any rate.

    cv           coefficient of variation of the gaps between arrivals, each gap times the rate of
                 its bin, so that the day's rise and fall does not count
    dispersion   variance / mean of the counts in windows of 10 s, about the mean of their bin:
                 sum_w (n_w - mean_b)^2 / mean_b / (windows - bins)

`cv` is what queues feel from one request to the next (`simulate --cv`); `dispersion` sees bursts
that last some seconds. Profiles are measured with Poisson arrivals, so where either is well above 1
waits are longer than planned.

Times in whole seconds say nothing of gaps: no cv where many requests share a time. Windows with
less than one request on average say nothing of bursts: no dispersion.
"""

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Burstiness", "measure_burstiness"]

WINDOW_S = 10.0
FEWEST_GAPS = 30
COARSEST = 0.2
"""Largest product of rate and the clock's step with which gaps are still known."""
LEAST_EXCESS = 0.1
"""So far above 1 a number must be to matter, chance aside."""
STANDARD_ERRORS = 3.0


@dataclass(frozen=True)
class Burstiness:
    """cv, dispersion: None where the log does not say; requests: that they rest on; is_bursty:
    whether one is above 1 by more than chance.
    """

    cv: float | None
    dispersion: float | None
    requests: int
    is_bursty: bool


def measure_burstiness(times: np.ndarray, starts: np.ndarray, width: float) -> Burstiness:
    """Burstiness of the requests of one class. times: (N,) s, ascending; starts: (B,) s of the bins
    that count, ascending, each `width` s long.
    """
    if starts.size == 0 or times.size < 2:
        return Burstiness(None, None, int(times.size), is_bursty=False)
    at = np.searchsorted(starts, times, side="right") - 1
    inside = (at >= 0) & (times < starts[np.maximum(at, 0)] + width)
    times, at = times[inside], at[inside]
    cv, gaps = _gap_variation(times, at)
    dispersion, windows = _count_dispersion(times, at, starts, width)
    # Of Poisson arrivals the cv has a standard error of 1 / sqrt(gaps), the dispersion of
    # sqrt(2 / windows).
    bursty = (cv is not None and cv > 1 + max(LEAST_EXCESS, STANDARD_ERRORS / math.sqrt(gaps))) or (
        dispersion is not None
        and dispersion > 1 + max(2 * LEAST_EXCESS, STANDARD_ERRORS * math.sqrt(2 / windows))
    )
    return Burstiness(cv, dispersion, int(times.size), is_bursty=bursty)


def _gap_variation(times: np.ndarray, at: np.ndarray) -> tuple[float | None, int]:
    """(cv, number of gaps) of the gaps inside bins."""
    gaps = np.diff(times)
    same = np.diff(at) == 0
    gaps, bins = gaps[same], at[1:][same]
    if gaps.size < FEWEST_GAPS:
        return None, gaps.size
    sums = np.bincount(bins, weights=gaps)
    counts = np.bincount(bins)
    means = sums / np.maximum(counts, 1)
    known = (counts[bins] > 1) & (means[bins] > 0)
    scaled = gaps[known] / means[bins[known]]
    step = gaps[gaps > 0].min(initial=math.inf)
    if scaled.size < FEWEST_GAPS or step > COARSEST * gaps.mean():
        return None, scaled.size
    return float(scaled.std()), int(scaled.size)


def _count_dispersion(
    times: np.ndarray, at: np.ndarray, starts: np.ndarray, width: float
) -> tuple[float | None, int]:
    """(dispersion, degrees of freedom): whole windows between the first and the last request of a
    bin.
    """
    spread, freedom = 0.0, 0
    begins = np.searchsorted(at, np.arange(starts.size + 1))
    for b in range(starts.size):
        mine = times[begins[b] : begins[b + 1]]
        if mine.size < 2:
            continue
        windows = int((min(starts[b] + width, times[-1]) - max(starts[b], times[0])) / WINDOW_S)
        if windows < 2:
            continue
        since = ((mine - max(starts[b], times[0])) / WINDOW_S).astype(np.int64)
        counts = np.bincount(since[since < windows], minlength=windows)
        if counts.mean() >= 1:
            spread += float(((counts - counts.mean()) ** 2).sum() / counts.mean())
            freedom += windows - 1
    return (spread / freedom, freedom) if freedom >= FEWEST_GAPS else (None, freedom)
