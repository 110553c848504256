"""What starts in a cycle of setups, recomputed from the seats of their replicas.

    a replica stays    where the setup before has one of the same option on the same set of GPUs
    starts             shards of every other replica, also of one that only moved
    cost               start_usd_per_gpu x starts in a cycle / hours of all cases

Setups follow each other in the order of their own cases, the first the last. One setup alone starts
nothing.
"""

from collections import Counter

from models.demand.requests import DemandInstance
from planner.verification.cells.stated_cells import StatedCells, StatedSetup

__all__ = ["cases_by_setup", "recomputed_starts_cost", "shards_started"]

Spot = tuple[int, frozenset[tuple[str, int, int]]]
"""(option of the instance, its GPUs as (pool, node, GPU)) of one replica."""


def cases_by_setup(demand: DemandInstance) -> list[list[int]]:
    """Positions of the cases that each setup has to serve: of a fixed fleet all; of a scheduled one
    a case of its own, and those that name it.
    """
    if demand.start_usd is None:
        return [list(range(len(demand.cases)))]
    own = [t for t, case in enumerate(demand.cases) if case.of is None]
    return [[t for t, case in enumerate(demand.cases) if t == one or case.of == one] for one in own]


def recomputed_starts_cost(stated: StatedCells) -> float:
    """USD/h over all hours."""
    demand = stated.demand
    cycle = [stated.setup_of(cases[0]) for cases in cases_by_setup(demand)]
    if demand.start_usd is None or len(cycle) == 1:
        return 0.0
    started = sum(shards_started(cycle[k - 1], setup) for k, setup in enumerate(cycle))
    return demand.start_usd * started / sum(case.hours for case in demand.cases)


def shards_started(before: StatedSetup, after: StatedSetup) -> int:
    """Shards of a setup that were not there before."""
    there, started = _spots(before), 0
    for spot, count in _spots(after).items():
        started += max(0, count - there[spot]) * len(spot[1])
    return started


def _spots(setup: StatedSetup) -> Counter[Spot]:
    """How many replicas of an option are on each set of GPUs."""
    held: dict[tuple[int, int], set[tuple[str, int, int]]] = {}
    for shard in setup.entry["placement"]:
        on = held.setdefault((shard["option"], shard["replica"]), set())
        on.add((shard["pool"], shard["node"], shard["gpu"]))
    return Counter((setup.options[k].position, frozenset(on)) for (k, _), on in held.items())
