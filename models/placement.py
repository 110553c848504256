"""Placement: which shard sits on which GPU, exactly; and what a setup that cannot be placed
teaches.

The GPUs of a node are alike and so are the nodes of a pool. A replica puts one shard on each of
tp_degree different GPUs of one node; per GPU the MPS shares sum to at most 1 and the memory to at
most the room. `pack` first tries first-fit decreasing in three orders, then searches exactly over
sorted states of what is left (equal states are visited once). Its answer is a placement, a proof
that there is none, or "unknown" when the search grew past its limit.

Units: shares 0..1, memory GiB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

FIT = 1e-9
"""Shares and (relative to the room) memory may exceed by this much: floating point, no capacity."""

SEARCH_LIMIT = 2_000_000
"""The exact search may visit this many states, divided by the square of the pool's GPUs, before it
answers "unknown".
"""


class Verdict(StrEnum):
    """What is known about a packing."""

    PACKED = "packed"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Item:
    """All replicas of one option. key: the option's position; share and memory of one shard."""

    key: int
    shards: int
    share: float
    memory: float
    count: int


@dataclass(frozen=True)
class Packing:
    """verdict; seats: per placed replica (key, replica, node, GPUs of its shards); gpus: GPUs that
    hold a shard.
    """

    verdict: Verdict
    seats: tuple[tuple[int, int, int, tuple[int, ...]], ...] = ()
    gpus: int = 0


def pack(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, max_gpus: int | None = None
) -> Packing:
    """Place all replicas on `nodes` nodes, on at most max_gpus GPUs in all."""
    limit = nodes * gpus_per_node if max_gpus is None else min(max_gpus, nodes * gpus_per_node)
    items = [item for item in items if item.count > 0]
    need = (
        sum(i.count * i.shards * i.share for i in items),
        sum(i.count * i.shards * i.memory for i in items),
    )
    if need[0] > limit * (1 + FIT) or need[1] > limit * room * (1 + FIT):
        return Packing(Verdict.IMPOSSIBLE)
    if any(
        i.shards > gpus_per_node or i.memory > room * (1 + FIT) or i.share > 1 + FIT for i in items
    ):
        return Packing(Verdict.IMPOSSIBLE)
    best: Packing | None = None
    for order in _ORDERS:
        seats = _first_fit(sorted(items, key=order), nodes, gpus_per_node, room)
        if seats is not None:
            packing = Packing(Verdict.PACKED, tuple(seats), _gpus(seats))
            if packing.gpus <= limit and (best is None or packing.gpus < best.gpus):
                best = packing
    return best or _search(sorted(items, key=_ORDERS[0]), nodes, gpus_per_node, room, limit)


def pack_most(items: Sequence[Item], nodes: int, gpus_per_node: int, room: float) -> Packing:
    """A packing of as many replicas (weighted by the GPU share they take) as first-fit finds room
    for; the others are left out.
    """
    best = Packing(Verdict.PACKED)
    size = {item.key: item.shards * item.share for item in items}
    for order in _ORDERS:
        seats = (
            _first_fit(sorted(items, key=order), nodes, gpus_per_node, room, leave_out=True) or []
        )
        if sum(size[seat[0]] for seat in seats) > sum(size[seat[0]] for seat in best.seats):
            best = Packing(Verdict.PACKED, tuple(seats), _gpus(seats))
    return best


def pack_on_fewest(items: Sequence[Item], nodes: int, gpus_per_node: int, room: float) -> Packing:
    """The packing on fewest GPUs that could be found; first whatever fits, then fewer while it can
    be done.
    """
    best = pack(items, nodes, gpus_per_node, room)
    while best.verdict is Verdict.PACKED and best.gpus > 0:
        fewer = pack(items, nodes, gpus_per_node, room, best.gpus - 1)
        if fewer.verdict is not Verdict.PACKED:
            break
        best = fewer
    return best


def smallest_conflict(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, max_gpus: int | None = None
) -> list[Item]:
    """A minimal multiset of replicas that provably cannot be placed, out of one that cannot."""
    counts = {item.key: item.count for item in items}
    by_key = {item.key: item for item in items}

    def impossible(trial: dict[int, int]) -> bool:
        chosen = [
            Item(k, by_key[k].shards, by_key[k].share, by_key[k].memory, c)
            for k, c in trial.items()
            if c
        ]
        return pack(chosen, nodes, gpus_per_node, room, max_gpus).verdict is Verdict.IMPOSSIBLE

    for key in sorted(counts, key=lambda k: by_key[k].shards * by_key[k].share):
        step = counts[key]
        while step and counts[key]:
            trial = counts | {key: counts[key] - min(step, counts[key])}
            if impossible(trial):
                counts = trial
            else:
                step //= 2
    return [
        Item(k, by_key[k].shards, by_key[k].share, by_key[k].memory, c)
        for k, c in counts.items()
        if c
    ]


_ORDERS = (
    lambda i: (-i.shards, -i.share, -i.memory, i.key),
    lambda i: (-i.share, -i.memory, -i.shards, i.key),
    lambda i: (-i.memory, -i.share, -i.shards, i.key),
)


def _gpus(seats: Sequence[tuple[int, int, int, tuple[int, ...]]]) -> int:
    return len({(node, gpu) for _, _, node, gpus in seats for gpu in gpus})


def _first_fit(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, *, leave_out: bool = False
) -> list[tuple[int, int, int, tuple[int, ...]]] | None:
    """Best-fit decreasing: the node that opens fewest new GPUs, then leaves least; on it the
    fullest GPUs that fit.

    A replica without room ends it (None), or is left out together with the rest of its option.
    """
    share = np.ones((nodes, gpus_per_node))
    memory = np.full((nodes, gpus_per_node), room)
    seats = []
    for item in items:
        for replica in range(item.count):
            fits = (share >= item.share - FIT) & (memory >= item.memory - FIT * room)
            enough = np.flatnonzero(fits.sum(axis=1) >= item.shards)
            if enough.size == 0:
                if leave_out:
                    break
                return None
            left = np.where(fits[enough], share[enough] + memory[enough] / room * 1e-3, np.inf)
            chosen = (
                np.argpartition(left, item.shards - 1, axis=1)[:, : item.shards]
                if item.shards < gpus_per_node
                else None
            )
            if chosen is None:
                chosen = np.broadcast_to(np.arange(gpus_per_node), (enough.size, gpus_per_node))
            cost = np.take_along_axis(left, chosen, axis=1)
            untouched = (cost >= 1.0 + 1e-3 - 1e-12).sum(axis=1)
            best = int(np.lexsort((left_sum(left), cost.sum(axis=1), untouched))[0])
            node, gpus = int(enough[best]), np.sort(chosen[best])
            share[node, gpus] -= item.share
            memory[node, gpus] -= item.memory
            seats.append((item.key, replica, node, tuple(gpus.tolist())))
    return seats


def left_sum(left: np.ndarray) -> np.ndarray:
    """What is left on the GPUs of each node that still fit."""
    return np.where(np.isfinite(left), left, 0.0).sum(axis=1)


Gpu = tuple[int, int]
"""Free share and free memory of a GPU, in whole units (see `_search`)."""


def _search(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, limit: int
) -> Packing:
    """Depth-first over replicas in the given order; states are sorted, so that alike GPUs and nodes
    are tried once.
    """
    full_share, full_memory = 10**9, 10**9
    replicas = [
        (
            i.key,
            r,
            i.shards,
            int(np.floor(i.share * full_share)),
            int(np.floor(i.memory / room * full_memory)),
        )
        for i in items
        for r in range(i.count)
    ]
    demand = np.array([[n * s, n * m] for _, _, n, s, m in replicas]).reshape(-1, 2)
    rest = np.concatenate([demand[::-1].cumsum(axis=0)[::-1], np.zeros((1, 2))])
    untouched = (full_share, full_memory)
    seen: set[tuple[int, tuple[tuple[Gpu, ...], ...]]] = set()
    trail: list[tuple[int, int, int, tuple[Gpu, ...], tuple[Gpu, ...]]] = []
    allowed = SEARCH_LIMIT / (nodes * gpus_per_node) ** 2
    slack = 8 * len(replicas) * gpus_per_node

    def descend(at: int, state: tuple[tuple[Gpu, ...], ...]) -> bool:
        if at == len(replicas):
            return True
        if (at, state) in seen:
            return False
        if len(seen) > allowed:
            raise TimeoutError
        seen.add((at, state))
        opened = sum(gpu != untouched for node in state for gpu in node)
        free_share = (
            sum(gpu[0] for node in state for gpu in node)
            - (nodes * gpus_per_node - limit) * full_share
        )
        free_memory = (
            sum(gpu[1] for node in state for gpu in node)
            - (nodes * gpus_per_node - limit) * full_memory
        )
        if rest[at, 0] > free_share + slack or rest[at, 1] > free_memory + slack:
            return False
        key, replica, shards, share, memory = replicas[at]
        for j, node in enumerate(state):
            if j and state[j - 1] == node:
                continue
            for chosen in _choices(node, shards, share, memory):
                if opened + sum(gpu == untouched for gpu in chosen) > limit:
                    continue
                after = _take(node, chosen, share, memory)
                trail.append((key, replica, at, node, chosen))
                if descend(at + 1, tuple(sorted((*state[:j], after, *state[j + 1 :])))):
                    return True
                trail.pop()
        return False

    start = tuple(tuple([untouched] * gpus_per_node) for _ in range(nodes))
    try:
        found = descend(0, start)
    except (TimeoutError, RecursionError):
        return Packing(Verdict.UNKNOWN)
    if not found:
        return Packing(Verdict.IMPOSSIBLE)
    seats = _name(trail, replicas, nodes, gpus_per_node, untouched)
    return Packing(Verdict.PACKED, tuple(seats), _gpus(seats))


def _choices(node: tuple[Gpu, ...], shards: int, share: int, memory: int) -> list[tuple[Gpu, ...]]:
    """Distinct ways to choose `shards` GPUs of a node that fit, fullest first."""
    kinds = sorted({gpu for gpu in node if gpu[0] >= share - 8 and gpu[1] >= memory - 8})
    counts = [node.count(kind) for kind in kinds]
    ways: list[tuple[Gpu, ...]] = []

    def extend(k: int, missing: int, chosen: tuple[Gpu, ...]) -> None:
        if missing == 0:
            ways.append(chosen)
            return
        if k == len(kinds) or sum(counts[k:]) < missing:
            return
        for take in range(min(counts[k], missing), -1, -1):
            extend(k + 1, missing - take, chosen + (kinds[k],) * take)

    extend(0, shards, ())
    return ways


def _take(
    node: tuple[Gpu, ...], chosen: tuple[Gpu, ...], share: int, memory: int
) -> tuple[Gpu, ...]:
    left = list(node)
    for gpu in chosen:
        left.remove(gpu)
    left += [(gpu[0] - share, gpu[1] - memory) for gpu in chosen]
    return tuple(sorted(left))


def _name(
    trail: list[tuple[int, int, int, tuple[Gpu, ...], tuple[Gpu, ...]]],
    replicas: list[tuple[int, int, int, int, int]],
    nodes: int,
    gpus_per_node: int,
    untouched: Gpu,
) -> list[tuple[int, int, int, tuple[int, ...]]]:
    """Replay the found path on named GPUs."""
    state = [[untouched] * gpus_per_node for _ in range(nodes)]
    seats = []
    for key, replica, at, node, chosen in trail:
        _, _, _, share, memory = replicas[at]
        named = next(j for j in range(nodes) if tuple(sorted(state[j])) == tuple(sorted(node)))
        gpus: list[int] = []
        for gpu in chosen:
            gpus.append(
                next(g for g in range(gpus_per_node) if g not in gpus and state[named][g] == gpu)
            )
        for g in gpus:
            state[named][g] = (state[named][g][0] - share, state[named][g][1] - memory)
        seats.append((key, replica, named, tuple(sorted(gpus))))
    return seats
