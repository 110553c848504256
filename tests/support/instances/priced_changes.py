"""What every setup of a tiny instance costs where starts have a price, by trying all placements."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from models.instance import Instance, Running
from tests.support.instances.oracle import Setup, feasible_setups
from tests.support.instances.payments import paid_for_pool

__all__ = [
    "Spot",
    "cheapest_with_starts",
    "placements_of_setup",
    "running_at",
    "setups_with_starts",
]

Spot = tuple[int, int, tuple[int, ...]]
"""(option, node, GPUs) of one replica."""


def placements_of_setup(instance: Instance, pool: int, counts: list[int]) -> Iterator[list[Spot]]:
    """Every placement of so many replicas of each option (O,) in a pool, replicas of one option in
    the order of their seats.
    """
    has, room = instance.pools[pool], instance.room(pool) * (1 + 1e-9)
    seats = [
        (node, gpus)
        for degree in range(1, has.gpus_per_node + 1)
        for node in range(has.nodes)
        for gpus in combinations(range(has.gpus_per_node), degree)
    ]
    share: Counter[tuple[int, int]] = Counter()
    memory: Counter[tuple[int, int]] = Counter()
    todo = [o for o, n in enumerate(counts) for _ in range(n)]

    def extend(at: int, first: int, placed: list[Spot]) -> Iterator[list[Spot]]:
        if at == len(todo):
            yield list(placed)
            return
        option = instance.options[todo[at]]
        for k in range(first, len(seats)):
            node, gpus = seats[k]
            on = [(node, gpu) for gpu in gpus]
            if len(gpus) != option.tp_degree or any(
                share[g] + option.mps_share > 1 + 1e-9 or memory[g] + option.memory > room
                for g in on
            ):
                continue
            for g in on:
                share[g], memory[g] = share[g] + option.mps_share, memory[g] + option.memory
            again = at + 1 < len(todo) and todo[at + 1] == todo[at]
            yield from extend(at + 1, k if again else 0, [*placed, (todo[at], node, gpus)])
            for g in on:
                share[g], memory[g] = share[g] - option.mps_share, memory[g] - option.memory

    return extend(0, 0, [])


def cheapest_with_starts(instance: Instance, replicas: tuple[int, ...]) -> float:
    """USD/h of a setup where it is placed best: GPUs in use and shards that start."""
    running, total = instance.running, 0.0
    if running is None:
        raise ValueError("nothing runs")
    for p, pool in enumerate(instance.pools):
        counts = [n * (instance.options[o].pool == p) for o, n in enumerate(replicas)]
        there = Counter(running.places)
        best = float("inf")
        for placed in placements_of_setup(instance, p, counts):
            gpus = {(node, gpu) for _, node, held in placed for gpu in held}
            news = Counter(placed) - there
            starts = sum(count * len(spot[2]) for spot, count in news.items())
            best = min(best, paid_for_pool(pool, len(gpus)) + running.start_price * starts)
        total += best
    return total


def setups_with_starts(instance: Instance) -> list[Setup]:
    """All setups of an instance where something runs, their costs with what starts."""
    return [
        replace(setup, cost=cheapest_with_starts(instance, setup.replicas))
        for setup in feasible_setups(instance)
    ]


def running_at(instance: Instance, placed: list[Spot], price: float) -> Instance:
    """The instance where replicas run, each shard that starts at a price (USD/h)."""
    counts = Counter(option for option, _, _ in placed)
    replicas = tuple(counts[o] for o in range(len(instance.options)))
    running = Running(
        replicas=replicas,
        rates=tuple(float(n) for n in replicas),
        places=tuple(placed),
        start_price=price,
    )
    return replace(instance, running=running)
