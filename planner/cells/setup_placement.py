"""Setups on their GPUs: evenly over nodes where some may be lost, and so that few replicas move."""

from collections.abc import Sequence

import numpy as np

from models.demand.requests import DemandInstance
from models.formulation import Changes, fleet_cost
from models.instance import Instance
from models.packing.cycle import CyclePool, place_cycle, started_shards
from models.packing.first_fit import Packing, pool_items
from models.packing.spread import spread_over_nodes
from planner.running_seats import place_near_running_seats, running_seats_cost

__all__ = [
    "Packings",
    "arrange_setups",
    "change_of_setups_cost",
    "setup_cost",
    "setup_keeps_limits",
    "setups_cost",
    "setups_starts_cost",
]

Packings = tuple[tuple[Packing, ...], ...]
"""Of every setup, of every pool."""

LEAST_GPU, LEAST_START = 1e-3, 1e-6
"""USD/h that a GPU and a start count for at least: without prices fewer of both are better too."""


def setup_keeps_limits(
    instance: Instance, replicas: np.ndarray, limit: Changes | None = None
) -> bool:
    """Whether a setup (O,), wherever it is placed, keeps the limits on the replicas of every LLM,
    the floor of utilisation and the limit of changes.
    """
    options, llms = instance.options, instance.llms
    held = np.bincount([o.llm for o in options], weights=replicas, minlength=len(llms))
    most = [np.inf if llm.max_replicas is None else llm.max_replicas for llm in llms]
    least = [llm.min_replicas for llm in llms]
    shares = np.array([o.tp_degree * o.mps_share for o in options])
    return bool(
        (held >= least).all()
        and (held <= most).all()
        and shares @ replicas >= instance.min_utilization * instance.gpus * (1 - 1e-9)
        and (limit is None or limit.count(replicas) <= limit.most)
    )


def arrange_setups(
    demand: DemandInstance, replicas: np.ndarray, packings: Sequence[Sequence[Packing]]
) -> Packings:
    """Packings of setups (S, O) that can be packed as given: spread where nodes may be lost, near
    those before and after, or near what runs before the only one.
    """
    instance = demand.instance
    fleet, parts = fleet_cost(instance), demand.setup_parts()
    # One GPU more in use costs nothing where it is paid for anyway; of pools with reserved nodes it
    # counts at the price of those beyond.
    prices = fleet.use + fleet.rent
    setups = range(len(packings))
    by_pool: list[list[Packing]] = []
    for p, pool in enumerate(instance.pools):
        items = [pool_items(instance.options, p, replicas[s].tolist()) for s in setups]
        renamed = [any(demand.cases[t].lost_nodes[p] for t in demand.setups[s]) for s in setups]
        own = [packings[s][p] for s in setups]
        for s in setups:
            if renamed[s]:
                room = instance.room(p)
                even = spread_over_nodes(items[s], pool.nodes, pool.gpus_per_node, room)
                own[s] = even or own[s]
        dear = CyclePool(
            nodes=pool.nodes,
            gpus_per_node=pool.gpus_per_node,
            room=instance.room(p),
            gpu_cost=[float(part * max(prices[p], LEAST_GPU)) for part in parts],
            start_cost=max((demand.start_usd or 0.0) / demand.hours, LEAST_START),
            renamed=renamed,
        )
        by_pool.append(place_cycle(items, own, dear))
    placed = tuple(tuple(of_pool[s] for of_pool in by_pool) for s in setups)
    if len(placed) > 1:
        return placed
    lost = [any(case.lost_nodes[p] for case in demand.cases) for p in range(len(instance.pools))]
    return (place_near_running_seats(instance, placed[0], lost),)


def setups_cost(demand: DemandInstance, packings: Sequence[Sequence[Packing]]) -> float:
    """USD/h of the GPUs of placed setups over all hours, and of what starts."""
    costs = (setup_cost(demand, s, own) for s, own in enumerate(packings))
    starts = setups_starts_cost(demand, packings) + change_of_setups_cost(demand, packings)
    return sum(costs) + starts


def setup_cost(demand: DemandInstance, setup: int, packings: Sequence[Packing]) -> float:
    """USD/h of the GPUs of one placed setup, over all hours."""
    cost = fleet_cost(demand.instance).at([one.gpus for one in packings])
    return float(demand.setup_parts()[setup] * cost)


def setups_starts_cost(demand: DemandInstance, packings: Sequence[Sequence[Packing]]) -> float:
    """USD/h of the shards that start in a cycle of placed setups."""
    if not demand.start_usd or len(packings) == 1:
        return 0.0
    started = sum(
        started_shards(packings[s - 1][p].seats, packings[s][p].seats)
        for s in range(len(packings))
        for p in range(len(packings[s]))
    )
    return demand.start_usd * started / demand.hours


def change_of_setups_cost(demand: DemandInstance, packings: Sequence[Sequence[Packing]]) -> float:
    """USD/h of the shards that start beside what runs, of a fixed fleet."""
    return running_seats_cost(demand.instance, packings[0]) if len(packings) == 1 else 0.0
