"""What a pool can hold, as linear rows over the replicas: necessary conditions that come close to
exact placement.

    sum_o weight_o n_o <= GPUs used (or nodes)

Every such row is implied by a placement, so a program with these rows still bounds the true
problem.

    share and memory         weight = tp * share, tp * memory / room, each lifted: a shard next to
                             which only little else fits also counts the space that no other shard
                             can use (80 % of the SMs and nearly all memory is a whole GPU)
    dual-feasible functions  weight = tp * u(lifted share), tp * u(lifted memory): u maps every set
                             of numbers that sums to <= 1 to such a set

                                 u_k(x) = x if (k+1) x is whole, else floor((k+1) x) / k
                                 U_e(x) = 1 if x > 1-e, x if e <= x <= 1-e, 0 if x < e

                             (Fekete and Schepers, Math. Program. 91, 2001)
    halves                   weight 1 for shards that leave no room for a shard of weight >= 1/2,
                             1/2 for those of which three never fit
    MIG instances            a GPU holds these or shards with shares, never both. So weights of the
                             ones and weights of the others, each valid by itself, are so together:
                             every row of shares is joined with every row of instances, by their
                             compute slices and their memory slices
    nodes                    for shards above half a GPU: u_k(tp / gpus_per_node) per node (4 of 6
                             GPUs: one replica per node)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from models.instance import Instance

TINY = 1e-9
"""Sizes and weights this close are equal."""

MEMORY_STEPS = 96
"""Steps of a GPU's memory in the dynamic program that lifts sizes."""


@dataclass(frozen=True)
class CapacityRow:
    """sum_o weight_o n_o <= GPUs used of the pool, or <= `nodes` where per_node. weight: (O,)."""

    pool: int
    weight: np.ndarray
    per_node: bool = False


def capacity_rows(instance: Instance) -> list[CapacityRow]:
    """All rows of all pools, none that another row of the same pool makes redundant."""
    rows: list[CapacityRow] = []
    for p, pool in enumerate(instance.pools):
        member = np.array([o.pool == p for o in instance.options], dtype=bool)
        if not member.any():
            continue
        share, memory = capacity_sizes(instance, p, member)
        shards = instance.shards[member]
        divided = np.array([o.mig is not None for o in instance.options])[member]
        for unit in _joined_capacity_rows(share, memory, divided):
            rows.append(CapacityRow(p, _spread(shards * unit, member)))
        big = share > 0.5 + TINY
        degree = np.where(big, shards / pool.gpus_per_node, 0.0)
        for unit in _undominated_capacity_rows(
            [u for u in _capacity_ladder(degree) if np.any(u > degree + TINY)]
        ):
            rows.append(CapacityRow(p, _spread(np.where(big, unit, 0.0), member), per_node=True))
    return rows


def capacity_sizes(
    instance: Instance, pool: int, member: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What a shard of each option of a pool takes of a GPU, 0..1: its share of the compute, and of
    the memory that may be filled; of a MIG instance its parts of the compute and memory slices.

    member: (O,) the options, or their positions.
    """
    room = instance.room(pool)
    share = np.array([o.mps_share for o in instance.options])
    memory = np.array([o.taken_memory(room) for o in instance.options]) / room
    return share[member], memory[member]


def _joined_capacity_rows(
    share: np.ndarray, memory: np.ndarray, divided: np.ndarray
) -> list[np.ndarray]:
    """Weights (K,) of one shard; divided: (K,) whether it is a MIG instance."""
    parts = []
    for kind in (~divided, divided):
        if kind.any():
            units = list(_capacity_per_gpu(share[kind], memory[kind]))
            parts.append([_spread(unit, kind) for unit in _undominated_capacity_rows(units)])
    return [np.sum(units, axis=0) for units in product(*parts)]


def most_replicas_by_capacity(instance: Instance, rows: Sequence[CapacityRow]) -> np.ndarray:
    """(O,) the most replicas of each option that capacity, the LLM's limit, the quotas and a limit
    of changes could allow.
    """
    most = np.full(len(instance.options), np.inf)
    for row in rows:
        pool = instance.pools[row.pool]
        limit = pool.nodes if row.per_node else pool.gpus
        with np.errstate(divide="ignore", invalid="ignore"):
            most = np.minimum(
                most, np.where(row.weight > 0, np.floor(limit / row.weight + TINY), np.inf)
            )
    for o, option in enumerate(instance.options):
        allowed = instance.llms[option.llm].max_replicas
        if allowed is not None:
            most[o] = min(most[o], allowed)
    for quota in instance.quotas:
        weight = np.array(quota.weight)
        allowed_here = np.divide(
            quota.most, weight, out=np.full(weight.size, np.inf), where=weight > 0
        )
        most = np.minimum(most, np.floor(allowed_here + TINY))
    running = instance.running
    if running is not None and running.most is not None:
        more = max(running.most - running.gone, 0)
        most = np.minimum(most, np.array(running.replicas, dtype=float) + more)
    return most


def _spread(part: np.ndarray, member: np.ndarray) -> np.ndarray:
    whole = np.zeros(member.size)
    whole[member] = part
    return whole


def _capacity_per_gpu(share: np.ndarray, memory: np.ndarray) -> Iterator[np.ndarray]:
    """Weights of one shard: first the plain ones."""
    for size in (share, memory):
        lifted = lift_capacity_sizes(size, share, memory)
        yield lifted
        yield from _capacity_ladder(lifted)
    yield from _capacity_halves(share, memory)


def lift_capacity_sizes(size: np.ndarray, share: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """Sizes (K,) raised as far as every set of shards that fits one GPU still sums to at most 1.

    size, share, memory: (K,) of one shard of each kind, 0..1 of a GPU.

    A shard of which two never fit may grow to 1 - (the most that others can add in the space next
    to it); one after the other, each with the sizes raised before it (sequence-dependent lifting,
    as of cover inequalities). What fits next to a shard comes from dynamic programming over the
    free share and the free memory, rounded so that more seems to fit than does: the sizes stay
    valid.
    """
    kinds, kind = np.unique(
        np.round(np.stack([share, memory, size], axis=1), 12), axis=0, return_inverse=True
    )
    percent = kinds[:, 0] * 100
    unit = (
        float(np.gcd.reduce(np.floor(percent + 1e-6).astype(int)))
        if np.all(np.abs(percent - np.round(percent)) < 1e-6)
        else 1.0
    )
    grid = int(np.floor(100 / unit + 1e-9)), MEMORY_STEPS
    need = np.stack(
        [np.floor(percent / unit + 1e-6), np.floor(kinds[:, 1] * MEMORY_STEPS + 1e-9)], axis=1
    ).astype(int)
    raised = kinds[:, 2].copy()
    others = _capacity_next_to(raised, need, grid)
    news: list[int] = []
    # Largest first: they leave the least space and gain most.
    for k in np.lexsort((-kinds[:, 1], -kinds[:, 0])):
        free = np.array(grid) - need[k]
        if np.all(need[k] <= free) or 1.0 - others[tuple(free)] <= raised[k] + 1e-6:
            continue
        if news and np.any(np.all(need[news] <= free, axis=1)):
            others, news = _capacity_next_to(raised, need, grid), []
        room = 1.0 - others[tuple(free)]
        if room > raised[k] + 1e-6:
            raised[k] = room
            news.append(int(k))
    return raised[kind.ravel()]


def _capacity_next_to(size: np.ndarray, need: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """(free share + 1, free memory + 1): the largest total size of shards that fit into what is
    free.
    """
    best = np.zeros((grid[0] + 1, grid[1] + 1))
    useful = [k for k in range(size.size) if not np.any(_dominates_capacity_weights(size, need, k))]
    while True:
        before = best.copy()
        for k in useful:
            s, m = need[k]
            if s == 0 and m == 0:
                return np.ones_like(best)
            part = best[s:, m:]
            np.maximum(part, size[k] + before[: grid[0] + 1 - s, : grid[1] + 1 - m], out=part)
        if np.array_equal(before, best):
            return np.minimum(best, 1.0)


def _dominates_capacity_weights(size: np.ndarray, need: np.ndarray, k: int) -> np.ndarray:
    """Which kinds are at least as large as k and need no more (of equal ones the first)."""
    same = (size == size[k]) & np.all(need == need[k], axis=1)
    better = (size >= size[k]) & np.all(need <= need[k], axis=1) & ~same
    better[:k] |= same[:k]
    return better


def _capacity_ladder(size: np.ndarray) -> Iterator[np.ndarray]:
    """Dual-feasible functions of sizes in 0..1."""
    # u_k up to k = 10: on the 10 % grid of shares these are all the extreme ones.
    for k in range(1, 11):
        steps = (k + 1) * size
        whole = np.abs(steps - np.round(steps)) < 1e-9
        yield np.where(whole, size, np.floor(steps + 1e-12) / k)
    for e in np.unique(size[(size > TINY) & (size <= 0.5 + TINY)]):
        yield np.where(size > 1 - e + TINY, 1.0, np.where(size < e - TINY, 0.0, size))


def _capacity_halves(share: np.ndarray, memory: np.ndarray) -> Iterator[np.ndarray]:
    """Weights 0, 1/2, 1 over both dimensions at once; a candidate counts only if every pattern of
    shards obeys it.
    """
    # The pair-threshold rows: after them first-fit decreasing placed all of 21 in 24 fleets.
    kinds, kind = np.unique(
        np.round(np.stack([share, memory], axis=1), 12), axis=0, return_inverse=True
    )
    s, m = kinds.T
    pair = (s[:, None] + s <= 1 + TINY) & (m[:, None] + m <= 1 + TINY)
    for e in np.unique(m[(m > 1 / 3) & (m <= 0.5 + TINY)]):
        one = (s > 1 - s.min() + TINY) | (m > 1 - e + TINY)
        half = ~one & (m >= e - TINY)
        if one.any() and half.any() and not pair[np.ix_(one | half, one)].any():
            yield np.where(one, 1.0, np.where(half, 0.5, 0.0))[kind.ravel()]


def _undominated_capacity_rows(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Leave out weights that lie everywhere at or below another one's."""
    kept: list[np.ndarray] = []
    for w in weights:
        if not np.any(w > TINY) or any(np.all(w <= other + TINY) for other in kept):
            continue
        kept = [other for other in kept if not np.all(other <= w + TINY)] + [w]
    return kept
