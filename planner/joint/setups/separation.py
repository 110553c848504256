"""Separation: a setup is packed pool by pool, and what cannot be packed becomes a row or a no-good
that cuts it off.

The program holds necessary conditions of placement only (models.capacity). What separates a setup
that breaks a sufficient one, weakest and cheapest first: a pattern row (models.patterns), which
also cuts fractional setups off; a lifted no-good (models.nogood), which holds for whole ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.capacity import CapacityRow
from models.instance import Instance
from models.nogood import NoGood, lifted_no_good
from models.packing.first_fit import Item, Packing, PackingVerdict
from models.packing.placement import place_all, place_on_fewest, smallest_placement_conflict
from models.patterns import pattern_row


class SetupRows(Protocol):
    """What separation needs of a search: an instance, and rows over its replicas that grow."""

    @property
    def instance(self) -> Instance:
        """Pools and options."""

    @property
    def capacity(self) -> list[CapacityRow]:
        """Rows that every placed setup keeps."""

    @property
    def no_goods(self) -> list[NoGood]:
        """Setups that cannot be placed."""

    def items(self, pool: int, replicas: np.ndarray) -> list[Item]:
        """What a setup (O,) puts into a pool."""


@dataclass(frozen=True)
class SetupPlacement:
    """A program's setup, packed.

    packings: of every pool, placed only if all of them are. learnt: whether a row or a no-good was
    added. undecided: pools of which it stayed open.
    """

    packings: tuple[Packing, ...]
    learnt: bool
    undecided: tuple[int, ...]

    @property
    def placed(self) -> bool:
        """Whether every pool is packed."""
        return all_packed(self.packings)


def all_packed(packings: Iterable[Packing]) -> bool:
    """Whether every pool's replicas have their GPUs."""
    return all(packing.verdict == PackingVerdict.PACKED for packing in packings)


def pack_for_separation(state: SetupRows, replicas: np.ndarray) -> tuple[Packing, ...]:
    """The packing of every pool for a setup, replicas (O,) whole; its verdict says whether it is
    one.
    """
    instance = state.instance
    return tuple(
        place_all(state.items(p, replicas), pool.nodes, pool.gpus_per_node, instance.room(p))
        for p, pool in enumerate(instance.pools)
    )


def pack_tightly_for_separation(state: SetupRows, replicas: np.ndarray) -> tuple[Packing, ...]:
    """The same on the fewest GPUs found."""
    instance = state.instance
    return tuple(
        place_on_fewest(state.items(p, replicas), pool.nodes, pool.gpus_per_node, instance.room(p))
        for p, pool in enumerate(instance.pools)
    )


def place_or_separate(
    state: SetupRows, replicas: np.ndarray, limits: list[int] | None
) -> SetupPlacement:
    """Pack a program's setup, and cut it off where that fails.

    replicas: (O,) whole. limits: per pool the most GPUs, where these are what is minimised; a
    setup that needs more of them than the program thought is cut off at that number, and packed on
    the fewest found.
    """
    packings, learnt, undecided = [], False, []
    for p, pool in enumerate(state.instance.pools):
        items, room = state.items(p, replicas), state.instance.room(p)
        limit = None if limits is None else limits[p]
        packing = place_all(items, pool.nodes, pool.gpus_per_node, room, limit)
        if packing.verdict != PackingVerdict.PACKED:
            # A pattern row first: it is valid for all setups and keeps cutting as the search goes
            # on, where a no-good bars this setup and those at least as hard.
            if separate_pattern_rows(state, replicas, [p], limits):
                learnt = True
            elif packing.verdict == PackingVerdict.UNKNOWN:
                undecided.append(p)
            else:
                learnt |= _separate_no_good(state, p, items, limit)
            if limit is not None:
                packing = place_on_fewest(items, pool.nodes, pool.gpus_per_node, room)
        packings.append(packing)
    return SetupPlacement(tuple(packings), learnt, tuple(undecided))


def separate_pattern_rows(
    state: SetupRows, replicas: np.ndarray, pools: Iterable[int], limits: list[int] | None = None
) -> bool:
    """Add the capacity rows that a setup violates in some pools; whether there were any.

    replicas: (O,), not necessarily whole. limits: per pool the GPUs, all of them where None.
    """
    added = False
    for p in pools:
        gpus = state.instance.pools[p].gpus if limits is None else limits[p]
        row = pattern_row(state.instance, p, replicas, gpus)
        if row is not None:
            state.capacity.append(row)
            added = True
    return added


def _separate_no_good(state: SetupRows, p: int, items: list[Item], limit: int | None) -> bool:
    """Turn a setup that cannot be placed into a no-good that forbids all that are at least as hard;
    False when it is known.
    """
    pool, room = state.instance.pools[p], state.instance.room(p)
    # One that holds on any number of GPUs needs no indicator of more GPUs in the program, and it
    # cuts in every later search on the instance.
    if (
        limit is not None
        and place_all(items, pool.nodes, pool.gpus_per_node, room).verdict
        == PackingVerdict.IMPOSSIBLE
    ):
        limit = None
    # Minimal, since the fewer replicas a no-good names, the more setups hold them.
    core = smallest_placement_conflict(items, pool.nodes, pool.gpus_per_node, room, limit)
    no_good = lifted_no_good(
        state.instance, p, core, {item.key: item.count for item in items}, limit
    )
    if no_good in state.no_goods:
        return False
    state.no_goods.append(no_good)
    return True
