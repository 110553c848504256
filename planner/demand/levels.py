"""Levels: bins of similar rates put together, so that a day has few cases.

A level k of bins plans every class for an upper quantile q of its rates there, the order statistic
of rank ceil(q n):

    L_ck = quantile_q {l_cb : b in k}

and the bins are divided so that least is planned in vain. What is above a level counts as the
quantile makes it count, since L_ck is just where this sum is smallest:

    minimise  sum_k sum_{b in k} sum_c  (L_ck - l_cb)+  +  q / (1 - q) (l_cb - L_ck)+

With q = 1 nothing is above, and the sum is what is planned but not offered.

One class: some best division consists of intervals of the sorted rates (between two levels L < L'
a rate goes to the lower one up to a threshold), and dynamic programming over their ends is exact.
Several classes: the problem is hard; a descent from several starts, each exact along one line (the
sum of all classes, every class alone, and every class against the others), then moves of single
bins. It is deterministic.
"""

import numpy as np

__all__ = ["cluster_rate_levels", "level_loss", "level_quantiles"]

MOST_STEPS = 200
"""Steps of the descent; every one lowers the loss, and a dozen are usual."""
MOST_LINES = 5
MOST_VALUES = 1_000
"""Classes, and values of a line, from which descents begin."""
MOST_SWEEPS = 10
MOST_MOVES = 800
"""Bins times levels; more would take seconds, and single bins matter less."""


def cluster_rate_levels(rates: np.ndarray, count: int, quantile: float) -> list[np.ndarray]:
    """For 1, 2, ..., `count` levels the (B,) level of each bin, 0 the one of the lowest total; the
    list ends where fewer bins differ.

    rates: (C, B) req/s; count >= 1; quantile in (0, 1].
    """
    if rates.shape[0] == 1:
        return [
            _ordered_levels(rates, levels, quantile)
            for levels in _split_line(rates[0], count, quantile)
        ]
    total = rates.sum(axis=0)
    # Descents begin near enough without the small classes, and without every single value.
    large = rates[np.argsort(-rates.sum(axis=1), kind="stable")[:MOST_LINES]]
    lines = [total, *large, *(total - 2.0 * large)]
    starts = [_split_line(_thinned(line), count, quantile) for line in lines]
    found = []
    for k in range(max(map(len, starts))):
        descents = [_descend(rates, start[k], quantile) for start in starts if len(start) > k]
        # The first of equals: the same levels come out on every machine.
        best = min(descents, key=lambda levels: round(level_loss(rates, levels, quantile), 9))
        if rates.shape[1] * (best.max() + 1) <= MOST_MOVES:
            best = _move_bins(rates, best, quantile)
        found.append(_ordered_levels(rates, best, quantile))
    return found


def _thinned(line: np.ndarray) -> np.ndarray:
    """The line with at most `MOST_VALUES` distinct values: neighbours take the highest of them."""
    values, codes = np.unique(line, return_inverse=True)
    step = -(-values.size // MOST_VALUES)
    tops = np.minimum((codes.reshape(-1) // step + 1) * step - 1, values.size - 1)
    return np.asarray(values[tops])


def level_quantiles(rates: np.ndarray, levels: np.ndarray, quantile: float) -> np.ndarray:
    """(C, K) the rates that levels plan for. levels: (B,) 0 to K - 1, none without a bin."""
    columns = [
        np.quantile(rates[:, levels == k], quantile, axis=1, method="inverted_cdf")
        for k in range(int(levels.max()) + 1)
    ]
    return np.stack(columns, axis=1)


def level_loss(rates: np.ndarray, levels: np.ndarray, quantile: float) -> float:
    """The sum that a division makes small, req/s over bins."""
    planned = level_quantiles(rates, levels, quantile)
    return float(_loss(rates, planned, quantile)[levels, np.arange(levels.size)].sum())


def _loss(rates: np.ndarray, planned: np.ndarray, quantile: float) -> np.ndarray:
    """(K, B) loss of every bin at every level; infinite above a level that is the highest rate."""
    above = rates[:, None, :] - planned[:, :, None]
    excess = np.maximum(-above, 0.0).sum(axis=0)
    short = np.maximum(above, 0.0).sum(axis=0)
    if quantile >= 1.0:
        return np.where(short > 0, np.inf, excess)
    return np.asarray(excess + quantile / (1.0 - quantile) * short)


def _descend(rates: np.ndarray, levels: np.ndarray, quantile: float) -> np.ndarray:
    """In turn every bin goes to the level where its loss is least, and levels to their quantiles:
    neither step raises the sum. A level that loses all its bins is gone.
    """
    value = level_loss(rates, levels, quantile)
    for _ in range(MOST_STEPS):
        planned = level_quantiles(rates, levels, quantile)
        _, moved = np.unique(_loss(rates, planned, quantile).argmin(axis=0), return_inverse=True)
        lower = level_loss(rates, moved, quantile)
        if lower >= value:
            break
        levels, value = moved, lower
    return levels


def _move_bins(rates: np.ndarray, levels: np.ndarray, quantile: float) -> np.ndarray:
    """Single bins go to another level where that lowers the sum: the descent cannot take the
    highest bin out of a level, which makes the level lower for all others.
    """
    levels = levels.copy()
    part = [_loss_alone(rates[:, levels == k], quantile) for k in range(int(levels.max()) + 1)]
    for _ in range(MOST_SWEEPS):
        moved = False
        for b in range(levels.size):
            source = int(levels[b])
            rest = levels == source
            rest[b] = False
            if not rest.any():
                continue
            without = _loss_alone(rates[:, rest], quantile)
            gains = []
            for k in range(len(part)):
                joined = levels == k
                joined[b] = True
                gains.append(
                    part[source] + part[k] - without - _loss_alone(rates[:, joined], quantile)
                )
            gains[source] = 0.0
            target = int(np.argmax(gains))
            if gains[target] > 1e-9 * sum(part):
                levels[b], moved = target, True
                part[source] = without
                part[target] = _loss_alone(rates[:, levels == target], quantile)
        if not moved:
            break
    return levels


def _loss_alone(rates: np.ndarray, quantile: float) -> float:
    """The sum of one level of these bins. rates: (C, n)."""
    planned = np.quantile(rates, quantile, axis=1, method="inverted_cdf")
    return float(_loss(rates, planned[:, None], quantile).sum())


def _ordered_levels(rates: np.ndarray, levels: np.ndarray, quantile: float) -> np.ndarray:
    """Levels renamed in the order of what they plan for in all."""
    total = level_quantiles(rates, levels, quantile).sum(axis=0)
    rank = np.empty(total.size, dtype=np.int64)
    rank[np.argsort(total, kind="stable")] = np.arange(total.size)
    return np.asarray(rank[levels])


def _split_line(line: np.ndarray, count: int, quantile: float) -> list[np.ndarray]:
    """For 1, 2, ... levels the (B,) levels of numbers on a line: the best division into so many
    intervals. The list ends at `count`, or at as many as there are distinct values.

    Forward dynamic programming over the V distinct values: best[k, j] is the least loss of the
    first j values in k intervals. Row i of the loop needs best[., i], which only smaller rows
    change. O(K V^2) time, O(K V) memory.
    """
    values, codes, sizes = np.unique(line, return_inverse=True, return_counts=True)
    count = min(count, values.size)
    best = np.full((count + 1, values.size + 1), np.inf)
    origin = np.zeros((count + 1, values.size + 1), dtype=np.int64)
    best[0, 0] = 0.0
    until = np.concatenate([[0], np.cumsum(sizes)])
    sums = np.concatenate([[0.0], np.cumsum(sizes * values)])
    for i in range(values.size):
        losses = best[:-1, i, None] + _interval_losses(values, until, sums, i, quantile)
        better = losses < best[1:, i + 1 :]
        best[1:, i + 1 :][better] = losses[better]
        origin[1:, i + 1 :][better] = i
    return [_levels_of_ends(origin, most)[codes.reshape(-1)] for most in range(1, count + 1)]


def _levels_of_ends(origin: np.ndarray, count: int) -> np.ndarray:
    """(V,) level of each value in `count` intervals. origin: [k, j] where the last of k intervals
    of j values begins.
    """
    end = origin.shape[1] - 1
    levels = np.zeros(end, dtype=np.int64)
    for k in range(count, 0, -1):
        begin = int(origin[k, end])
        levels[begin:end] = k - 1
        end = begin
    return levels


def _interval_losses(
    values: np.ndarray, until: np.ndarray, sums: np.ndarray, i: int, quantile: float
) -> np.ndarray:
    """(V - i,) loss of the intervals of values i to j - 1, for j = i + 1 to V.

    values: (V,) distinct, ascending; until, sums: (V + 1,) how many numbers there are before a
    value, and their sum.
    """
    ends = np.arange(i + 1, values.size + 1)
    # The value of rank ceil(q n); a hair less than q n, since 0.95 * 20 is 19.000000000000004.
    rank = np.maximum(np.ceil(quantile * (until[ends] - until[i]) - 1e-9), 1)
    top = np.searchsorted(until, until[i] + rank, side="left") - 1
    below = values[top] * (until[top + 1] - until[i]) - (sums[top + 1] - sums[i])
    if quantile >= 1.0:
        return np.asarray(below)
    above = (sums[ends] - sums[top + 1]) - values[top] * (until[ends] - until[top + 1])
    return np.asarray(below + quantile / (1.0 - quantile) * above)
