"""Placement: which shard sits on which GPU, exactly; and the smallest part of a setup that cannot
be placed.

The GPUs of a node are identical and so are the nodes of a pool. A replica puts one shard on each of
tp_degree different GPUs of one node; per GPU the MPS shares sum to at most 1 and the memory to at
most the room. A GPU that holds MIG instances holds nothing else (models.packing.mig_bins).
First-fit decreasing in three orders places nearly everything that can be placed
(21 of 24 fleets); where it fails, an exact search decides (models.packing.exact_search).

Units: shares 0..1, memory GiB.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from models.packing.exact_search import search_packing_exactly
from models.packing.first_fit import (
    FIT,
    ORDERS,
    Item,
    Packing,
    PackingVerdict,
    pack_first_fit,
    packing_of_seats,
)
from models.packing.mig_bins import MigGpu, fill_mig_gpus

DIVIDED = -1
"""The key of all GPUs that are divided into MIG instances."""


def place_all(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, max_gpus: int | None = None
) -> Packing:
    """Place all replicas on a pool of `nodes` nodes, on at most max_gpus GPUs in all.

    room: GiB of one GPU. The verdict is UNKNOWN when the exact search grew past its limit.
    """
    gpus = nodes * gpus_per_node
    limit = gpus if max_gpus is None else min(max_gpus, gpus)
    items, divided = _with_divided_gpus([item for item in items if item.count > 0], room)
    return _undivided(_place_undivided(items, nodes, gpus_per_node, room, limit), divided)


def _place_undivided(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, limit: int
) -> Packing:
    """Place replicas none of which is on a MIG instance."""
    if _placement_never_fits(items, gpus_per_node, room, limit):
        return Packing(PackingVerdict.IMPOSSIBLE)
    best: Packing | None = None
    for order in ORDERS:
        seats = pack_first_fit(sorted(items, key=order), nodes, gpus_per_node, room)
        if seats is not None:
            packing = packing_of_seats(seats)
            if packing.gpus <= limit and (best is None or packing.gpus < best.gpus):
                best = packing
    return best or search_packing_exactly(
        sorted(items, key=ORDERS[0]), nodes, gpus_per_node, room, limit
    )


def _with_divided_gpus(items: Sequence[Item], room: float) -> tuple[list[Item], list[MigGpu]]:
    """Items with shares, and the GPUs that hold MIG instances: each counts as a shard that fills a
    GPU, and all of them as one item.
    """
    shared = [item for item in items if not item.mig]
    divided = fill_mig_gpus([item for item in items if item.mig])
    if divided:
        shared.append(Item(DIVIDED, 1, 1.0, room, len(divided)))
    return shared, divided


def _undivided(packing: Packing, divided: Sequence[MigGpu]) -> Packing:
    """The packing with the instances in place of the GPUs that hold them, replicas numbered anew
    where some were left out.
    """
    if not divided or not packing.seats:
        return packing
    seats, counts = [], Counter[int]()
    for key, replica, node, gpus in packing.seats:
        held = ((key, replica),) if key != DIVIDED else divided[replica]
        for own, _ in held:
            seats.append((own, counts[own], node, gpus))
            counts[own] += 1
    return replace(packing, seats=tuple(seats))


def _placement_never_fits(
    items: Sequence[Item], gpus_per_node: int, room: float, limit: int
) -> bool:
    """Whether sums, or one shard or replica alone, already rule a packing out."""
    share = sum(i.count * i.shards * i.share for i in items)
    memory = sum(i.count * i.shards * i.memory for i in items)
    if share > limit * (1 + FIT) or memory > limit * room * (1 + FIT):
        return True
    return any(
        i.shards > gpus_per_node or i.memory > room * (1 + FIT) or i.share > 1 + FIT for i in items
    )


def place_most(items: Sequence[Item], nodes: int, gpus_per_node: int, room: float) -> Packing:
    """A packing of as many replicas (weighted by the GPU share they take) as first-fit can
    place; the others are left out.
    """
    best = Packing(PackingVerdict.PACKED)
    items, divided = _with_divided_gpus([item for item in items if item.count > 0], room)
    size = {item.key: item.shards * item.share for item in items}
    for order in ORDERS:
        ordered = sorted(items, key=order)
        seats = pack_first_fit(ordered, nodes, gpus_per_node, room, leave_out=True) or []
        if sum(size[seat[0]] for seat in seats) > sum(size[seat[0]] for seat in best.seats):
            best = packing_of_seats(seats)
    return _undivided(best, divided)


def place_on_fewest(items: Sequence[Item], nodes: int, gpus_per_node: int, room: float) -> Packing:
    """The packing on fewest GPUs that could be found; first any that fits, then fewer while
    possible.
    """
    best = place_all(items, nodes, gpus_per_node, room)
    while best.verdict == PackingVerdict.PACKED and best.gpus > 0:
        fewer = place_all(items, nodes, gpus_per_node, room, best.gpus - 1)
        if fewer.verdict != PackingVerdict.PACKED:
            break
        best = fewer
    return best


def smallest_placement_conflict(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, max_gpus: int | None = None
) -> list[Item]:
    """A minimal multiset of replicas that provably cannot be placed, out of one that cannot.

    The deletion filter for irreducible infeasible subsystems (Chinneck and Dravnieks, ORSA J. on
    Computing 3, 1991), in halving steps: replicas are left out while the rest stays impossible.
    """
    by_key = {item.key: item for item in items}
    counts = {item.key: item.count for item in items}

    def held(trial: dict[int, int]) -> list[Item]:
        return [replace(by_key[key], count=count) for key, count in trial.items() if count]

    def impossible(trial: dict[int, int]) -> bool:
        packing = place_all(held(trial), nodes, gpus_per_node, room, max_gpus)
        return packing.verdict == PackingVerdict.IMPOSSIBLE

    # Small ones first: what stays are the large replicas, and a no-good over these covers more
    # setups once it is lifted to all that are at least as hard.
    for key in sorted(counts, key=lambda k: by_key[k].shards * by_key[k].share):
        step = counts[key]
        while step and counts[key]:
            trial = counts | {key: counts[key] - min(step, counts[key])}
            if impossible(trial):
                counts = trial
            else:
                step //= 2
    return held(counts)
