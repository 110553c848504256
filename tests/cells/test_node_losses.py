"""Kinds of lost nodes against every choice of nodes, one by one."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from models.demand.requests import DemandInstance
from models.instance import Pool
from models.packing.first_fit import Packing, PackingVerdict, packing_of_seats
from planner.cell_solution import LossKind
from planner.cells import node_losses
from planner.cells.node_losses import TooManyLossesError, loss_kinds, uncovered_losses
from tests.support.demand.cells_by_hand import cells_demand

EMPTY = Packing(PackingVerdict.PACKED)


def losing(nodes: tuple[int, ...], lost: tuple[int, ...]) -> DemandInstance:
    """A demand with pools of so many nodes, of which its case loses some."""
    demand = cells_demand()
    pools = tuple(
        Pool(name=f"pool-{p}", gpu="gpu", nodes=count, gpus_per_node=2, memory=80.0)
        for p, count in enumerate(nodes)
    )
    instance = replace(demand.instance, pools=pools)
    case = replace(demand.cases[2], lost_nodes=lost)
    return replace(demand, instance=instance, cases=(case,))


def random_packing(rng: np.random.Generator, nodes: int, options: list[int]) -> Packing:
    seats, count = [], Counter[int]()
    for node in range(nodes):
        for gpu in range(2):
            if rng.random() < 0.6:
                option = int(rng.choice(options))
                seats.append((option, count[option], node, (gpu,)))
                count[option] += 1
    return packing_of_seats(seats)


def counts(packings: list[Packing], size: int) -> np.ndarray:
    held = Counter(seat[0] for packing in packings for seat in packing.seats)
    return np.array([held[o] for o in range(size)])


@pytest.mark.parametrize("seed", range(20))
def test_kinds_are_all_choices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes = tuple(int(n) for n in rng.integers(1, 5, 2))
    lost = tuple(int(rng.integers(0, n + 1)) for n in nodes)
    packings = [random_packing(rng, nodes[0], [0, 1]), random_packing(rng, nodes[1], [2])]
    replicas = counts(packings, 3)
    kinds = loss_kinds(losing(nodes, lost), 0, packings, replicas)
    expected: Counter[tuple[int, ...]] = Counter()
    for choice in product(*(combinations(range(n), k) for n, k in zip(nodes, lost, strict=True))):
        left = replicas.copy()
        for packing, gone in zip(packings, choice, strict=True):
            for option, _, node, _ in packing.seats:
                left[option] -= node in gone
        expected[tuple(left.tolist())] += 1
    found: Counter[tuple[int, ...]] = Counter()
    for kind in kinds:
        found[tuple(kind.survivors.tolist())] += kind.alike
        assert set(kind.nodes) == {p for p, k in enumerate(lost) if k}
        left = replicas.copy()
        for p, gone in kind.nodes.items():
            assert len(set(gone)) == lost[p]
            for option, _, node, _ in packings[p].seats:
                left[option] -= node in gone
        assert np.array_equal(left, kind.survivors), "the nodes named are of this kind"
    assert found == expected


def test_nodes_alike_are_one_kind() -> None:
    seats = [(0, node, node, (0,)) for node in range(4)]
    kinds = loss_kinds(losing((5,), (2,)), 0, [packing_of_seats(seats)], np.array([4, 0]))
    assert sorted((k.alike, k.survivors.tolist()) for k in kinds) == [(4, [3, 0]), (6, [2, 0])]


def test_too_many_kinds_name_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_losses, "MOST_KINDS", 5)
    # Every node holds another option: ten choices of two of five, none alike.
    seats = [(node, 0, node, (0,)) for node in range(5)]
    replicas = np.ones(5, dtype=int)
    with pytest.raises(TooManyLossesError, match="pool 1") as caught:
        loss_kinds(losing((1, 5), (0, 2)), 0, [EMPTY, packing_of_seats(seats)], replicas)
    assert caught.value.pool == 1


def test_too_many_together_though_few_in_each_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_losses, "MOST_KINDS", 5)
    few = packing_of_seats([(0, 0, 0, (0,)), (1, 0, 1, (0,))])
    more = packing_of_seats([(2 + node, 0, node, (0,)) for node in range(3)])
    demand = losing((2, 3), (1, 1))
    with pytest.raises(TooManyLossesError) as caught:
        loss_kinds(demand, 0, [few, more], np.ones(5, dtype=int))
    assert caught.value.pool == 1


@pytest.mark.parametrize("seed", range(20))
def test_every_loss_is_covered_by_one_with_no_more_survivors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    survivors = rng.integers(0, 4, (int(rng.integers(1, 9)), 3))
    kinds = [LossKind({0: (k,)}, 1, left) for k, left in enumerate(survivors)]
    kept, covering = uncovered_losses(kinds)
    for k, by in enumerate(covering):
        assert by in kept
        assert np.all(survivors[by] <= survivors[k])
    for a, b in combinations(kept, 2):
        assert not np.all(survivors[a] <= survivors[b])
        assert not np.all(survivors[b] <= survivors[a])
    assert all(covering[k] == k for k in kept)
