"""Every setup of a tiny cluster on its nodes: what each node may hold, and nodes alike once."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, product

from models.demand.requests import DemandInstance
from models.instance import Instance
from tests.support.demand.plan_maker import Seat
from tests.support.instances.payments import paid_for_pool

Content = tuple[int, ...]
"""Replicas of every option on one node."""


@dataclass(frozen=True)
class PlacedSetup:
    """replicas: (O,). seats: where they are. cost: USD/h of the GPUs in use, nan without price."""

    replicas: tuple[int, ...]
    seats: tuple[Seat, ...]
    gpus: int
    cost: float


def placed_setups(demand: DemandInstance, *, by_node: bool) -> list[PlacedSetup]:
    """Setups that keep the replica limits, the utilisation and the room on every GPU.

    by_node: every way to share the replicas among nodes; else the cheapest for each number.
    """
    instance = demand.instance
    found: dict[object, PlacedSetup] = {}
    for nodes in product(*(list(_pool_contents(instance, p)) for p in range(len(instance.pools)))):
        setup = _seat_setup(instance, nodes)
        if not _keeps_limits(instance, setup.replicas):
            continue
        key: object = nodes if by_node else setup.replicas
        cost = math.inf if math.isnan(setup.cost) else setup.cost
        known = found.get(key)
        if known is None or (cost, setup.gpus) < (known.cost, known.gpus):
            found[key] = setup
    return list(found.values())


NodePlan = tuple[Content, tuple[tuple[int, tuple[int, ...]], ...]]
"""What a node holds, and (option, GPUs) of every replica on it."""


def _pool_contents(instance: Instance, pool: int) -> Iterator[tuple[NodePlan, ...]]:
    kinds = _node_plans(instance, pool)
    yield from combinations_with_replacement(kinds, instance.pools[pool].nodes)


def _node_plans(instance: Instance, pool: int) -> list[NodePlan]:
    """All that one node may hold, each on the fewest GPUs."""
    own = [o for o, option in enumerate(instance.options) if option.pool == pool]
    best: dict[Content, tuple[int, tuple[tuple[int, tuple[int, ...]], ...]]] = {}
    gpus = instance.pools[pool].gpus_per_node

    def extend(
        start: int,
        used: list[tuple[float, float]],
        placed: tuple[tuple[int, tuple[int, ...]], ...],
    ) -> None:
        content = tuple(sum(o == p for p, _ in placed) for o in range(len(instance.options)))
        count = sum(share > 0 for share, _ in used)
        if content not in best or count < best[content][0]:
            best[content] = (count, placed)
        for k in range(start, len(own)):
            option = instance.options[own[k]]
            for chosen in combinations(range(gpus), option.tp_degree):
                after = [
                    (s + option.mps_share, m + option.memory) if g in chosen else (s, m)
                    for g, (s, m) in enumerate(used)
                ]
                room = instance.room(pool) * (1 + 1e-9)
                if all(s <= 1 + 1e-9 and m <= room for s, m in after):
                    extend(k, after, (*placed, (own[k], chosen)))

    extend(0, [(0.0, 0.0)] * gpus, ())
    return [(content, placed) for content, (_, placed) in sorted(best.items())]


def _seat_setup(instance: Instance, nodes: Sequence[Sequence[NodePlan]]) -> PlacedSetup:
    seats: list[Seat] = []
    count = [0] * len(instance.options)
    used: set[tuple[int, int, int]] = set()
    for p, of_pool in enumerate(nodes):
        for d, (_, placed) in enumerate(of_pool):
            for o, gpus in placed:
                seats.append(Seat(o, count[o], d, gpus))
                count[o] += 1
                used |= {(p, d, g) for g in gpus}
    held = [sum(of == p for of, _, _ in used) for p in range(len(instance.pools))]
    cost = float(sum(map(paid_for_pool, instance.pools, held)))
    return PlacedSetup(tuple(count), tuple(seats), len(used), cost)


def _keeps_limits(instance: Instance, replicas: Sequence[int]) -> bool:
    for i, llm in enumerate(instance.llms):
        own = sum(n for n, o in zip(replicas, instance.options, strict=True) if o.llm == i)
        if own < llm.min_replicas or own > (
            math.inf if llm.max_replicas is None else llm.max_replicas
        ):
            return False
    runs = instance.running
    if runs is not None and runs.most is not None:
        pairs_of_counts = zip(replicas, runs.replicas, strict=True)
        if sum(abs(n - m) for n, m in pairs_of_counts) + runs.gone > runs.most:
            return False
    pairs = list(zip(replicas, instance.options, strict=True))
    busy = sum(n * o.tp_degree * o.mps_share for n, o in pairs) / instance.gpus
    return busy >= instance.min_utilization - 1e-11 and all(
        sum(w * n for w, n in zip(q.weight, replicas, strict=True)) <= q.most * (1 + 1e-9)
        for q in instance.quotas
    )
