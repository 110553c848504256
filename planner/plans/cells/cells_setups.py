"""The setups of a plan over cells by position, as `lost_node_table` and searches have them."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from models.demand.requests import DemandInstance
from models.packing.first_fit import Seat, packing_of_seats
from planner.cell_solution import PlannedSetup
from planner.plans.option_index import OptionIndex

__all__ = ["read_cells_setups"]


def read_cells_setups(content: Mapping[str, Any], demand: DemandInstance) -> list[PlannedSetup]:
    """Replicas and seats of every setup. The plan must be readable for its demand
    (`planner.plans.cells.any_plan`); what a setup costs is not restated.
    """
    index, cases = OptionIndex(demand.instance), [case.name for case in demand.cases]
    setups = []
    for setup in content["setups"]:
        at = [index.position(entry) for entry in setup["options"]]
        replicas = np.zeros(len(demand.instance.options), dtype=int)
        for o, entry in zip(at, setup["options"], strict=True):
            replicas[o] = entry["replicas"]
        held: dict[tuple[int, int, int], list[tuple[int, int]]] = defaultdict(list)
        for shard in setup["placement"]:
            o = at[shard["option"]]
            if o is None:
                raise ValueError("a shard of an option that the scenario does not have")
            held[o, shard["replica"], shard["node"]].append((shard["shard"], shard["gpu"]))
        seats: list[list[Seat]] = [[] for _ in demand.instance.pools]
        for (o, replica, node), gpus in sorted(held.items()):
            pool = demand.instance.options[o].pool
            seats[pool].append((o, replica, node, tuple(gpu for _, gpu in sorted(gpus))))
        setups.append(
            PlannedSetup(
                cases=tuple(cases.index(name) for name in setup["cases"]),
                replicas=replicas,
                packings=tuple(packing_of_seats(own) for own in seats),
                cost=0.0,
            )
        )
    return setups
