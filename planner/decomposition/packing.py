"""Placement in the decomposition: first-fit decreasing as published, and an exhaustive search.
numpy only.

Replicas go by share, then memory, largest first; each on the first node with tp GPUs that have
room, on the first of those (RouterWise). `decide_packing` searches exhaustively where that fails;
`decide_packing_on_fewest` finds the fewest GPUs. `first_fit_decreasing_packing` places many setups
at once.

A MIG instance goes into memory slices of a GPU without shares, from one of its starts on: first fit
takes the first that is free, the search tries each. A GPU with slices taken has no share left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np

from models.instance import Instance, Option
from profiles.records import MigProfile

__all__ = [
    "PlacementResult",
    "PlacementVerdict",
    "Seat",
    "decide_packing",
    "decide_packing_on_fewest",
    "fewest_gpus_by_packing",
    "first_fit_decreasing_packing",
]

UNITS = 10**6
"""MPS shares are counted in millionths of a GPU."""
ROOM_NOISE = 1e-9
"""Relative float noise forgiven on compute and on memory."""
BLOCK = 40_000
"""Setups placed at once."""
MOST_STATES = 100_000
"""States that one exhaustive packing may visit before it is given up undecided."""

FreeGpu = tuple[int, float, int]
"""Of one GPU: compute and memory that are free, and the memory slices of MIG instances as bits."""

Seat = tuple[int, int, int, tuple[int, ...]]
"""(option, replica, node, GPUs of its shards)."""


def _packing_order(instance: Instance, pool: int) -> list[int]:
    """Options of a pool by share, then memory, largest first."""
    options = [o for o, option in enumerate(instance.options) if option.pool == pool]
    return sorted(
        options, key=lambda o: (-instance.options[o].mps_share, -instance.options[o].memory, o)
    )


def first_fit_decreasing_packing(instance: Instance, counts: np.ndarray) -> np.ndarray:
    """(R,) whether first-fit decreasing places all of the replicas (R, O) of every option."""
    placed = np.ones(len(counts), dtype=bool)
    for first in range(0, len(counts), BLOCK):
        rows = slice(first, first + BLOCK)
        for p in range(len(instance.pools)):
            placed[rows] &= _pack_pool_first_fit(instance, p, counts[rows])
    return placed


def _pack_pool_first_fit(instance: Instance, p: int, counts: np.ndarray) -> np.ndarray:
    """(R,) whether the replicas (R, O) of a pool's options are placed, all rows at once."""
    pool, room = instance.pools[p], instance.room(p) * (1 + ROOM_NOISE)
    share = np.full((len(counts), pool.nodes, pool.gpus_per_node), UNITS, dtype=np.int32)
    memory = np.full(share.shape, room)
    taken = np.zeros(share.shape, dtype=np.int32)
    placed = np.ones(len(counts), dtype=bool)
    for o in _packing_order(instance, p):
        option, slot = instance.options[o], 0
        while True:
            rows = np.flatnonzero(placed & (counts[:, o] > slot))
            slot += 1
            if not rows.size:
                break
            if option.mig is not None:
                placed[rows] = _pack_slots_first_fit(option.mig, rows, share, taken)
                continue
            units = round(option.mps_share * UNITS)
            fits = (share[rows] >= units) & (memory[rows] >= option.memory) & (taken[rows] == 0)
            enough = fits.sum(axis=2) >= option.tp_degree
            node = enough.argmax(axis=1)
            placed[rows] = enough.any(axis=1)
            here = fits[np.arange(rows.size), node]
            held = here & (here.cumsum(axis=1) <= option.tp_degree)
            share[rows, node] -= (held * units).astype(np.int32)
            memory[rows, node] -= held * option.memory
    return placed


def _pack_slots_first_fit(
    mig: MigProfile, rows: np.ndarray, share: np.ndarray, taken: np.ndarray
) -> np.ndarray:
    """(len(rows),) whether an instance is placed in each of some setups: on the first GPU, at the
    first start. share, taken: (R, nodes, GPUs) units left, and slices taken as bits, in place.
    """
    flat = taken.reshape(len(taken), -1)
    whole = (share == UNITS).reshape(len(taken), -1)[rows]
    slots = np.array([_slices(mig, start) for start in mig.starts])
    # (rows, GPUs, starts) in the order in which they are tried.
    free = whole[:, :, None] & ((flat[rows][:, :, None] & slots) == 0)
    first = free.reshape(len(rows), -1)
    at, start = np.divmod(first.argmax(axis=1), slots.size)
    found = first.any(axis=1)
    flat[rows[found], at[found]] |= slots[start[found]].astype(np.int32)
    return np.asarray(found)


def _slices(mig: MigProfile, start: int) -> int:
    """The memory slices of an instance, as bits."""
    return sum(1 << piece for piece in range(start, start + mig.size))


class PlacementVerdict(StrEnum):
    """What is known about the placement of a setup."""

    PLACED = "placed"
    IMPOSSIBLE = "impossible"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class PlacementResult:
    """A setup's placement. Only where it is placed: seats of all replicas, and the GPUs (P,) of
    every pool that hold a shard.
    """

    verdict: PlacementVerdict
    seats: tuple[Seat, ...] = ()
    gpus: tuple[int, ...] = ()

    @property
    def placed(self) -> bool:
        """Whether every replica has its GPUs."""
        return self.verdict == PlacementVerdict.PLACED


def decide_packing(instance: Instance, deployed: Sequence[tuple[int, int]]) -> PlacementResult:
    """Place all replicas of a setup, (option, replicas) of what it deploys.

    Where one pool cannot hold its part the answer is IMPOSSIBLE, even if other pools are undecided.
    """
    pools = []
    for p in range(len(instance.pools)):
        items = _replicas_to_pack(instance, p, deployed)
        seats = _first_fit_packing(instance, p, items)
        pools.append(_Packing(instance, p, items).search() if seats is None else _placed(seats))
        if pools[-1].verdict == PlacementVerdict.IMPOSSIBLE:
            break
    return _packings_together(pools)


def decide_packing_on_fewest(
    instance: Instance, deployed: Sequence[tuple[int, int]]
) -> PlacementResult:
    """The same on the fewest GPUs of every pool: the first number of them, from a lower
    bound upwards, on which the exhaustive search places everything.
    """
    pools = []
    for p, pool in enumerate(instance.pools):
        items = _replicas_to_pack(instance, p, deployed)
        result = PlacementResult(PlacementVerdict.IMPOSSIBLE)
        for most_used in range(fewest_gpus_by_packing(instance, p, deployed), pool.gpus + 1):
            result = _Packing(instance, p, items, most_used).search()
            if result.verdict != PlacementVerdict.IMPOSSIBLE:
                break
        pools.append(result)
        if not result.placed:
            break
    return _packings_together(pools)


def _packings_together(pools: Sequence[PlacementResult]) -> PlacementResult:
    """The placement over all pools: impossible where one is, else undecided where one is."""
    verdicts = {pool.verdict for pool in pools}
    for worst in (PlacementVerdict.IMPOSSIBLE, PlacementVerdict.UNDECIDED):
        if worst in verdicts:
            return PlacementResult(worst)
    seats = tuple(seat for pool in pools for seat in pool.seats)
    return PlacementResult(
        PlacementVerdict.PLACED, seats, tuple(gpus for pool in pools for gpus in pool.gpus)
    )


def _placed(seats: Sequence[Seat]) -> PlacementResult:
    """The placement in one pool."""
    used = {(node, gpu) for _, _, node, gpus in seats for gpu in gpus}
    return PlacementResult(PlacementVerdict.PLACED, tuple(seats), (len(used),))


def _replicas_to_pack(
    instance: Instance, p: int, deployed: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """(option, replica) of a setup's replicas in a pool, in the order of first-fit decreasing."""
    order = {o: k for k, o in enumerate(_packing_order(instance, p))}
    own = sorted((part for part in deployed if part[0] in order), key=lambda part: order[part[0]])
    return [(option, replica) for option, replicas in own for replica in range(replicas)]


def _first_fit_packing(
    instance: Instance, p: int, items: list[tuple[int, int]]
) -> list[Seat] | None:
    """Seats by first fit in the order of the items; None when one is left over."""
    pool, room = instance.pools[p], instance.room(p) * (1 + ROOM_NOISE)
    share, memory = (
        np.full((1, pool.nodes, pool.gpus_per_node), UNITS),
        np.full((pool.nodes, pool.gpus_per_node), room),
    )
    taken, free = np.zeros(share.shape, dtype=np.int32), share[0]
    seats: list[Seat] = []
    for option, replica in items:
        one = instance.options[option]
        if one.mig is not None:
            before = taken.copy()
            if not _pack_slots_first_fit(one.mig, np.zeros(1, dtype=int), share, taken)[0]:
                return None
            node, gpu = map(int, np.argwhere(taken[0] != before[0])[0])
            seats.append((option, replica, node, (gpu,)))
            continue
        units = round(one.mps_share * UNITS)
        fits = (free >= units) & (memory >= one.memory) & (taken[0] == 0)
        nodes = np.flatnonzero(fits.sum(axis=1) >= one.tp_degree)
        if not nodes.size:
            return None
        node = int(nodes[0])
        gpus = np.flatnonzero(fits[node])[: one.tp_degree]
        free[node, gpus] -= units
        memory[node, gpus] -= one.memory
        seats.append((option, replica, node, tuple(map(int, gpus))))
    return seats


def fewest_gpus_by_packing(
    instance: Instance, pool: int, deployed: Sequence[tuple[int, int]]
) -> int:
    """A lower bound on the GPUs of a pool that hold these replicas: by compute, by memory, by the
    largest degree.
    """
    parts = [(instance.options[o], n) for o, n in deployed if instance.options[o].pool == pool]
    compute = sum(n * one.tp_degree * one.mps_share for one, n in parts)
    room = instance.room(pool)
    memory = sum(n * one.tp_degree * one.taken_memory(room) for one, n in parts) / room
    return max([0, *(one.tp_degree for one, _ in parts), int(np.ceil(max(compute, memory) - 1e-6))])


class _Packing:
    """Depth-first search over the placements of one pool's replicas on `most_used` GPUs; equal GPUs
    and equal nodes are tried once.
    """

    def __init__(
        self,
        instance: Instance,
        pool: int,
        items: list[tuple[int, int]],
        most_used: int | None = None,
    ) -> None:
        self.items, self.options = items, instance.options
        room = instance.room(pool) * (1 + ROOM_NOISE)
        self.empty, self.unused = (
            (UNITS, room, 0),
            (instance.pools[pool].gpus if most_used is None else most_used),
        )
        self.free = [
            [(UNITS, room, 0)] * instance.pools[pool].gpus_per_node
            for _ in range(instance.pools[pool].nodes)
        ]
        self.dead: set[tuple[object, ...]] = set()
        self.seats: list[Seat] = []

    def search(self) -> PlacementResult:
        """The placement in the pool; UNDECIDED when MOST_STATES were not enough."""
        try:
            placed = self._place(0)
        except (RecursionError, _TooManyStatesError):
            return PlacementResult(PlacementVerdict.UNDECIDED)
        return _placed(self.seats) if placed else PlacementResult(PlacementVerdict.IMPOSSIBLE)

    def _place(self, at: int) -> bool:
        """Whether replica `at` and all after it fit in what is free."""
        if at == len(self.items):
            return True
        # Equal GPUs and equal nodes are interchangeable: a state that failed once, in any order,
        # fails again.
        state = (at, *sorted(tuple(sorted(node)) for node in self.free))
        if state in self.dead:
            return False
        if len(self.dead) > MOST_STATES:
            raise _TooManyStatesError
        option, replica = self.items[at]
        one = self.options[option]
        tried = set()
        for node, gpus in enumerate(self.free):
            shape = tuple(sorted(gpus))
            if shape in tried:
                continue
            tried.add(shape)
            for chosen, after in _packing_steps(gpus, one):
                opened = sum(gpus[gpu] == self.empty for gpu in chosen)
                if opened > self.unused:
                    continue
                before = list(gpus)
                self.unused -= opened
                for gpu, left in zip(chosen, after, strict=True):
                    gpus[gpu] = left
                self.seats.append((option, replica, node, chosen))
                if self._place(at + 1):
                    return True
                self.seats.pop()
                self.unused += opened
                gpus[:] = before
        self.dead.add(state)
        return False


class _TooManyStatesError(Exception):
    """MOST_STATES were visited."""


def _packing_steps(
    gpus: list[FreeGpu], one: Option
) -> Iterator[tuple[tuple[int, ...], tuple[FreeGpu, ...]]]:
    """All ways to put a replica on a node: its GPUs, and what is then free on them."""
    if one.mig is None:
        units, memory = round(one.mps_share * UNITS), one.memory
        for chosen in _packing_choices(gpus, one.tp_degree, units, memory):
            yield chosen, tuple((gpus[g][0] - units, gpus[g][1] - memory, 0) for g in chosen)
        return
    for gpu, (share, memory, taken) in enumerate(gpus):
        if share == UNITS and gpus.index((share, memory, taken)) == gpu:
            for start in one.mig.starts:
                slices = _slices(one.mig, start)
                if not taken & slices:
                    yield (gpu,), ((share, memory, taken | slices),)


def _packing_choices(
    gpus: list[FreeGpu], degree: int, units: int, memory: float
) -> Iterator[tuple[int, ...]]:
    """All ways to choose `degree` GPUs of a node with room, one of each kind of equal choices, the
    first GPUs first.
    """
    groups_of: dict[tuple[int, float], list[int]] = {}
    for position, (share, free, taken) in enumerate(gpus):
        if share >= units and free >= memory and not taken:
            groups_of.setdefault((share, free), []).append(position)
    groups = list(groups_of.values())
    for counts in product(*(range(min(len(group), degree), -1, -1) for group in groups)):
        if sum(counts) == degree:
            yield tuple(
                sorted(
                    gpu
                    for group, count in zip(groups, counts, strict=True)
                    for gpu in group[:count]
                )
            )
