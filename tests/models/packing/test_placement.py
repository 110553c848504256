"""Packing against a mixed-integer program over single shards (scipy).

Shares are whole per cents and memories whole GiB, so that sums are exact and no tolerance decides.
"""

import pytest

from models.packing.first_fit import Item, PackingVerdict
from models.packing.placement import place_all, place_on_fewest, smallest_placement_conflict
from tests.support.instances.random_pools import (
    CASES,
    ROOM,
    check_seats,
    fewest_gpus,
    random_packing,
)
from tests.support.walls import first_fast, wall_size


@pytest.mark.parametrize("first", first_fast(range(0, wall_size(75, CASES), 25)))
def test_pack_agrees_with_a_program_over_shards(first: int) -> None:
    impossible = 0
    for seed in range(first, first + 25):
        items, nodes, per_node = random_packing(seed)
        fewest = fewest_gpus(items, nodes, per_node)
        packing = place_all(items, nodes, per_node, ROOM)
        assert packing.verdict is (
            PackingVerdict.IMPOSSIBLE if fewest is None else PackingVerdict.PACKED
        ), f"seed {seed}"
        if fewest is None:
            impossible += 1
            continue
        check_seats(packing, items, nodes, per_node)
        leanest = place_on_fewest(items, nodes, per_node, ROOM)
        check_seats(leanest, items, nodes, per_node)
        assert leanest.gpus == fewest, f"seed {seed}"
        for limit in {max(fewest - 1, 0), fewest, min(fewest + 1, nodes * per_node)}:
            limited = place_all(items, nodes, per_node, ROOM, limit)
            assert limited.verdict is (
                PackingVerdict.PACKED if limit >= fewest else PackingVerdict.IMPOSSIBLE
            ), f"seed {seed}, {limit} GPUs"
            if limit >= fewest:
                check_seats(limited, items, nodes, per_node)
                assert limited.gpus <= limit
    assert impossible < 25


@pytest.mark.parametrize(
    ("items", "nodes", "per_node", "fits"),
    [
        ([], 1, 4, True),
        ([Item(0, 4, 1.0, 10.0, 1)], 1, 4, True),
        ([Item(0, 4, 0.5, 36.0, 2)], 1, 4, True),
        ([Item(0, 4, 0.5, 36.1, 2)], 1, 4, False),  # 72.2 GiB on every GPU
        (
            [Item(0, 8, 0.2, 1.0, 3), Item(1, 1, 1.0, 1.0, 1)],
            1,
            8,
            False,
        ),  # 3 x 20 % everywhere leave no whole GPU
        ([Item(0, 4, 1.0, 1.0, 2)], 2, 6, True),
        (
            [Item(0, 4, 1.0, 1.0, 3)],
            2,
            6,
            False,
        ),  # 12 GPUs, but only one tp-4 replica a node of six
        ([Item(0, 4, 1.0, 1.0, 2), Item(1, 2, 1.0, 1.0, 2)], 2, 6, True),
        ([Item(0, 3, 0.5, 1.0, 2), Item(1, 2, 0.5, 1.0, 1)], 1, 4, True),  # 3 + 3 + 2 = 8 halves
        ([Item(0, 3, 0.6, 1.0, 2)], 1, 4, False),  # two GPUs would hold 120 %
        ([Item(0, 1, 0.33, 1.0, 3)], 1, 1, True),  # 99 %
        ([Item(0, 1, 0.34, 1.0, 3)], 1, 1, False),  # 102 %
        ([Item(0, 1, 0.1, 1.0, 10)], 1, 1, True),  # ten tenths, despite floating-point sums
        ([Item(0, 1, 0.1, 7.2, 10)], 1, 1, True),  # and 72 GiB in ten parts
        ([Item(0, 5, 0.1, 1.0, 1)], 2, 4, False),  # wider than a node
        ([Item(0, 1, 0.1, 72.5, 1)], 1, 4, False),
        (
            [Item(0, 2, 0.7, 20.0, 1), Item(1, 2, 0.3, 40.0, 1), Item(2, 1, 0.5, 60.0, 2)],
            1,
            4,
            True,
        ),
    ],
)
def test_pack_by_hand(items: list[Item], nodes: int, per_node: int, fits: bool) -> None:
    packing = place_all(items, nodes, per_node, ROOM)
    assert packing.verdict is (PackingVerdict.PACKED if fits else PackingVerdict.IMPOSSIBLE)
    assert len({(key, replica) for key, replica, *_ in packing.seats}) == (
        sum(i.count for i in items) if fits else 0
    )


def test_a_setup_that_first_fit_misses_is_found() -> None:
    """50, 40, 30, 30, 20, 20, 10 % on two GPUs: exactly full, and greedy orders need not see it."""
    items = [
        Item(k, 1, share / 100, 1.0, n)
        for k, (share, n) in enumerate([(50, 1), (40, 1), (30, 2), (20, 2), (10, 1)])
    ]
    packing = place_all(items, 1, 2, ROOM)
    assert packing.verdict is PackingVerdict.PACKED
    check_seats(packing, items, 1, 2)


@pytest.mark.parametrize("first", first_fast(range(0, 60, 20)))
def test_smallest_conflict_is_impossible_and_minimal(first: int) -> None:
    """Found among setups made too large; impossible itself by the program over shards, and every
    replica less can be packed.
    """
    seen = 0
    for seed in range(first, first + 20):
        items, nodes, per_node = random_packing(seed)
        items = [Item(i.key, i.shards, i.share, i.memory, i.count + 1) for i in items]
        if place_all(items, nodes, per_node, ROOM).verdict is not PackingVerdict.IMPOSSIBLE:
            continue
        seen += 1
        core = smallest_placement_conflict(items, nodes, per_node, ROOM)
        count = {item.key: item.count for item in items}
        assert core, f"seed {seed}"
        assert all(0 < item.count <= count[item.key] for item in core)
        assert fewest_gpus(core, nodes, per_node) is None, f"seed {seed}"
        for less in core:
            fewer = [
                Item(i.key, i.shards, i.share, i.memory, i.count - (i.key == less.key))
                for i in core
            ]
            assert place_all(fewer, nodes, per_node, ROOM).verdict is PackingVerdict.PACKED, (
                f"seed {seed} without one of {less.key}"
            )
    assert seen


def test_smallest_conflict_on_a_limited_number_of_gpus() -> None:
    """Two halves fit one GPU, three do not: on one GPU the third is in conflict, whatever else
    is in the list.
    """
    items = [Item(0, 1, 0.5, 1.0, 5), Item(1, 1, 0.1, 1.0, 1)]
    core = smallest_placement_conflict(items, 1, 4, ROOM, max_gpus=1)
    assert fewest_gpus(core, 1, 4) == 2
    for less in core:
        fewer = [
            Item(i.key, i.shards, i.share, i.memory, i.count - (i.key == less.key)) for i in core
        ]
        assert (fewest_gpus(fewer, 1, 4) or 0) <= 1
