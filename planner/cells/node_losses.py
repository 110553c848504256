"""Lost nodes: which choices there are, and what survives each.

Nodes of a pool with the same multiset of shards are alike: losing one or another of them leaves
the same setup. A choice of k_p nodes in each named pool is then a number of nodes of each kind, and
its survivors are the setup less what these hold. A routing on some survivors serves any setup that
has at least as many replicas of every option (the others idle), so only the largest losses are
routed; the rest are covered.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from math import comb, prod

import numpy as np

from models.demand.requests import DemandInstance
from models.packing.first_fit import Packing
from planner.cell_solution import LossKind

__all__ = ["MOST_KINDS", "TooManyLossesError", "loss_kinds", "uncovered_losses"]

MOST_KINDS = 10_000
"""Kinds of choices above this are refused (the text of the demand)."""


class TooManyLossesError(ValueError):
    """More kinds of lost nodes than can be gone through; pool: its position."""

    def __init__(self, pool: int) -> None:
        super().__init__(f"more than {MOST_KINDS} kinds of lost nodes in pool {pool}")
        self.pool = pool

    def words(self, demand: DemandInstance) -> str:
        """The same with the pool's name."""
        name = demand.instance.pools[self.pool].name
        return f"a setup was left out: more than {MOST_KINDS:,} kinds of lost nodes in pool {name}"


def loss_kinds(
    demand: DemandInstance, case: int, packings: Sequence[Packing], replicas: np.ndarray
) -> list[LossKind]:
    """All kinds of choices of a case's lost nodes; TooManyLossesError beyond MOST_KINDS."""
    lost = demand.cases[case].lost_nodes
    pools = [p for p, count in enumerate(lost) if count > 0]
    per_pool = [
        list(_pool_losses(packings[p], demand.instance.pools[p].nodes, lost[p], p)) for p in pools
    ]
    if prod(len(choices) for choices in per_pool) > MOST_KINDS:
        raise TooManyLossesError(pools[int(np.argmax([len(choices) for choices in per_pool]))])
    kinds = []
    for chosen in product(*per_pool):
        survivors = replicas.copy()
        for _, _, held in chosen:
            for option, count in held.items():
                survivors[option] -= count
        nodes = {p: one[0] for p, one in zip(pools, chosen, strict=True)}
        kinds.append(LossKind(nodes, prod(one[1] for one in chosen), survivors))
    return kinds


def _pool_losses(
    packing: Packing, nodes: int, lost: int, pool: int
) -> Iterator[tuple[tuple[int, ...], int, Counter[int]]]:
    """Choices of nodes of one pool: representative, number alike, replicas that they hold."""
    shards: dict[int, list[tuple[int, int]]] = defaultdict(list)
    replicas: dict[int, Counter[int]] = defaultdict(Counter)
    for key, _, node, gpus in packing.seats:
        shards[node].append((key, len(gpus)))
        replicas[node][key] += 1
    kinds: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for node in range(nodes):
        kinds[tuple(sorted(shards[node]))].append(node)
    members = list(kinds.values())
    for seen, counts in enumerate(_choices([len(one) for one in members], lost)):
        if seen >= MOST_KINDS:
            raise TooManyLossesError(pool)
        chosen = [node for one, count in zip(members, counts, strict=True) for node in one[:count]]
        alike = prod(comb(len(one), count) for one, count in zip(members, counts, strict=True))
        held: Counter[int] = Counter()
        for node in chosen:
            held += replicas[node]
        yield tuple(chosen), alike, held


def _choices(sizes: Sequence[int], total: int) -> Iterator[tuple[int, ...]]:
    """Numbers per kind, each at most its size, that sum to a total."""
    if not sizes:
        if total == 0:
            yield ()
        return
    rest = sum(sizes[1:])
    for first in range(min(sizes[0], total), max(total - rest, 0) - 1, -1):
        for others in _choices(sizes[1:], total - first):
            yield (first, *others)


def uncovered_losses(kinds: Sequence[LossKind]) -> tuple[list[int], list[int]]:
    """Positions of the largest losses, and for every kind the position whose routing covers it (its
    own where it is one of these).
    """
    order = sorted(range(len(kinds)), key=lambda k: (int(kinds[k].survivors.sum()), k))
    kept: list[int] = []
    covering = [-1] * len(kinds)
    for k in order:
        mine = kinds[k].survivors
        cover = next((j for j in kept if np.all(kinds[j].survivors <= mine)), None)
        if cover is None:
            kept.append(k)
            cover = k
        covering[k] = cover
    return kept, covering
