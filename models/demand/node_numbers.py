"""Instances with other numbers of nodes: those that a plan has decided, and bounds on many at once.

`decided`: so many nodes, all of which are paid. `box`: any number from low to high. In a box the
low number of nodes is paid as reserved ones, and what is used beyond is rented GPU by GPU. A plan
on N nodes uses at most G N GPUs, so it costs no less than that; it is placed on the high number of
nodes as well, and is no worse there.

Of a pool with fewer nodes than a case loses, all are lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from models.capacity import CapacityRow
from models.demand.requests import DemandInstance
from models.instance import Instance, Pool

__all__ = [
    "Numbers",
    "box_demand",
    "box_instance",
    "decided_demand",
    "decided_instance",
    "decided_numbers",
    "nodes_for_replicas",
    "undecided_pools",
]

Numbers = Mapping[int, int]
"""Nodes by position of the pool."""

WHOLE = 1e-6
"""Nodes of a relaxation this close to a whole number are whole."""


def undecided_pools(instance: Instance) -> tuple[int, ...]:
    """Pools whose number of nodes is to be decided."""
    return tuple(p for p, pool in enumerate(instance.pools) if pool.undecided)


def decided_numbers(instance: Instance) -> dict[int, int]:
    """Nodes of the pools whose number has been decided."""
    sized = enumerate(instance.pools)
    return {p: pool.nodes for p, pool in sized if pool.sized is not None and not pool.undecided}


def decided_instance(instance: Instance, numbers: Numbers) -> Instance:
    """The instance with so many nodes, bought as whole ones."""
    pools = tuple(
        replace(pool, nodes=numbers[p], owned=True) if p in numbers else pool
        for p, pool in enumerate(instance.pools)
    )
    return replace(instance, pools=pools)


def decided_demand(demand: DemandInstance, numbers: Numbers) -> DemandInstance:
    """The demand with so many nodes, bought as whole ones."""
    return _with_instance(demand, decided_instance(demand.instance, numbers))


def box_instance(instance: Instance, low: Numbers, high: Numbers) -> Instance:
    """An instance that is no harder and no dearer than with any numbers from low to high."""
    pools = tuple(
        _box_pool(pool, low[p], high[p]) if p in low else pool
        for p, pool in enumerate(instance.pools)
    )
    # The floor of utilisation is a part of all GPUs: with the fewest it asks least.
    least = sum(pool.gpus_per_node * low.get(p, pool.nodes) for p, pool in enumerate(pools))
    most = sum(pool.gpus for pool in pools)
    part = least / most if most > 0 else 1.0
    return replace(instance, pools=pools, min_utilization=instance.min_utilization * part)


def box_demand(demand: DemandInstance, low: Numbers, high: Numbers) -> DemandInstance:
    """The same of a demand: the part of its nodes that a pool loses is least with the most."""
    return _with_instance(demand, box_instance(demand.instance, low, high))


def _box_pool(pool: Pool, low: int, high: int) -> Pool:
    """The first `low` nodes paid at what they cost, the rest rented."""
    # Nodes that are reserved by the scenario are paid even where fewer are taken.
    paid = max(low, pool.reserved)
    cost = pool.reserved_price * pool.reserved + (pool.price or 0.0) * (paid - pool.reserved)
    return replace(
        pool,
        nodes=high,
        sized=None,
        owned=False,
        reserved=paid,
        reserved_price=cost / paid if paid > 0 else 0.0,
    )


def _with_instance(demand: DemandInstance, instance: Instance) -> DemandInstance:
    """The demand on other pools."""
    nodes = [pool.nodes for pool in instance.pools]
    cases = tuple(
        replace(case, lost_nodes=tuple(map(min, case.lost_nodes, nodes))) for case in demand.cases
    )
    return replace(demand, instance=instance, cases=cases)


def nodes_for_replicas(
    instance: Instance, capacity: Sequence[CapacityRow], replicas: np.ndarray, pool: int
) -> int:
    """Nodes that so many replicas (O,) of a pool need at least, by the rows of capacity."""
    per_node = instance.pools[pool].gpus_per_node
    needed = [
        float(row.weight @ replicas) / (1 if row.per_node else per_node)
        for row in capacity
        if row.pool == pool
    ]
    return int(np.ceil(max(needed, default=0.0) - WHOLE))
