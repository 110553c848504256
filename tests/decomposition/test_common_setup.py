"""The best setup for several cells: against the decomposition of one instance, and its bounds
against other setups.
"""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.requests import DemandInstance
from planner.decomposition.best_setup import best_setup
from planner.decomposition.cell_state import CellState, cell_prompts
from planner.decomposition.common_setup import (
    CommonCell,
    CommonSetup,
    best_common_setup,
    cell_bound_by_relaxation,
    route_cell,
)
from planner.decomposition.enumeration import enumerate_setups
from planner.decomposition.packing import PlacementVerdict, decide_packing
from tests.support.demand.random_demands import random_demand

TOLERANCE = 2e-5


def cells_of(demand: DemandInstance) -> list[CommonCell]:
    prompts, weights = cell_prompts(demand), demand.cell_weights()
    return [
        CommonCell(
            CellState(demand, cell, prompts[cell.request_class]),
            float(weights[cell.request_class, cell.case]),
        )
        for cell in demand.cells()
    ]


def search(demand: DemandInstance, target: float | None = None) -> CommonSetup:
    setups = enumerate_setups(demand.instance)
    return best_common_setup(
        demand.instance, cells_of(demand), setups, tolerance=TOLERANCE, target=target
    )


def test_one_case_is_the_best_setup_of_its_instance():
    compared = 0
    for seed in range(8):
        demand = random_demand(seed, "one_class")
        (cell,) = cells_of(demand)
        found, alone = search(demand), best_setup(cell.state.instance, tolerance=TOLERANCE)
        assert (found.value is None) == (alone.value is None)
        if found.value is not None and alone.value is not None:
            assert found.value == pytest.approx(alone.value, abs=2 * TOLERANCE)
            assert found.bound >= alone.value - 1e-7
            compared += 1
    assert compared >= 3


def test_the_value_is_reached_and_no_setup_is_better_than_the_bound():
    compared = 0
    for seed in range(3):
        demand = random_demand(seed, "cases")
        cells, setups, found = cells_of(demand), enumerate_setups(demand.instance), search(demand)
        for setup in range(len(setups)):
            deployed = setups.deployed(setup)
            if decide_packing(demand.instance, deployed).verdict == PlacementVerdict.IMPOSSIBLE:
                continue
            routed = [route_cell(cell.state, deployed, TOLERANCE) for cell in cells]
            if all(one.value is not None for one in routed):
                value = sum(
                    c.weight * float(one.value or 0.0) for c, one in zip(cells, routed, strict=True)
                )
                assert value <= found.bound + 1e-7
                compared += 1
                if deployed == found.deployed:
                    assert value == pytest.approx(found.value, abs=1e-4)
    assert compared > 5


def test_a_floor_rules_setups_out():
    demand = next(
        one
        for one in (random_demand(seed, "one_class") for seed in range(20))
        if search(one).value is not None
    )
    (cell,) = cells_of(demand)
    setups = enumerate_setups(demand.instance)
    high = replace(cell, floor=cell.state.prompts.most + 0.1)
    found = best_common_setup(demand.instance, [high], setups, tolerance=TOLERANCE)
    assert found.value is None
    assert found.bound == -np.inf


def test_the_relaxation_is_above_every_setup():
    for seed in range(3):
        demand = random_demand(seed, "cases")
        for cell in cells_of(demand):
            alone = best_common_setup(
                demand.instance,
                [replace(cell, weight=1.0)],
                enumerate_setups(demand.instance),
                tolerance=TOLERANCE,
            )
            bound = cell_bound_by_relaxation(cell.state, TOLERANCE)
            assert bound >= (-np.inf if alone.value is None else alone.value) - 1e-7
