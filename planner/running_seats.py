"""The seats of what runs when a plan begins (models.instance.Running): packings near them, and what
starts on others.

    a replica stays    where what runs has one of its option on the same GPUs of the same node
    starts             shards of every other replica, also of one that only moves
    cost               start_price x starts, USD/h
"""

from collections import Counter
from collections.abc import Sequence

from models.formulation import FleetCost, fleet_cost
from models.instance import Instance
from models.packing.cycle import CyclePool, place_near, started_shards
from models.packing.first_fit import Packing, Seat, pool_items

__all__ = ["place_near_running_seats", "running_seats", "running_seats_cost"]


def running_seats(instance: Instance, pool: int) -> list[Seat]:
    """Seats of what runs in a pool, of those that the pool still has; replicas numbered by option,
    empty where a plan begins with nothing.
    """
    if instance.running is None:
        return []
    has, counted = instance.pools[pool], Counter[int]()
    seats: list[Seat] = []
    for o, node, gpus in instance.running.places:
        here = instance.options[o].pool == pool and len(gpus) == instance.options[o].tp_degree
        if here and node < has.nodes and max(gpus) < has.gpus_per_node:
            seats.append((o, counted[o], node, tuple(sorted(gpus))))
            counted[o] += 1
    return seats


def running_seats_cost(instance: Instance, packings: Sequence[Packing]) -> float:
    """USD/h of the shards of a setup, packed pool by pool, that start; 0 without a price."""
    if instance.running is None or not instance.prices_changes:
        return 0.0
    started = sum(
        started_shards(running_seats(instance, p), packing.seats)
        for p, packing in enumerate(packings)
    )
    return instance.running.start_price * started


def place_near_running_seats(
    instance: Instance, packings: Sequence[Packing], renamed: Sequence[bool] = ()
) -> tuple[Packing, ...]:
    """Packings of every pool placed anew near what runs, where that costs no more: GPUs and starts
    together; as they are where nothing runs.

    renamed: by pool, whether nodes and GPUs may get other names only.
    """
    if instance.running is None or not instance.running.places:
        return tuple(packings)
    fleet, start = fleet_cost(instance), instance.running.start_price
    placed = []
    for p, (pool, packing) in enumerate(zip(instance.pools, packings, strict=True)):
        near = running_seats(instance, p)
        if not near:
            placed.append(packing)
            continue
        count = Counter(seat[0] for seat in packing.seats)
        replicas = [count[o] for o in range(len(instance.options))]
        around = CyclePool(
            nodes=pool.nodes,
            gpus_per_node=pool.gpus_per_node,
            room=instance.room(p),
            gpu_cost=(),
            start_cost=start,
            renamed=[bool(renamed) and renamed[p]],
        )

        def price(gpus: int, starts: int, p: int = p) -> float:
            return _pool_price(fleet, p, gpus) + start * starts

        items = pool_items(instance.options, p, replicas)
        placed.append(place_near(items, packing, near, around, price))
    return tuple(placed)


def _pool_price(fleet: FleetCost, pool: int, gpus: int) -> float:
    """USD/h of GPUs of one pool in use, beyond what is paid anyway."""
    beyond = max(gpus - float(fleet.reserved[pool]), 0.0)
    return float(fleet.use[pool]) * gpus + float(fleet.rent[pool]) * beyond
