"""The way back from a plan as it is told to a solution in the instance's positions: for searches that begin at a plan."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.instance import Instance
from planner.solution import Effort, Shard, Solution
from planner.verification.verifier import find_option, index_options, read_options

__all__ = ["solution_back"]


def solution_back(instance: Instance, content: Mapping[str, Any]) -> Solution:
    """The solution of a plan with a setup (content of plan.json) of this very instance: value, bound, setup, rates, routing, placement.

    Dual prices, ties and shadow prices stay empty.
    """
    index, objective, options = index_options(instance), content["objective"], len(instance.options)
    replicas, rates = np.zeros(options, dtype=int), np.zeros(options)
    for deployed in read_options(content, index):
        replicas[deployed.position], rates[deployed.position] = deployed.replicas, deployed.rate
    seats = [(find_option(seat, index), seat) for seat in content["placement"]]
    shards = tuple(Shard(o, seat["replica"], seat["shard"], seat["node"], seat["gpu"]) for o, seat in seats if o is not None)
    return Solution(
        content["status"],
        objective["value"],
        objective["bound"],
        Effort(0.0, {}, 0, 0, 0, content["solver"]["termination"]),
        replicas,
        rates,
        np.array([content["routing"][llm.name] for llm in instance.llms]),
        content["quality"],
        placement=shards,
    )
