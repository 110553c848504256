"""Replicas that may stay do: as many as in any placement, by brute force."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import numpy as np

from models.packing.first_fit import Item
from planner.plans.changes.stable_placement import ReplicaPlace, place_stably


def test_as_many_replicas_stay_as_in_any_placement() -> None:
    rng = np.random.default_rng(0)
    judged = 0
    for _ in range(90):
        nodes, gpus = [(1, 2), (2, 1), (2, 2), (1, 3)][rng.integers(4)]
        kinds = [
            Item(
                k,
                int(rng.integers(1, gpus + 1)),
                float(rng.choice([0.3, 0.5, 0.6])),
                float(rng.choice([10, 20, 30])),
                0,
            )
            for k in range(3)
        ]
        running = grown(kinds, nodes, gpus, [int(k) for k in rng.integers(3, size=4)])
        items = [replace(kind, count=int(rng.integers(0, 3))) for kind in kinds]
        best = most_kept(items, running, nodes, gpus)
        seats = place_stably([item for item in items if item.count], running, nodes, gpus, 50.0)
        if best is None:
            assert seats is None
            continue
        assert seats is not None
        assert Counter(key for key, _, _ in seats) == Counter(
            {item.key: item.count for item in items if item.count}
        )
        assert fits(items, seats, nodes, gpus)
        assert len(list((Counter(seats) & Counter(running)).elements())) == best
        judged += 1
    assert judged >= 30


def test_more_replicas_than_python_nests_calls_are_placed() -> None:
    items = [Item(0, 1, 0.01, 0.1, 1200)]
    seats = place_stably(items, [], 1, 12, 50.0)
    assert seats is not None
    assert len(seats) == 1200
    assert fits(items, seats, 1, 12)


def fits(items: Sequence[Item], seats: Sequence[ReplicaPlace], nodes: int, gpus: int) -> bool:
    share, memory = np.zeros((nodes, gpus)), np.zeros((nodes, gpus))
    for key, node, held in seats:
        share[node, list(held)] += items[key].share
        memory[node, list(held)] += items[key].memory
    return bool((share <= 1 + 1e-9).all() and (memory <= 50 + 1e-9).all())


def places(item: Item, nodes: int, gpus: int) -> list[ReplicaPlace]:
    return [
        (item.key, node, held)
        for node in range(nodes)
        for held in combinations(range(gpus), item.shards)
    ]


def grown(kinds: Sequence[Item], nodes: int, gpus: int, keys: Sequence[int]) -> list[ReplicaPlace]:
    """A plan that runs: each replica on the first seat that has room."""
    seats: list[ReplicaPlace] = []
    for key in keys:
        seats += next(
            (
                [seat]
                for seat in places(kinds[key], nodes, gpus)[::-1]
                if fits(kinds, [*seats, seat], nodes, gpus)
            ),
            [],
        )
    return seats


def most_kept(
    items: Sequence[Item], running: Sequence[ReplicaPlace], nodes: int, gpus: int
) -> int | None:
    """By every placement: how many of the running plan's seats the best one keeps; None where
    nothing fits.
    """
    best: int | None = None
    for seats in product(*(places(item, nodes, gpus) for item in items for _ in range(item.count))):
        kept = len(list((Counter(seats) & Counter(running)).elements()))
        if (best is None or kept > best) and fits(items, seats, nodes, gpus):
            best = kept
    return best
