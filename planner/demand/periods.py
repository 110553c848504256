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
"""Relative: sums in another order differ by less."""


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


def cluster_rate_periods(losses: np.ndarray, count: int) -> list[np.ndarray]:
    """For 1, 2, ..., `count` periods the (S,) period of each slot, numbered from the first that
    begins in the day; the list ends where more are no better.

    losses: of `period_losses`.
    """
    slots = losses.shape[0]
    best = [(float(losses[0, slots]), [0])]
    for first in range(slots if count > 1 else 0):
        for k, (value, cuts) in enumerate(_arcs_from(losses, first, min(count, slots))):
            if k == len(best):
                best.append((value, cuts))
            elif k and value < best[k][0] * (1 - SAME_LOSS):
                best[k] = (value, cuts)
    better = [best[0]]
    for value, cuts in best[1:]:
        if value >= better[-1][0] * (1 - SAME_LOSS):
            break
        better.append((value, cuts))
    return [_periods_of_cuts(cuts, slots) for _, cuts in better]


def _periods_of_cuts(cuts: list[int], slots: int) -> np.ndarray:
    """(S,) period of each slot. Before the first cut the last period goes on."""
    if len(cuts) == 1:
        return np.zeros(slots, dtype=np.int64)
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
