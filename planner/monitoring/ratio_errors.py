r"""A ratio of two sums over windows, and between which values it lies.

    f = sum_b S_b / sum_b P_b
    half = t(B - 1, 1 - a / 2) sqrt(B / (B - 1) sum_b (S_b - f P_b)^2) / sum_b P_b

over blocks b of consecutive windows. Latencies of neighbouring windows are not independent (a queue
lasts); means over blocks of an hour or more nearly are, so the interval is of at most BLOCKS blocks
and not of hundreds of windows. It holds f with probability 1 - a.

What the load does in the course of a day is no chance: where `by_time` says that the sums may
change slowly, as the share of slow requests does between night and noon, blocks are held against
their neighbours, e_b = S_b - f P_b,

    half = t(2 (B - 1) / 3) sqrt(B / (2 (B - 1)) sum_b (e_{b+1} - e_b)^2) / sum_b P_b

Of K numbers that are judged together each gets a = FALSE_ALARMS / K: that any of them is called
without cause then has at most the probability FALSE_ALARMS, however many options a plan has
(Bonferroni's inequality).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

__all__ = ["FALSE_ALARMS", "FEWEST", "MeteredRatio", "ratio_over_windows"]

BLOCKS = 12
FEWEST = 6
"""Windows, below which nothing is judged: an interval of fewer blocks is wider than any drift."""
FALSE_ALARMS = 0.01
"""Probability that a look without drift calls one."""


@dataclass(frozen=True)
class MeteredRatio:
    """value: the ratio; half: half its interval."""

    value: float
    half: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return self.value + self.half


def ratio_over_windows(
    tops: np.ndarray, bottoms: np.ndarray, comparisons: int, *, by_time: bool = False
) -> MeteredRatio | None:
    """The ratio; None where there are too few windows.

    tops, bottoms: (W,) in the order of time; comparisons: how many numbers are judged together;
    by_time: as above.
    """
    if len(tops) < FEWEST or bottoms.sum() <= 0:
        return None
    blocks = min(BLOCKS, len(tops))
    top, bottom = (
        np.array([part.sum() for part in np.array_split(values, blocks)])
        for values in (tops, bottoms)
    )
    ratio, freedom = float(top.sum() / bottom.sum()), blocks - 1
    errors = top - ratio * bottom
    squares = np.sum(errors**2) / freedom
    if by_time:
        squares, freedom = np.sum(np.diff(errors) ** 2) / (2 * freedom), 2 * freedom // 3
    quantile = float(stdtrit(freedom, 1 - FALSE_ALARMS / comparisons / 2))
    return MeteredRatio(ratio, quantile * float(np.sqrt(blocks * squares) / bottom.sum()))
