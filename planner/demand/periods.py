"""Periods: slots of a day that follow each other put together, so that a schedule can follow them.

A day is a circle of S slots, and a period an arc of it. Each plans every class for the upper
quantile of its slots, and the arcs are those of the least loss, as in `planner.demand.levels`:

    loss[i, n]   of the arc of slots i, ..., i + n - 1 (modulo S)
    minimise     the sum of loss over at most K arcs that make up the circle

Every slot is tried as the first one; then dynamic programming over the ends of arcs is exact. O(C
S^2) quantiles and O(K S^3) sums.
"""

import numpy as np

from planner.demand.levels import level_loss

__all__ = ["MOST_SLOTS", "cluster_rate_periods", "period_losses"]

MOST_SLOTS = 144
"""Slots of 10 min; more would take long."""
SAME_LOSS = 1e-9
"""Relative: sums in another order differ by less, and fewer periods are better."""


def period_losses(rates: np.ndarray, quantile: float) -> np.ndarray:
    """(S, S + 1) loss of each arc by first slot and length; that of length 0 means nothing.

    rates: (C, S) req/s.
    """
    slots = rates.shape[1]
    losses = np.zeros((slots, slots + 1))
    twice = np.concatenate([rates, rates], axis=1)
    whole = np.zeros(slots, dtype=np.int64)
    for i in range(slots):
        for n in range(1, slots + 1):
            losses[i, n] = level_loss(twice[:, i : i + n], whole[:n], quantile)
    return losses


def cluster_rate_periods(losses: np.ndarray, count: int) -> np.ndarray:
    """(S,) period of each slot, numbered from the first that begins in the day.

    losses: of `period_losses`. At most `count` periods, and fewer where that is as good.
    """
    slots = losses.shape[0]
    best, cuts = np.inf, [0]
    for first in range(slots if count > 1 else 1):
        for value, found in _arcs_from(losses, first, min(count, slots)):
            better = value < best * (1 - SAME_LOSS)
            if better or (value <= best * (1 + SAME_LOSS) and len(found) < len(cuts)):
                best, cuts = value, found
    if len(cuts) == 1:
        return np.zeros(slots, dtype=np.int64)
    # Before the first cut the last period of the evening before goes on.
    periods = np.searchsorted(np.sort(cuts), np.arange(slots), side="right") - 1
    return np.asarray(np.where(periods < 0, len(cuts) - 1, periods))


def _arcs_from(losses: np.ndarray, first: int, count: int) -> list[tuple[float, list[int]]]:
    """(loss, first slots of the arcs) of the best 1, ..., `count` arcs, one of which begins at
    `first`.
    """
    slots = losses.shape[0]
    best = np.full((count + 1, slots + 1), np.inf)
    origin = np.zeros((count + 1, slots + 1), dtype=np.int64)
    best[0, 0] = 0.0
    for i in range(slots):
        arcs = best[:-1, i, None] + losses[(first + i) % slots, 1 : slots - i + 1]
        better = arcs < best[1:, i + 1 :]
        best[1:, i + 1 :][better] = arcs[better]
        origin[1:, i + 1 :][better] = i
    found = []
    for k in range(1, count + 1):
        cuts, end = [], slots
        for part in range(k, 0, -1):
            end = int(origin[part, end])
            cuts.append((first + end) % slots)
        found.append((float(best[k, slots]), cuts))
    return found
