"""Setups placed one after the other: packings hold, and replicas stay where they may."""

import numpy as np
import pytest

from models.packing.cycle import CyclePool, place_cycle, place_near, started_shards
from models.packing.first_fit import Item, Packing, Seat
from models.packing.placement import place_all


def item(key: int, count: int, shards: int = 1, share: float = 1.0) -> Item:
    return Item(key, shards, share, 10.0, count)


def pool(setups: int, *, nodes: int = 2, gpus: int = 4, renamed: bool = False) -> CyclePool:
    return CyclePool(
        nodes=nodes,
        gpus_per_node=gpus,
        room=72.0,
        gpu_cost=[1.0] * setups,
        start_cost=0.1,
        renamed=[renamed] * setups,
    )


def packed(items: list[Item], of: CyclePool) -> Packing:
    return place_all(items, of.nodes, of.gpus_per_node, of.room)


def holds(items: list[Item], packing: Packing, of: CyclePool) -> bool:
    """All replicas, each on GPUs of one node, none overfilled."""
    share = np.zeros((of.nodes, of.gpus_per_node))
    memory = np.zeros_like(share)
    known = {one.key: one for one in items}
    for key, _, node, gpus in packing.seats:
        assert len(set(gpus)) == known[key].shards
        share[node, list(gpus)] += known[key].share
        memory[node, list(gpus)] += known[key].memory
    numbers = sorted((key, replica) for key, replica, _, _ in packing.seats)
    wanted = sorted((one.key, k) for one in items for k in range(one.count))
    fits = bool((share <= 1 + 1e-9).all() and (memory <= of.room + 1e-9).all())
    return numbers == wanted and fits and packing.gpus == int((share > 0).sum())


def starts(packings: list[Packing]) -> int:
    return sum(started_shards(packings[k - 1].seats, one.seats) for k, one in enumerate(packings))


def test_starts_are_replicas_that_were_not_on_the_same_gpus() -> None:
    before: list[Seat] = [(0, 0, 0, (0, 1)), (1, 0, 0, (2,)), (1, 1, 0, (2,))]
    assert started_shards(before, before) == 0
    assert started_shards(before, [(0, 7, 0, (1, 0)), (1, 1, 0, (2,))]) == 0
    # Moved by one GPU, and a second replica beside the two.
    after: list[Seat] = [(0, 0, 0, (1, 2)), *[(1, k, 0, (2,)) for k in range(3)]]
    assert started_shards(before, after) == 2 + 1


def test_what_comes_back_takes_its_old_gpus() -> None:
    """Option 1 pauses while 2 runs; fresh packings would put it elsewhere."""
    setups = [
        [item(0, 2), item(1, 3)],
        [item(0, 2), item(2, 2, shards=2)],
        [item(0, 3), item(1, 3)],
    ]
    of = pool(3)
    placed = place_cycle(setups, [packed(one, of) for one in setups], of)
    assert all(holds(one, p, of) for one, p in zip(setups, placed, strict=True))
    # Three of 1 start once a cycle, two of 2 with two shards each, one of 0.
    assert starts(placed) == 3 + 4 + 1


def test_renamed_only_keeps_what_each_node_holds() -> None:
    setups = [[item(0, 4), item(1, 2)], [item(1, 2), item(0, 2), item(2, 2)]]
    of = pool(2, nodes=3, renamed=True)
    own = [packed(one, of) for one in setups]
    placed = place_cycle(setups, own, of)

    def contents(packing: Packing) -> list[list[int]]:
        by_node = [sorted(s[0] for s in packing.seats if s[2] == node) for node in range(3)]
        return sorted(by_node)

    assert [contents(p) for p in placed] == [contents(p) for p in own]
    assert starts(placed) <= starts(own)


@pytest.mark.parametrize("seed", range(12))
def test_random_cycles_hold_and_are_no_worse(seed: int) -> None:
    """Starts at least the rise of every option, at most those of the packings given."""
    rng = np.random.default_rng(seed)
    of = pool(3, nodes=int(rng.integers(1, 4)), gpus=int(rng.integers(1, 5)))
    kinds = [(1, 1.0), (min(2, of.gpus_per_node), 1.0), (1, 0.5), (1, 0.3)]
    setups = []
    while len(setups) < 3:
        counts = rng.integers(0, 4, len(kinds))
        one = [item(k, int(n), *kinds[k]) for k, n in enumerate(counts) if n]
        if packed(one, of).verdict == "packed":
            setups.append(one)
    own = [packed(one, of) for one in setups]
    placed = place_cycle(setups, own, of)
    assert all(holds(one, p, of) for one, p in zip(setups, placed, strict=True))
    cost = [sum(p.gpus for p in of_all) + 0.1 * starts(of_all) for of_all in (placed, own)]
    assert cost[0] <= cost[1] + 1e-9
    counts = np.array(
        [[sum(i.count * i.shards for i in s if i.key == k) for k in range(4)] for s in setups]
    )
    assert starts(placed) >= np.maximum(counts - np.roll(counts, 1, axis=0), 0).sum()


def near(items: list[Item], taken: list[Seat], of: CyclePool, start: float) -> Packing:
    placed = place_near(items, packed(items, of), taken, of, lambda g, s: g + start * s)
    assert holds(items, placed, of)
    return placed


def test_those_that_stay_leave_whole_gpus_free() -> None:
    """Of three replicas of each option two stay: those that share two GPUs, not three."""
    items, of = [item(0, 2, share=0.5), item(2, 2, share=0.5)], pool(1, gpus=2)
    taken: list[Seat] = [(0, 0, 1, (0,)), (0, 1, 1, (1,)), (0, 2, 1, (1,))]
    taken += [(2, 0, 0, (0,)), (2, 1, 0, (0,)), (2, 2, 1, (0,))]
    placed = near(items, taken, of, 0.1)
    assert (placed.gpus, started_shards(taken, placed.seats)) == (2, 0)


@pytest.mark.parametrize(("start", "gpus", "starts"), [(0.1, 1, 1), (3.0, 2, 0)])
def test_a_replica_moves_where_that_costs_less_than_its_gpu(
    start: float, gpus: int, starts: int
) -> None:
    taken: list[Seat] = [(0, 0, 0, (0,)), (0, 1, 1, (0,))]
    placed = near([item(0, 2, share=0.5)], taken, pool(1), start)
    assert (placed.gpus, started_shards(taken, placed.seats)) == (gpus, starts)
