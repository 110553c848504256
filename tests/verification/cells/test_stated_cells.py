"""A plan of cells is read back by position, with loads by work."""

import numpy as np
import pytest

from planner.verification.cells.stated_cells import (
    StatedCells,
    lanes_by_option,
    read_stated_cells,
)
from planner.verification.deployed_options import index_deployed_options
from tests.support.demand.cells_by_hand import cells_demand, cells_plan


def stated() -> StatedCells:
    demand = cells_demand()
    return read_stated_cells(cells_plan(), demand, index_deployed_options(demand.instance))


def test_lanes_have_the_load_of_their_requests() -> None:
    """batch weighs twice as much on a."""
    lanes = stated().lanes_of(0, None)
    assert [lane.load for lane in lanes] == [2.5, 1.0 + 2 * 1.5, 2.0]
    assert lanes_by_option(lanes, 2).tolist() == [2, 1]
    assert lanes[1].where == "lanes.1 (case day)"


def test_states_and_cells() -> None:
    plan = stated()
    assert list(plan.states()) == [(0, None), (1, None), (2, 0), (2, 1)]
    assert [cell.request_class for cell in plan.cells_of(1, None)] == [0]
    assert plan.state_name(2, 1) == "case lost, loss 1"
    assert plan.setup_of(1) is plan.setups[0]
    assert plan.setups[0].seats[0, 1] == frozenset({("h100", 1)})


def test_requests_of_a_cell_go_to_lanes_and_outside() -> None:
    plan = stated()
    places = plan.loads_of_cell(plan.cells_of(0, None)[0])
    assert [load.rate for _, load in places] == pytest.approx([2.5, 1.0, 1.5, 1.0])
    assert places[-1][0] == "api outside the cluster"
    assert places[-1][1].latency(("ttft", "p95")) == pytest.approx(650.0)
    assert np.isclose(sum(load.rate for _, load in places), 6.0)
