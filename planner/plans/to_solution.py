"""The way back from a plan as it is told to a solution in the instance's positions: for searches
that begin at a plan.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.instance import Instance
from planner.plans.option_index import OptionIndex
from planner.solution import Effort, Shard, Solution

__all__ = ["solution_back"]


def solution_back(instance: Instance, content: Mapping[str, Any]) -> Solution:
    """The solution of a plan with a setup (content of plan.json) of this very instance: value,
    bound, setup, rates, routing, placement.

    Dual prices, ties and shadow prices stay empty.
    """
    index, objective, options = OptionIndex(instance), content["objective"], len(instance.options)
    replicas, rates = np.zeros(options, dtype=int), np.zeros(options)
    for deployed in index.deployed(content["options"]):
        replicas[deployed.position], rates[deployed.position] = deployed.replicas, deployed.rate
    seats = [(index.position(seat), seat) for seat in content["placement"]]
    shards = tuple(
        Shard(o, seat["replica"], seat["shard"], seat["node"], seat["gpu"])
        for o, seat in seats
        if o is not None
    )
    return Solution(
        status=content["status"],
        value=objective["value"],
        bound=objective["bound"],
        effort=Effort(termination=content["solver"]["termination"]),
        replicas=replicas,
        routed_rates=rates,
        fractions=np.array([content["routing"][llm.name] for llm in instance.llms]),
        quality=content["quality"],
        placement=shards,
    )
