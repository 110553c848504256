"""Setups that money ties together, against brute force."""

import pytest

from planner.cells.solve import solve_cells
from planner.settings import Settings
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.plan_content import plan_content
from tests.support.demand.random_schedules import random_schedule


@pytest.mark.parametrize("kind", ["budget_starts", "cost_starts"])
def test_the_verifier_takes_every_plan(kind: str) -> None:
    demand = random_schedule(0, kind)
    solution = solve_cells(demand, Settings(time_limit=3.0))
    assert run_cells_verifier(plan_content(demand, solution), demand) == ()
    assert solution.status == "optimal"
