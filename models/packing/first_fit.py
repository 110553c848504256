"""What is to be packed into a pool, the result, and first-fit decreasing, which packs nearly
everything that can be packed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from models.packing.mig_slots import Shape
from profiles.records import MigProfile

FIT = 1e-9
"""Shares and (relative to the room) memory may exceed by this much: floating point, no capacity."""

LONGEST_RUN = 64
"""Replicas of one option on one node at most in a run that is looked for: eight GPUs of eight
shards.
"""

Seat = tuple[int, int, int, tuple[int, ...]]
"""One placed replica: (item's key, replica, node, GPUs of its shards)."""


Place = tuple[int, tuple[int, ...]]
"""Where a replica goes: (kind of node, GPUs on it)."""


class PackingVerdict(StrEnum):
    """What is known about a packing."""

    PACKED = "packed"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


class PackedOption(Protocol):
    """What packing reads of an option."""

    @property
    def pool(self) -> int:
        """Position of its pool."""

    @property
    def tp_degree(self) -> int:
        """GPUs of one replica."""

    @property
    def mps_share(self) -> float:
        """0..1 of each GPU."""

    @property
    def memory(self) -> float:
        """GiB on each GPU."""

    @property
    def mig(self) -> MigProfile | None:
        """The kind of MIG instance that it runs on; None where it has a share of each GPU."""


@dataclass(frozen=True)
class Item:
    """All replicas of one option.

    key: the option's position. shards: GPUs of one replica. share (0..1) and memory (GiB): of one
    shard. count: replicas. mig: the memory slices that its MIG instance may cover, at each of its
    starts (`models.packing.mig_slots`); () where it has a share.
    """

    key: int
    shards: int
    share: float
    memory: float
    count: int
    mig: Shape = ()


def packed_item(key: int, option: PackedOption, count: int) -> Item:
    """All replicas of an option."""
    shape = () if option.mig is None else option.mig.masks
    return Item(key, option.tp_degree, option.mps_share, option.memory, count, shape)


def pool_items(options: Sequence[PackedOption], pool: int, replicas: Sequence[int]) -> list[Item]:
    """What a setup, whole replicas of each option, puts into a pool."""
    return [
        packed_item(o, option, int(count))
        for o, (option, count) in enumerate(zip(options, replicas, strict=True))
        if count > 0 and option.pool == pool
    ]


@dataclass(frozen=True)
class Packing:
    """verdict; seats of the placed replicas, all of them where it is PACKED; gpus: GPUs that hold a
    shard.
    """

    verdict: PackingVerdict
    seats: tuple[Seat, ...] = ()
    gpus: int = 0


def packing_of_seats(seats: list[Seat]) -> Packing:
    """The packing that seats make."""
    gpus = {(node, gpu) for _, _, node, held in seats for gpu in held}
    return Packing(PackingVerdict.PACKED, tuple(seats), len(gpus))


ORDERS = (
    lambda i: (-i.shards, -i.share, -i.memory, i.key),
    lambda i: (-i.share, -i.memory, -i.shards, i.key),
    lambda i: (-i.memory, -i.share, -i.shards, i.key),
)
"""Largest first, by the number of shards, by share, or by memory: in each scarce dimension
one of them starts with what is hardest to place.
"""


def pack_first_fit(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, *, leave_out: bool = False
) -> list[Seat] | None:
    """Place the replicas in the given order, in best-fit form: each on the node that opens fewest
    new GPUs, then leaves least; on it on the fullest GPUs that fit.

    room: GiB of one GPU. A replica without room ends it (None), or is left out together with the
    rest of its option.
    """
    pool = _AlikeNodes(nodes, gpus_per_node, room)
    seats: list[Seat] = []
    for item in items:
        replica = 0
        trail: list[Place] = []
        while replica < item.count:
            place = pool.best_place(item)
            if place is None:
                if leave_out:
                    break
                return None
            trail.append(place)
            seats.append((item.key, replica, pool.take(item, *place), place[1]))
            replica += 1
            run = _repeating_run(trail)
            if run:
                for _ in range(pool.repeats(item, run, (item.count - replica) // len(run))):
                    for kind, gpus in run:
                        seats.append((item.key, replica, pool.take(item, kind, gpus), gpus))
                        replica += 1
                trail.clear()
    return seats


def _repeating_run(trail: list[Place]) -> list[Place]:
    """The places with which a trail ends three times over; none without such a run."""
    for length in range(1, min(len(trail) // 3, LONGEST_RUN) + 1):
        run = trail[-length:]
        if run == trail[-2 * length : -length] == trail[-3 * length : -2 * length]:
            return run
    return []


class _AlikeNodes:
    """The nodes of a pool, those with the same space left on each GPU as one kind: a pool of
    thousands of nodes has a few dozen kinds, and a replica chooses among these.
    """

    def __init__(self, nodes: int, gpus_per_node: int, room: float) -> None:
        self.room, self.gpus_per_node = room, gpus_per_node
        self.share = np.ones((1, gpus_per_node))
        self.memory = np.full((1, gpus_per_node), room)
        self.nodes: list[list[int]] = [list(range(nodes))]
        """Of each kind, as a heap."""
        self.present = np.array([nodes > 0])
        self._kind = {self._name(0): 0}
        self._after: dict[tuple[int, int, tuple[int, ...]], int] = {}

    def _name(self, kind: int) -> bytes:
        return self.share[kind].tobytes() + self.memory[kind].tobytes()

    def best_place(self, item: Item) -> Place | None:
        """The kind of node, and the GPUs on it, for one replica; None without room."""
        kinds = np.flatnonzero(self.present)
        share, memory = self.share[kinds], self.memory[kinds]
        fits = (share >= item.share - FIT) & (memory >= item.memory - FIT * self.room)
        enough = np.flatnonzero(fits.sum(axis=1) >= item.shards)
        if enough.size == 0:
            return None
        # Share counts first: among GPUs of equal share the memory decides.
        left = np.where(fits[enough], share[enough] + memory[enough] / self.room * 1e-3, np.inf)
        # Stable: of equal GPUs the first, so that a node fills up without gaps.
        chosen = np.argsort(left, axis=1, kind="stable")[:, : item.shards]
        cost = np.take_along_axis(left, chosen, axis=1)
        untouched = (cost >= 1.0 + 1e-3 - 1e-12).sum(axis=1)
        left_over = np.where(np.isfinite(left), left, 0.0).sum(axis=1)
        # Equal ones in the order in which they came up (lexsort is stable): the order of kinds does
        # not change from one replica to the next.
        best = int(np.lexsort((left_over, cost.sum(axis=1), untouched))[0])
        return int(kinds[enough[best]]), tuple(np.sort(chosen[best]).tolist())

    def take(self, item: Item, kind: int, gpus: tuple[int, ...]) -> int:
        """Put a replica on the first node of a kind; the node."""
        node = heappop(self.nodes[kind])
        self.present[kind] = bool(self.nodes[kind])
        after = self._after.get((item.key, kind, gpus))
        if after is None:
            after = self._kind_after(item, kind, gpus)
            self._after[item.key, kind, gpus] = after
        heappush(self.nodes[after], node)
        self.present[after] = True
        return node

    def _kind_after(self, item: Item, kind: int, gpus: tuple[int, ...]) -> int:
        share, memory = self.share[kind].copy(), self.memory[kind].copy()
        share[list(gpus)] -= item.share
        memory[list(gpus)] -= item.memory
        name = share.tobytes() + memory.tobytes()
        if name not in self._kind:
            self._kind[name] = len(self.nodes)
            self.nodes.append([])
            self.share = np.vstack([self.share, share])
            self.memory = np.vstack([self.memory, memory])
            self.present = np.append(self.present, False)
        return self._kind[name]

    def repeats(self, item: Item, run: list[Place], most: int) -> int:
        """How often the replicas of an item would go on as in a run that was made three times.

        A run that fills one node step by step takes a node of its first kind only. Once it was
        made, all kinds that it makes exist; the second and the third began with the same kinds to
        choose from, and choose alike, and so does every further one while nodes of the first kind
        are left (one more than are taken: with none the choice is another).
        """
        steps = [self._after[item.key, *place] for place in run]
        if any(place[0] != after for place, after in zip(run[1:], steps[:-1], strict=True)):
            return 0
        return max(min(most, len(self.nodes[run[0][0]]) - 1), 0)
