"""From replica counts to placed setups: packing pool by pool, learning from what cannot be packed,
and setups made to fit.
"""

from collections.abc import Iterable

import numpy as np

from models.nogood import lifted_no_good
from models.patterns import pattern_row
from models.placement import Item, Packing, Verdict, pack, pack_on_fewest, smallest_conflict
from planner.joint.search_state import SearchState


def placed(state: SearchState, replicas: np.ndarray) -> tuple[Packing, ...] | None:
    """The packing of every pool, or None when one was not packed."""
    packings = _packings(state, replicas)
    return packings if all(packing.verdict is Verdict.PACKED for packing in packings) else None


def unpacked(state: SearchState, replicas: np.ndarray) -> list[int]:
    """The pools of which no packing was found."""
    return [
        p
        for p, packing in enumerate(_packings(state, replicas))
        if packing.verdict is not Verdict.PACKED
    ]


def _packings(state: SearchState, replicas: np.ndarray) -> tuple[Packing, ...]:
    instance = state.instance
    return tuple(
        pack(state.items(p, replicas), pool.nodes, pool.gpus_per_node, instance.room(p))
        for p, pool in enumerate(instance.pools)
    )


def place_and_learn(
    state: SearchState, replicas: np.ndarray, limits: list[int] | None
) -> tuple[tuple[Packing, ...] | None, bool, list[int]]:
    """Pack a program's setup, on at most limits[p] GPUs where these are what is minimised.

    Returns the packings (None when one pool could not be packed), whether a pattern row or a
    no-good was learnt, and the pools that stayed undecided. A setup that needs more GPUs than the
    program thought is packed on the fewest that could be found.
    """
    packings, learnt, undecided = [], False, []
    for p, pool in enumerate(state.instance.pools):
        items, room = state.items(p, replicas), state.instance.room(p)
        limit = None if limits is None else limits[p]
        packing = pack(items, pool.nodes, pool.gpus_per_node, room, limit)
        if packing.verdict is not Verdict.PACKED:
            if add_pattern_rows(state, replicas, [p], limits):
                learnt = True
            elif packing.verdict is Verdict.UNKNOWN:
                undecided.append(p)
            else:
                learnt |= _learn(state, p, items, limit)
            if limit is not None:
                packing = pack_on_fewest(items, pool.nodes, pool.gpus_per_node, room)
        packings.append(packing)
    done = all(packing.verdict is Verdict.PACKED for packing in packings)
    return (tuple(packings) if done else None), learnt, undecided


def add_pattern_rows(
    state: SearchState, replicas: np.ndarray, pools: Iterable[int], limits: list[int] | None = None
) -> bool:
    """Add the capacity rows that a setup (not necessarily whole) violates in some pools; whether
    there were any.
    """
    added = False
    for p in pools:
        row = pattern_row(
            state.instance,
            p,
            replicas,
            state.instance.pools[p].gpus if limits is None else limits[p],
        )
        if row is not None:
            state.capacity.append(row)
            added = True
    return added


def _learn(state: SearchState, p: int, items: list[Item], limit: int | None) -> bool:
    """Turn a setup that cannot be placed into a no-good that forbids all that are at least as hard;
    False when it is known.
    """
    pool, room = state.instance.pools[p], state.instance.room(p)
    if (
        limit is not None
        and pack(items, pool.nodes, pool.gpus_per_node, room).verdict is Verdict.IMPOSSIBLE
    ):
        limit = None
    core = smallest_conflict(items, pool.nodes, pool.gpus_per_node, room, limit)
    no_good = lifted_no_good(
        state.instance, p, core, {item.key: item.count for item in items}, limit
    )
    if no_good in state.no_goods:
        return False
    state.no_goods.append(no_good)
    return True
