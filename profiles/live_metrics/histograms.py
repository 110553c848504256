r"""Differences of histograms -> means and percentiles, each with its error.

mean        sum / count. Its error is half the 95 % interval of a ratio of sums over W windows:
            t(W - 1) sqrt(W / (W - 1) sum_w (s_w - m n_w)^2) / sum_w n_w, relative to m
percentile  the upper edge of the bucket in which it lies: never too low, and too high by less than
            the bucket is wide. The width relative to the upper edge is the error
TPOT        vLLM observes 0 for an answer of one token, which has no TPOT: as many as there are such
            answers are taken out of the first bucket and of the count
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from profiles.live_metrics.record import Histogram

__all__ = [
    "grown_histogram",
    "histogram_mean",
    "histogram_percentile",
    "histogram_without_single_tokens",
    "merged_histograms",
]


def grown_histogram(histogram: Histogram, first: int, last: int) -> Histogram:
    """What a histogram grew by between two scrapes."""
    return Histogram(
        histogram.edges,
        histogram.under[last] - histogram.under[first],
        histogram.total[last] - histogram.total[first],
        histogram.count[last] - histogram.count[first],
    )


def merged_histograms(parts: Sequence[Histogram]) -> Histogram:
    """All observations together; without buckets where the edges differ."""
    same = all(np.array_equal(part.edges, parts[0].edges) for part in parts)
    return Histogram(
        parts[0].edges if same else np.zeros(0),
        np.sum([part.under for part in parts], axis=0) if same else np.zeros(0),
        np.sum([part.total for part in parts], axis=0),
        np.sum([part.count for part in parts], axis=0),
    )


def histogram_without_single_tokens(tpot: Histogram, lengths: Histogram | None) -> Histogram:
    """TPOT of the answers of two tokens or more. lengths: of the answers, in tokens."""
    if lengths is None or 1.0 not in lengths.edges:
        return tpot
    single = float(lengths.under[int(np.flatnonzero(lengths.edges == 1.0)[0])])
    # Where other answers than those counted are in it, nothing says how many zeros there are.
    if single > tpot.count or (tpot.under.size and single > tpot.under[0]):
        return tpot
    return Histogram(tpot.edges, tpot.under - single, tpot.total, tpot.count - single)


def histogram_mean(parts: Sequence[Histogram]) -> tuple[float, float] | None:
    """(mean, relative error) over windows; None without observations. The error of one window alone
    is infinite.
    """
    totals = np.array([float(part.total) for part in parts])
    counts = np.array([float(part.count) for part in parts])
    if counts.sum() <= 0 or totals.sum() <= 0:
        return None
    mean, windows = totals.sum() / counts.sum(), len(parts)
    if windows < 2:
        return float(mean), float("inf")
    spread = np.sqrt(windows / (windows - 1) * np.sum((totals - mean * counts) ** 2))
    return float(mean), float(stdtrit(windows - 1, 0.975) * spread / counts.sum() / mean)


def histogram_percentile(histogram: Histogram, part: float) -> tuple[float, float] | None:
    """(upper edge, relative width) of the bucket in which a percentile lies; None where it has no
    upper edge. part: in 0..1.
    """
    if not histogram.edges.size or histogram.count <= 0:
        return None
    # Counts are whole numbers: less than half a request is rounding.
    reached = np.flatnonzero(histogram.under >= part * float(histogram.count) - 1e-6)
    if not reached.size or not np.isfinite(histogram.edges[reached[0]]):
        return None
    place = int(reached[0])
    upper = float(histogram.edges[place])
    lower = float(histogram.edges[place - 1]) if place else 0.0
    return (upper, (upper - lower) / upper) if upper > 0 else None
