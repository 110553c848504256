"""What to buy for a scenario of one rate: the same scenario with its numbers of nodes left to the
plan.
"""

import math
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from planner.scenario.edits import cost_objective_edit
from planner.scenario.schema.demand_specification import CaseSpec

__all__ = [
    "most_nodes_to_buy",
    "purchase_after_loss_content",
    "purchase_content",
    "purchase_range_words",
]

NODES_BEYOND, LEAST_NODES = 2, 4
"""So many times the nodes that a pool has, and at least so many, are considered. A search needs an
end, and every node more is a larger search: twice as many leave room to replace one pool by another
that is half as fast, and four let a pool that is small today become the main one. A plan that takes
all of them says that more may be better still.
"""


def most_nodes_to_buy(nodes: int, times: float) -> int:
    """The most nodes of a pool that are considered at `times` the rate. nodes: that it has."""
    return max(math.ceil(NODES_BEYOND * times * nodes), LEAST_NODES)


def purchase_range_words(content: Mapping[str, Any], times: float) -> str:
    """How many nodes of each pool are considered: `0 to 4 of a100, 0 to 8 of h100`."""
    return ", ".join(
        f"0 to {most_nodes_to_buy(pool['nodes'], times)} of {pool['name']}"
        for pool in content["pools"]
        if not isinstance(pool["nodes"], Mapping)
    )


def purchase_content(
    content: Mapping[str, Any], quality: float | None, times: float = 1.0
) -> dict[str, Any]:
    """The content of a scenario of one rate that asks how many nodes to have: the cheapest that
    reach its floor, or else the quality of a plan, at `times` the rate.

    Every pool may have none, and at most `most_nodes_to_buy`. quality: of the plan.
    """
    new = deepcopy(dict(content))
    if "quality_at_least" not in new["objective"]:
        new["objective"] = cost_objective_edit(quality)
    new["arrival_rate_rps"] = times * content["arrival_rate_rps"]
    for pool in new["pools"]:
        if not isinstance(pool["nodes"], Mapping):
            pool["nodes"] = {"at_least": 0, "at_most": most_nodes_to_buy(pool["nodes"], times)}
    return new


def purchase_after_loss_content(
    content: Mapping[str, Any], quality: float | None
) -> dict[str, Any]:
    """The content of a scenario that asks what to add to the nodes that are there, so that a node
    of any pool may fail: the limits hold without it, and so does a floor that the scenario states.

    Arguments as of `purchase_content`. The losses are cases of 0 hours, one for each pool.
    """
    new = purchase_content(content, quality)
    for pool, before in zip(new["pools"], content["pools"], strict=True):
        if not isinstance(before["nodes"], Mapping):
            pool["nodes"]["at_least"] = before["nodes"]
    rate, new["arrival_rate_rps"] = new["arrival_rate_rps"], None
    floor = content["objective"].get("quality_at_least")
    cases = [CaseSpec(name="all nodes", arrival_rate_rps=rate)]
    for pool in new["pools"]:
        lost = {pool["name"]: 1}
        name = f"without a node of {pool['name']}"
        cases.append(
            CaseSpec(
                name=name, hours=0.0, arrival_rate_rps=rate, lost_nodes=lost, quality_at_least=floor
            )
        )
    new["cases"] = [case.model_dump(mode="json") for case in cases]
    return new
