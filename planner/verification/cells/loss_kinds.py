"""Every choice of lost nodes, by kinds.

Nodes of a pool are alike where they hold the same numbers of shards of every option; V_p nodes,
empty ones too, fall into groups g of size V_pg. A *kind* of choice takes c_g of each, sum_g c_g =
k_p in every pool with lost nodes; it stands for prod_g binom(V_pg, c_g) choices that leave the same
replicas.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from models.demand.requests import DemandInstance
from planner.verification.cells.stated_cells import StatedSetup

__all__ = [
    "MOST_LOSS_KINDS",
    "LossKind",
    "count_loss_kinds",
    "enumerate_loss_kinds",
    "loss_key",
    "nodes_by_content",
]

MOST_LOSS_KINDS = 10_000
"""More kinds of one case are a fault."""

Held = tuple[tuple[int, int], ...]
"""(option of the setup, shards) of one node."""
Groups = Mapping[str, Mapping[Held, Sequence[int]]]
"""Nodes of every pool with lost nodes by what they hold."""
LossKey = tuple[tuple[str, tuple[tuple[Held, int], ...]], ...]
"""Per pool, how many nodes that hold the same are lost."""


@dataclass(frozen=True)
class LossKind:
    """A kind of choice. nodes: one of its choices. alike: number of its choices."""

    key: LossKey
    nodes: Mapping[str, tuple[int, ...]]
    alike: int


def nodes_by_content(setup: StatedSetup, demand: DemandInstance, case: int) -> Groups:
    """Nodes of the pools that the case loses nodes of, grouped by the shards on them."""
    shards: dict[tuple[str, int], Counter[int]] = {}
    for shard in setup.entry["placement"]:
        shards.setdefault((shard["pool"], shard["node"]), Counter())[shard["option"]] += 1
    groups: dict[str, dict[Held, list[int]]] = {}
    for pool, lost in zip(demand.instance.pools, demand.cases[case].lost_nodes, strict=True):
        if not lost:
            continue
        of_pool = groups.setdefault(pool.name, {})
        for node in range(pool.nodes):
            held = tuple(sorted(shards.get((pool.name, node), Counter()).items()))
            of_pool.setdefault(held, []).append(node)
    return groups


def count_loss_kinds(groups: Groups, lost: Mapping[str, int]) -> dict[str, int]:
    """Kinds in every pool: the coefficient of z^k in prod_g (1 + z + .. + z^V_g)."""
    found = {}
    for pool, of_pool in groups.items():
        ways = [1] + [0] * lost[pool]
        for nodes in of_pool.values():
            ways = [sum(ways[max(0, k - len(nodes)) : k + 1]) for k in range(lost[pool] + 1)]
        found[pool] = ways[-1]
    return found


def enumerate_loss_kinds(groups: Groups, lost: Mapping[str, int]) -> Iterator[LossKind]:
    """All kinds, pool by pool."""
    choices = [list(_kinds_of_pool(groups[pool], lost[pool])) for pool in groups]
    for combined in product(*choices):
        by_pool = dict(zip(groups, combined, strict=True))
        nodes = {
            pool: tuple(node for held, count in counts for node in list(groups[pool][held])[:count])
            for pool, counts in by_pool.items()
        }
        alike = math.prod(
            math.comb(len(groups[pool][held]), count)
            for pool, counts in by_pool.items()
            for held, count in counts
        )
        yield LossKind(tuple(by_pool.items()), nodes, alike)


def _kinds_of_pool(
    groups: Mapping[Held, Sequence[int]], lost: int
) -> Iterator[tuple[tuple[Held, int], ...]]:
    """Every way to take `lost` nodes out of the groups, in their order; those that nothing is taken
    of are left out. A stack of its own: a thousand groups are no depth for recursion.
    """
    held = list(groups)
    sizes = [len(groups[key]) for key in held]
    left = [sum(sizes[g:]) for g in range(len(sizes) + 1)]
    waiting: list[tuple[int, int, tuple[tuple[Held, int], ...]]] = [(0, lost, ())]
    while waiting:
        start, missing, taken = waiting.pop()
        if not missing:
            yield taken
            continue
        for g in range(start, len(sizes)):
            # Groups before g give nothing; g and those after it must have what is missing.
            if left[g] < missing:
                break
            waiting += [
                (g + 1, missing - count, (*taken, (held[g], count)))
                for count in range(1, min(sizes[g], missing) + 1)
                if left[g + 1] >= missing - count
            ]


def loss_key(groups: Groups, nodes: Mapping[str, Sequence[int]]) -> LossKey:
    """The kind of one choice of nodes."""
    key = []
    for pool, of_pool in groups.items():
        lost = set(nodes[pool])
        counts = ((held, len(lost & set(alike))) for held, alike in of_pool.items())
        key.append((pool, tuple((held, count) for held, count in counts if count)))
    return tuple(key)
