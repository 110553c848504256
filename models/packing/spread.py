"""Packing for the loss of nodes: the replicas of an option spread evenly, so that no node holds
more of them than it must.

With V nodes and n replicas of an option some node holds at least ceil(n / V). Each replica goes to
a node with fewest of its option, among these to where it opens fewest new GPUs and leaves least:
best fit (Johnson, Demers, Ullman, Garey and Graham, SIAM J. on Computing 3, 1974), option by
option, the largest first.
"""

from collections.abc import Sequence

import numpy as np

from models.packing.first_fit import FIT, ORDERS, Item, Packing, Seat, packing_of_seats

__all__ = ["spread_over_nodes"]


def spread_over_nodes(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float
) -> Packing | None:
    """A packing in which no node holds more than ceil(count / nodes) replicas of an item, on the
    fewest GPUs of those found; None where none was found, or where some are on MIG instances.

    room: GiB of one GPU.
    """
    # Which instances share a GPU decides how evenly they spread: not searched here.
    if any(item.mig for item in items):
        return None
    best: Packing | None = None
    for order in ORDERS:
        seats = _spread_seats(sorted(items, key=order), nodes, gpus_per_node, room)
        if seats is not None:
            packing = packing_of_seats(seats)
            if best is None or packing.gpus < best.gpus:
                best = packing
    return best


def _spread_seats(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float
) -> list[Seat] | None:
    share = np.ones((nodes, gpus_per_node))
    memory = np.full((nodes, gpus_per_node), room)
    seats: list[Seat] = []
    for item in items:
        held = np.zeros(nodes, dtype=int)
        most = -(-item.count // nodes)
        for replica in range(item.count):
            fits = (share >= item.share - FIT) & (memory >= item.memory - FIT * room)
            may = np.flatnonzero((fits.sum(axis=1) >= item.shards) & (held < most))
            if may.size == 0:
                return None
            # Share counts first: among GPUs of equal share the memory decides.
            left = np.where(fits[may], share[may] + memory[may] / room * 1e-3, np.inf)
            chosen = np.argsort(left, axis=1, kind="stable")[:, : item.shards]
            cost = np.take_along_axis(left, chosen, axis=1)
            new = (cost >= 1.0 + 1e-3 - 1e-12).sum(axis=1)
            best = int(np.lexsort((may, cost.sum(axis=1), new, held[may]))[0])
            node, gpus = int(may[best]), np.sort(chosen[best])
            share[node, gpus] -= item.share
            memory[node, gpus] -= item.memory
            held[node] += 1
            seats.append((item.key, replica, node, tuple(gpus.tolist())))
    return seats
