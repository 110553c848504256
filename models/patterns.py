"""Capacity rows from patterns: the strongest weights by which a demand for shards exceeds a pool.

A pattern is a multiset of shards that fits one GPU (shares and memory). Weights u >= 0 of the kinds
of shards are valid when every pattern weighs at most 1; then sum_o u_o tp_o n_o <= GPUs used. For a
demand d the best weights are the dual of fractional bin packing (Gilmore and Gomory, Operations
Research 9, 1961):

    max  sum_k u_k d_k    s.t.  sum_k a_k u_k <= 1 for every pattern a

solved by adding patterns one by one; the heaviest pattern under u comes from dynamic programming
over free share and free memory. Sizes are rounded down there, so that more patterns seem to fit
than do: the weights stay valid. Kinds without demand get the weight of the heaviest kind that they
are at least as large as. MIG instances have patterns of their own, all known
(`models.packing.mig_slots`), since no GPU holds these and shares.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from models.capacity import CapacityRow, capacity_sizes
from models.instance import Instance
from models.packing.mig_slots import Shape, covers_mig_shape, largest_mig_configurations

STEPS = 1000
"""Steps of a GPU's memory in the dynamic program."""

PATTERNS = 60
"""Most patterns that are generated for one row."""

VIOLATED = 1e-4
"""A row counts when the demand exceeds the GPUs by this share."""


def pattern_row(
    instance: Instance, p: int, replicas: np.ndarray, gpus: float
) -> CapacityRow | None:
    """The row that a setup (replicas (O,), not necessarily whole) violates most on `gpus` GPUs of a
    pool; None when it violates none.
    """
    member = np.array(
        [o for o, option in enumerate(instance.options) if option.pool == p], dtype=int
    )
    if member.size == 0 or not replicas[member].any():
        return None
    share, memory = capacity_sizes(instance, p, member)
    shapes = sorted({_shape_of(instance, o) for o in member})
    divided = np.array([shapes.index(_shape_of(instance, o)) for o in member], dtype=float)
    kinds, kind = np.unique(
        np.round(np.stack([share, memory, divided], axis=1), 9), axis=0, return_inverse=True
    )
    kind = kind.ravel()
    demand = np.bincount(
        kind, weights=replicas[member] * instance.shards[member], minlength=len(kinds)
    )
    patterns = _Patterns(*_pattern_units(kinds), [shapes[int(k)] for k in kinds[:, 2]])
    # Weights are sought for the kinds in demand alone: the others only slow the pricing down.
    wanted = np.flatnonzero(demand > 1e-9)
    if wanted.size == 0:
        return None
    weight = np.zeros(len(kinds))
    weight[wanted] = _heaviest_pattern_weights(demand[wanted], patterns.of(wanted))
    weight = np.where(patterns.at_least(kinds), weight[None, :], 0.0).max(axis=1)
    total, _ = patterns.heaviest(weight)
    # Column generation stops early or within 1e-6: scaled down, the weights are valid in any case.
    if total > 1.0:
        weight /= total
    if float(weight @ demand) <= gpus * (1 + VIOLATED):
        return None
    row = np.zeros(len(instance.options))
    row[member] = weight[kind] * instance.shards[member]
    return CapacityRow(p, row)


def _shape_of(instance: Instance, option: int) -> Shape:
    mig = instance.options[option].mig
    return () if mig is None else mig.masks


def _pattern_units(kinds: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """Whole sizes (K, 2), rounded down, and what a GPU has.

    kinds: (K, 3) share and memory in 0..1, and what else tells kinds apart.
    """
    percent = kinds[:, 0] * 100
    whole = np.round(percent).astype(int)
    unit = (
        int(np.gcd.reduce(np.append(whole, 100))) if np.all(np.abs(percent - whole) < 1e-6) else 1
    )
    need = np.stack(
        [np.floor(percent / unit + 1e-6), np.floor(kinds[:, 1] * STEPS + 1e-6)], axis=1
    ).astype(int)
    return need, (100 // unit, STEPS)


class _Patterns:
    """What fits one GPU of K kinds of shards.

    need: (K, 2) whole sizes; grid: those of a GPU; shapes: of each kind, () where it has a share.
    """

    def __init__(self, need: np.ndarray, grid: tuple[int, int], shapes: Sequence[Shape]) -> None:
        self.need, self.grid, self.shapes = need, grid, list(shapes)
        self.shared = np.array([not shape for shape in shapes], dtype=bool)
        self.divided = tuple(sorted({shape for shape in shapes if shape}))

    def of(self, kinds: np.ndarray) -> "_Patterns":
        """Patterns of some kinds alone."""
        return _Patterns(self.need[kinds], self.grid, [self.shapes[k] for k in kinds])

    def at_least(self, kinds: np.ndarray) -> np.ndarray:
        """(K, K) whether whatever fits next to the first fits next to the second too: the first may
        weigh as much (lifting).
        """
        larger = np.all(kinds[:, None, :2] >= kinds[None, :, :2] - 1e-9, axis=2)
        larger &= self.shared[:, None] & self.shared[None, :]
        for k, large in enumerate(self.shapes):
            for j, small in enumerate(self.shapes):
                if large and small:
                    larger[k, j] = covers_mig_shape(large, small)
        return larger

    def heaviest(self, weight: np.ndarray) -> tuple[float, np.ndarray]:
        """The largest weight of a pattern, and how many of each kind (K,) it holds."""
        pattern = np.zeros(weight.size)
        total, pattern[self.shared] = _heaviest_pattern(
            weight[self.shared], self.need[self.shared], self.grid
        )
        if not self.divided:
            return total, pattern
        own = [[k for k, one in enumerate(self.shapes) if one == shape] for shape in self.divided]
        first = [max(kinds, key=lambda k: weight[k]) for kinds in own]
        held = np.array(largest_mig_configurations(self.divided), dtype=float)
        weights = held @ weight[first]
        best = int(weights.argmax())
        if weights[best] > total:
            pattern[:], total = 0.0, float(weights[best])
            pattern[first] = held[best]
        return total, pattern


def _heaviest_pattern_weights(demand: np.ndarray, patterns: _Patterns) -> np.ndarray:
    """Weights (K,) that maximise weight . demand over all patterns: those that weigh more than 1
    are added one by one (column generation).
    """
    rows = [np.eye(1, demand.size, k).ravel() for k in range(demand.size)]
    weight = np.ones(demand.size)
    for _ in range(PATTERNS):
        answer = linprog(
            -demand, A_ub=np.array(rows), b_ub=np.ones(len(rows)), bounds=(0, 1), method="highs"
        )
        if answer.status != 0:
            break
        weight = answer.x
        total, pattern = patterns.heaviest(weight)
        if total <= 1 + 1e-6:
            break
        rows.append(pattern)
    return weight


def _heaviest_pattern(
    weight: np.ndarray, need: np.ndarray, grid: tuple[int, int]
) -> tuple[float, np.ndarray]:
    """The largest weight of a pattern, and how many of each kind (K,) it holds."""
    useful = [k for k in np.argsort(-weight) if weight[k] > 1e-9]
    best = np.zeros((grid[0] + 1, grid[1] + 1))
    while True:
        before = best.copy()
        for k in useful:
            s, m = need[k]
            if s == 0 and m == 0:
                return np.inf, np.zeros(weight.size)
            np.maximum(
                best[s:, m:],
                weight[k] + before[: grid[0] + 1 - s, : grid[1] + 1 - m],
                out=best[s:, m:],
            )
        if np.array_equal(before, best):
            break
    pattern = np.zeros(weight.size)
    free = list(grid)
    while True:
        here = best[free[0], free[1]]
        for k in useful:
            s, m = need[k]
            if (
                s <= free[0]
                and m <= free[1]
                and abs(weight[k] + best[free[0] - s, free[1] - m] - here) < 1e-9
            ):
                pattern[k] += 1
                free = [free[0] - s, free[1] - m]
                break
        else:
            return float(best[-1, -1]), pattern
