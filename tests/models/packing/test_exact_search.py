"""The exact search against a program over single shards, and its limit."""

import pytest

import models.packing.exact_search
from models.packing.exact_search import search_packing_exactly
from models.packing.first_fit import ORDERS, Item, PackingVerdict
from tests.support.instances.random_pools import ROOM, check_seats, fewest_gpus, random_packing


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_it_finds_the_fewest_gpus_and_proves_that_fewer_are_none(first: int) -> None:
    for seed in range(first, first + 20):
        items, nodes, per_node = random_packing(seed)
        items = sorted((item for item in items if item.count), key=ORDERS[0])
        gpus, fewest = nodes * per_node, fewest_gpus(items, nodes, per_node)
        whole = search_packing_exactly(items, nodes, per_node, ROOM, gpus)
        if fewest is None:
            assert whole.verdict == PackingVerdict.IMPOSSIBLE
            continue
        check_seats(whole, items, nodes, per_node)
        best = search_packing_exactly(items, nodes, per_node, ROOM, fewest)
        assert best.verdict == PackingVerdict.PACKED
        assert best.gpus == fewest
        check_seats(best, items, nodes, per_node)
        if fewest:
            fewer = search_packing_exactly(items, nodes, per_node, ROOM, fewest - 1)
            assert fewer.verdict == PackingVerdict.IMPOSSIBLE


def test_beyond_its_limit_it_says_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine sizes that fill two GPUs almost, without a partition."""
    monkeypatch.setattr(models.packing.exact_search, "SEARCH_LIMIT", 20)
    sizes = (0.31, 0.29, 0.27, 0.23, 0.21, 0.19, 0.17, 0.16, 0.16)
    items = [Item(k, 1, share, 1.0, 1) for k, share in enumerate(sizes)]
    assert search_packing_exactly(items, 1, 2, ROOM, 2).verdict == PackingVerdict.UNKNOWN
    monkeypatch.undo()
    assert search_packing_exactly(items, 1, 2, ROOM, 2).verdict != PackingVerdict.UNKNOWN


def test_identical_nodes_are_tried_once() -> None:
    """A replica too much for ten identical nodes: refuted by counting states, not orders."""
    items = [Item(0, 2, 0.6, 1.0, 11)]
    assert search_packing_exactly(items, 10, 2, ROOM, 20).verdict == PackingVerdict.IMPOSSIBLE


def test_where_the_first_choice_would_be_the_last_it_does_not_begin() -> None:
    """More than 1,414 GPUs."""
    alone = [Item(0, 1, 0.5, 1.0, 1)]
    assert search_packing_exactly(alone, 1, 1414, 80.0, 1414).verdict == PackingVerdict.PACKED
    assert search_packing_exactly(alone, 1, 1415, 80.0, 1415).verdict == PackingVerdict.UNKNOWN
