"""Numbers of nodes that a plan has decided: stated once for every pool where that is left to the
plan, within its bounds. What is then checked is an instance with so many nodes, all of them paid;
of a pool with fewer nodes than a case loses, all are lost.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from models.demand.requests import DemandInstance
from models.instance import Instance

__all__ = ["check_stated_nodes", "demand_with_stated_nodes", "instance_with_stated_nodes"]


def check_stated_nodes(plan: Mapping[str, Any], instance: Instance) -> Iterator[str]:
    """`pools` has every pool whose nodes are decided once, with a number within its bounds."""
    stated = [(entry["pool"], entry["nodes"]) for entry in plan.get("pools", ())]
    bounds = {pool.name: pool.sized for pool in instance.pools if pool.sized is not None}
    for name in bounds:
        times = sum(name == one for one, _ in stated)
        if times != 1:
            yield f"pools: the nodes of {name} are stated {times} times, not once"
    for name, nodes in stated:
        ends = bounds.get(name)
        if ends is None:
            yield f"pools: {name} is no pool whose nodes the plan decides"
        elif not ends[0] <= nodes <= ends[1]:
            yield f"pools: {nodes} nodes of {name}, allowed are {ends[0]} to {ends[1]}"


def instance_with_stated_nodes(plan: Mapping[str, Any], instance: Instance) -> Instance:
    """The instance with the numbers of a plan that passed `check_stated_nodes`."""
    numbers = {entry["pool"]: entry["nodes"] for entry in plan.get("pools", ())}
    pools = tuple(
        replace(pool, nodes=numbers[pool.name], owned=True) if pool.name in numbers else pool
        for pool in instance.pools
    )
    return replace(instance, pools=pools)


def demand_with_stated_nodes(plan: Mapping[str, Any], demand: DemandInstance) -> DemandInstance:
    """The same of a demand."""
    instance = instance_with_stated_nodes(plan, demand.instance)
    cases = tuple(
        replace(
            case,
            lost_nodes=tuple(
                min(lost, pool.nodes) if pool.sized is not None else lost
                for lost, pool in zip(case.lost_nodes, instance.pools, strict=True)
            ),
        )
        for case in demand.cases
    )
    return replace(demand, instance=instance, cases=cases)
