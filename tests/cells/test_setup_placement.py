"""Setups on their GPUs, and what their starts cost."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Running
from planner.cells.setup_placement import (
    arrange_setups,
    change_of_setups_cost,
    setups_cost,
    setups_starts_cost,
)
from planner.joint.setups.separation import pack_for_separation
from tests.support.demand.cell_models import cell_model
from tests.verification.cells.test_start_checks import scheduled


def test_a_setup_that_may_lose_nodes_is_spread_and_the_other_stays_near() -> None:
    demand = scheduled()
    model, replicas = cell_model(demand), np.array([[2, 1], [1, 1]])
    packings = arrange_setups(demand, replicas, [pack_for_separation(model, n) for n in replicas])
    day, night = (packings[s][0] for s in (0, 1))
    assert {seat[2] for seat in day.seats} == {0, 1, 2}
    assert {seat[:1] + seat[2:] for seat in night.seats} < {s[:1] + s[2:] for s in day.seats}
    # One replica starts in a cycle of 24 hours; 3 GPUs for 14 hours, 2 for 10, at 2 USD/h.
    assert setups_starts_cost(demand, packings) == pytest.approx(0.6 / 24)
    assert setups_cost(demand, packings) == pytest.approx((14 * 6 + 10 * 4 + 0.6) / 24)


def test_one_setup_starts_nothing() -> None:
    demand = scheduled()
    assert (
        setups_starts_cost(demand, [pack_for_separation(cell_model(demand), np.array([2, 1]))]) == 0
    )


def test_one_setup_stays_near_what_runs() -> None:
    """Beside one replica that runs on the last node the other two start, 0.5 USD/h each."""
    demand = scheduled().fixed()
    places = ((0, 2, (0,)),)
    running = Running(replicas=(1, 0), rates=(1.0, 0.0), places=places, start_price=0.5)
    demand = replace(demand, instance=replace(demand.instance, running=running))
    replicas = np.array([[2, 1]])
    packings = arrange_setups(
        demand, replicas, [pack_for_separation(cell_model(demand), *replicas)]
    )
    assert (0, 2, (0,)) in {(key, node, gpus) for key, _, node, gpus in packings[0][0].seats}
    assert change_of_setups_cost(demand, packings) == pytest.approx(1.0)
    assert setups_cost(demand, packings) == pytest.approx(3 * 2.0 + 1.0)
