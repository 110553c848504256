"""A plan of cells is read back by position, with loads by work."""

from dataclasses import replace

import numpy as np
import pytest

from planner.verification.cells.stated_cells import (
    StatedCells,
    lanes_by_option,
    read_stated_cells,
)
from planner.verification.deployed_options import index_deployed_options
from tests.support.demand.cells_by_hand import (
    cells_demand,
    cells_plan,
    cells_problems,
    curve_by_hand,
    without,
)


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


def test_float_noise_of_a_cell_goes_nowhere() -> None:
    """1e-9 of its rate, 6 req/s, on a lane or outside."""
    plan = stated()
    cell, lanes = plan.cells_of(0, None)[0], plan.lanes_of(0, None)
    for share, places in ((0.9e-9, 1), (1.1e-9, 4)):
        few = [replace(lane, rates=np.array([6.0 * share, 0.0])) for lane in lanes[1:]]
        sent = replace(cell, fractions=np.array([0.0, 0.0, share]))
        changed = replace(plan, lanes=(lanes[0], *few))
        assert len(changed.loads_of_cell(sent)) == places


def test_the_requests_of_a_class_are_read_on_its_own_curve() -> None:
    own = curve_by_hand(6.0, 0.3)
    plan = replace(stated(), demand=replace(cells_demand(), class_curves={(0, 1): own}))
    chat, batch = plan.cells_of(0, None)
    assert [load.curve is own for _, load in plan.loads_of_cell(batch)] == [True, False]
    assert not any(load.curve is own for _, load in plan.loads_of_cell(chat))


def test_cells_and_lanes_are_called_by_class_case_and_loss() -> None:
    plan = stated()
    assert plan.cells[0].where == "cells.0 (class chat, case day)"
    assert plan.cells_of(2, 1)[1].where == "cells.6 (class batch, case lost, loss 1)"
    assert plan.lanes_of(2, 0)[0].where == "lanes.6 (case lost, loss 0)"


def test_a_class_that_a_lane_does_not_name_sends_it_nothing() -> None:
    assert cells_problems(without("lanes.3.rates.batch")) == ()
