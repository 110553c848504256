"""Setups of a plan by position: what was planned comes back out of its plan.json."""

from pathlib import Path

import numpy as np

from planner.cells.solve import solve_cells
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.cells.cells_setups import read_cells_setups
from tests.support.scenarios.demand_case import load_day, write_day


def test_replicas_and_seats_come_back(tmp_path: Path) -> None:
    write_day(tmp_path)
    overrides = ("fleet={mode: scheduled}", "cases.2.of=day", "solver.rel_gap=0.05")
    loaded = load_day(tmp_path, *overrides)
    demand = loaded.demand
    assert demand is not None
    solution = solve_cells(demand, loaded.settings)
    assert solution.plan is not None
    content = build_cells_plan(loaded, demand, solution, loaded.settings, {})
    read = read_cells_setups(content, demand)
    assert [setup.cases for setup in read] == [setup.cases for setup in solution.plan.setups]
    assert len(read) == 2
    for one, planned in zip(read, solution.plan.setups, strict=True):
        assert np.array_equal(one.replicas, planned.replicas)
        for own, packed in zip(one.packings, planned.packings, strict=True):
            places = {(o, r, node, tuple(sorted(gpus))) for o, r, node, gpus in packed.seats}
            assert {(o, r, n, tuple(sorted(g))) for o, r, n, g in own.seats} == places
            assert own.gpus == packed.gpus
