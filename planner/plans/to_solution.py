"""From the content of plan.json back to a solution in the instance's positions: for searches that
begin at a plan.
"""

import numpy as np

from models.instance import Instance
from planner.plans.option_index import OptionIndex
from planner.plans.schema import SolvedContent
from planner.solution import Effort, Shard, Solution, Status, Termination

__all__ = ["plan_to_solution"]


def plan_to_solution(instance: Instance, content: SolvedContent) -> Solution:
    """Return the solution of a plan with a setup of this very instance: value, bound, setup, rates,
    routing, placement.

    Dual prices, ties and shadow prices stay empty.
    """
    index, objective, options = OptionIndex(instance), content["objective"], len(instance.options)
    replicas, rates = np.zeros(options, dtype=int), np.zeros(options)
    for deployed in index.deployed(content["options"]):
        replicas[deployed.position], rates[deployed.position] = deployed.replicas, deployed.rate
    placement = [(index.position(shard), shard) for shard in content["placement"]]
    shards = tuple(
        Shard(o, shard["replica"], shard["shard"], shard["node"], shard["gpu"])
        for o, shard in placement
        if o is not None
    )
    return Solution(
        status=Status(content["status"]),
        value=objective["value"],
        bound=objective["bound"],
        effort=Effort(termination=Termination(content["solver"]["termination"])),
        replicas=replicas,
        routed_rates=rates,
        fractions=np.array([content["routing"][llm.name] for llm in instance.llms]),
        quality=content["quality"],
        placement=shards,
    )
