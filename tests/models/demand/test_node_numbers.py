"""Instances with decided numbers of nodes, and boxes that bound them all."""

from dataclasses import replace

import numpy as np
import pytest

from models.capacity import capacity_rows
from models.demand.node_numbers import (
    box_demand,
    box_instance,
    decided_demand,
    decided_instance,
    decided_numbers,
    nodes_for_replicas,
    undecided_pools,
)
from models.formulation import fleet_cost
from models.instance import Instance
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.instances.plan_by_hand import tiny


def sized(least: int, most: int, reserved: int = 0) -> Instance:
    pool = replace(tiny().pools[0], nodes=most, sized=(least, most), reserved=reserved)
    return replace(tiny(), pools=(replace(pool, reserved_price=0.5),), min_utilization=0.3)


def test_a_number_is_undecided_until_it_is_decided() -> None:
    instance = sized(1, 5)
    decided = decided_instance(instance, {0: 3})
    assert undecided_pools(instance) == (0,)
    assert undecided_pools(decided) == ()
    assert decided_numbers(instance) == {}
    assert decided_numbers(decided) == {0: 3}
    assert decided.gpus == 6


@pytest.mark.parametrize("reserved", [0, 2])
def test_a_box_costs_no_more_than_any_number_in_it(reserved: int) -> None:
    instance = sized(0, 5, reserved)
    for low, high in ((0, 5), (1, 3), (2, 2), (4, 5)):
        box = box_instance(instance, {0: low}, {0: high})
        assert box.pools[0].nodes == high
        for nodes in range(low, high + 1):
            whole = fleet_cost(decided_instance(instance, {0: nodes})).at([0])
            assert fleet_cost(box).at([2 * nodes]) <= whole + 1e-9
        # One number alone costs what it costs, whatever is in use.
        if low == high:
            assert fleet_cost(box).at([2 * low]) == pytest.approx(whole)
        assert box.min_utilization * box.gpus == pytest.approx(0.3 * 2 * low)


def test_no_more_nodes_are_lost_than_there_are() -> None:
    demand = cells_demand()
    pool = replace(demand.instance.pools[0], sized=(0, 3))
    demand = replace(demand, instance=replace(demand.instance, pools=(pool,)))
    assert decided_demand(demand, {0: 0}).cases[2].lost_nodes == (0,)
    assert box_demand(demand, {0: 0}, {0: 3}).cases[2].lost_nodes == demand.cases[2].lost_nodes


def test_nodes_for_replicas() -> None:
    instance = sized(1, 5)
    rows = capacity_rows(instance)
    # Two GPUs at 60 % each: one replica a node of two GPUs.
    assert nodes_for_replicas(instance, rows, np.array([0.0, 0.0, 2.0]), 0) == 2
    assert nodes_for_replicas(instance, rows, np.zeros(3), 0) == 0
