"""Numbers of nodes decided with the plan, against brute force over all of them."""

import math
from dataclasses import replace
from itertools import product

import pytest

from models.demand.node_numbers import decided_instance
from models.instance import Instance
from planner.settings import Settings
from planner.sizing.rate_sizing import solve_sized_rate
from planner.verification.verifier import run_verifier
from tests.support.instances.oracle import OracleResult, best_plan
from tests.support.instances.oracle_faults import REL_GAP, plan_content_of
from tests.support.instances.tiny import random_instance
from tests.support.walls import first_fast, wall_size


def sized(seed: int) -> Instance:
    """An instance that may have no node of a pool to one more than its own; every third has a
    reserved node, every fourth a second pool whose number is given.
    """
    instance = random_instance(seed, "cost")
    pools = []
    for p, pool in enumerate(instance.pools):
        if p == 1 and seed % 4 == 0:
            pools.append(pool)
            continue
        most = pool.nodes + (pool.gpus < 3)
        reserved = int(seed % 3 == 0)
        pools.append(
            replace(pool, nodes=most, sized=(seed % 2, most), reserved=reserved, reserved_price=0.7)
        )
    return replace(instance, pools=tuple(pools))


def by_brute_force(instance: Instance) -> list[OracleResult]:
    """The best plan of every choice of numbers."""
    ranges = {p: pool.sized for p, pool in enumerate(instance.pools) if pool.sized}
    choices = product(*(range(low, high + 1) for low, high in ranges.values()))
    chosen = (dict(zip(ranges, numbers, strict=True)) for numbers in choices)
    return [
        best_plan(decided_instance(instance, numbers))
        for numbers in chosen
        # Without any GPU there is nothing to search.
        if decided_instance(instance, numbers).gpus > 0
    ]


@pytest.mark.parametrize("seeds", first_fast([range(4), range(4, wall_size(14, 80))]), ids=str)
def test_numbers_of_nodes_agree_with_brute_force(seeds: range) -> None:
    faults = []
    for seed in seeds:
        instance = sized(seed)
        decided, solution = solve_sized_rate(instance, Settings(rel_gap=REL_GAP), explain=False)
        truths = by_brute_force(instance)
        reached = min((one.value for one in truths if one.feasible), default=math.inf)
        proven = min((one.bound for one in truths if one.feasible is not False), default=math.inf)
        if solution.value is None or solution.bound is None:
            if solution.status != "infeasible" or reached < math.inf:
                faults.append(f"{seed}: {solution.status}, but {reached} is feasible")
            continue
        if not proven - 1e-7 <= solution.value <= reached * (1 + REL_GAP) + 1e-7:
            faults.append(f"{seed}: {solution.value}, but {proven} to {reached} is right")
        if solution.bound > reached + 1e-7:
            faults.append(f"{seed}: bound {solution.bound} above the reached {reached}")
        content = plan_content_of(decided, solution)
        assert content["pools"] == [
            {"pool": pool.name, "nodes": pool.nodes} for pool in decided.pools if pool.sized
        ]
        faults += [
            f"{seed}: {fault}" for fault in run_verifier(content, instance, rel_gap_target=REL_GAP)
        ]
    assert not faults, "\n".join(faults)
