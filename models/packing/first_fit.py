"""What is to be packed into a pool, the result, and first-fit decreasing, which packs nearly
everything that can be packed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

FIT = 1e-9
"""Shares and (relative to the room) memory may exceed by this much: floating point, no capacity."""

Seat = tuple[int, int, int, tuple[int, ...]]
"""One placed replica: (item's key, replica, node, GPUs of its shards)."""


class PackingVerdict(StrEnum):
    """What is known about a packing."""

    PACKED = "packed"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Item:
    """All replicas of one option.

    key: the option's position. shards: GPUs of one replica. share (0..1) and memory (GiB): of one
    shard. count: replicas.
    """

    key: int
    shards: int
    share: float
    memory: float
    count: int


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
    share = np.ones((nodes, gpus_per_node))
    memory = np.full((nodes, gpus_per_node), room)
    seats: list[Seat] = []
    for item in items:
        for replica in range(item.count):
            fits = (share >= item.share - FIT) & (memory >= item.memory - FIT * room)
            enough = np.flatnonzero(fits.sum(axis=1) >= item.shards)
            if enough.size == 0:
                if leave_out:
                    break
                return None
            # Share counts first: among GPUs of equal share the memory decides.
            left = np.where(fits[enough], share[enough] + memory[enough] / room * 1e-3, np.inf)
            chosen = (
                np.argpartition(left, item.shards - 1, axis=1)[:, : item.shards]
                if item.shards < gpus_per_node
                else np.broadcast_to(np.arange(gpus_per_node), (enough.size, gpus_per_node))
            )
            cost = np.take_along_axis(left, chosen, axis=1)
            untouched = (cost >= 1.0 + 1e-3 - 1e-12).sum(axis=1)
            left_over = np.where(np.isfinite(left), left, 0.0).sum(axis=1)
            best = int(np.lexsort((left_over, cost.sum(axis=1), untouched))[0])
            node, gpus = int(enough[best]), np.sort(chosen[best])
            share[node, gpus] -= item.share
            memory[node, gpus] -= item.memory
            seats.append((item.key, replica, node, tuple(gpus.tolist())))
    return seats
