"""Even packings over nodes that may be lost."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from models.packing.first_fit import FIT, Item, Packing
from models.packing.spread import spread_over_nodes


def recounted(packing: Packing, items: list[Item], nodes: int, gpus: int, room: float) -> None:
    """Every replica once, capacity of every GPU kept, and no node with more than its part."""
    by_key = {item.key: item for item in items}
    seen = Counter(key for key, *_ in packing.seats)
    assert seen == {item.key: item.count for item in items if item.count}
    share, memory = defaultdict(float), defaultdict(float)
    on_node: Counter[tuple[int, int]] = Counter()
    for key, replica, node, held in packing.seats:
        item = by_key[key]
        assert 0 <= replica < item.count
        assert 0 <= node < nodes
        assert len(set(held)) == len(held) == item.shards
        assert all(0 <= gpu < gpus for gpu in held)
        on_node[key, node] += 1
        for gpu in held:
            share[node, gpu] += item.share
            memory[node, gpu] += item.memory
    assert all(value <= 1 + 10 * FIT for value in share.values())
    assert all(value <= room * (1 + 10 * FIT) for value in memory.values())
    for (key, _), count in on_node.items():
        assert count <= -(-by_key[key].count // nodes)
    assert packing.gpus == len(share)


@pytest.mark.parametrize("seed", range(40))
def test_what_it_packs_is_even_and_fits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes, gpus = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    items = [
        Item(
            key=k,
            shards=int(rng.integers(1, gpus + 1)),
            share=float(rng.choice([0.2, 0.3, 0.5, 1.0])),
            memory=float(rng.uniform(5, 60)),
            count=int(rng.integers(0, 5)),
        )
        for k in range(int(rng.integers(1, 4)))
    ]
    packing = spread_over_nodes(items, nodes, gpus, 72.0)
    if packing is not None:
        recounted(packing, items, nodes, gpus, 72.0)


def test_most_random_setups_are_packed() -> None:
    packed = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        items = [Item(k, 1, 0.3, 20.0, int(rng.integers(1, 4))) for k in range(2)]
        packed += spread_over_nodes(items, 3, 2, 72.0) is not None
    assert packed == 20


def test_one_on_each_node_though_all_fit_on_one() -> None:
    packing = spread_over_nodes([Item(4, 1, 0.25, 10.0, 3)], 3, 4, 72.0)
    assert packing is not None
    assert sorted(node for _, _, node, _ in packing.seats) == [0, 1, 2]


def test_replicas_share_gpus_where_evenness_lets_them() -> None:
    """Two options, one of each on both nodes: two GPUs, not four."""
    items = [Item(0, 1, 0.5, 30.0, 2), Item(1, 1, 0.5, 30.0, 2)]
    packing = spread_over_nodes(items, 2, 2, 72.0)
    assert packing is not None
    assert packing.gpus == 2


@pytest.mark.parametrize(
    "item",
    [
        Item(0, 3, 1.0, 10.0, 1),  # more shards than a node has GPUs
        Item(0, 1, 1.0, 80.0, 1),  # more memory than a GPU has
        Item(0, 1, 1.0, 10.0, 5),  # more replicas than there are GPUs
    ],
)
def test_none_where_it_does_not_fit(item: Item) -> None:
    assert spread_over_nodes([item], 2, 2, 72.0) is None


def test_nothing_to_place_is_an_empty_packing() -> None:
    packing = spread_over_nodes([], 2, 2, 72.0)
    assert packing is not None
    assert packing.gpus == 0
