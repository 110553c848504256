"""Setups that money ties together, against brute force."""

from dataclasses import replace

import pytest

from planner.cells.solve import solve_cells
from planner.settings import Settings
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.plan_content import plan_content
from tests.support.demand.random_schedules import random_schedule
from tests.support.walls import UNHURRIED_S
from tests.verification.cells.test_start_checks import scheduled


@pytest.mark.parametrize("kind", ["budget_starts", "cost_starts"])
def test_the_verifier_takes_every_plan(kind: str) -> None:
    demand = random_schedule(0, kind)
    solution = solve_cells(demand, Settings(time_limit=UNHURRIED_S))
    assert run_cells_verifier(plan_content(demand, solution), demand) == ()
    assert solution.status == "optimal"


def test_a_fixed_fleet_is_never_better() -> None:
    """Where a start costs more than it gains, all setups are that of the fixed fleet."""
    demand = replace(random_schedule(0, "cost_starts"), start_usd=1e4)
    solution, fixed = (
        solve_cells(d, Settings(time_limit=UNHURRIED_S)) for d in (demand, demand.fixed())
    )
    assert solution.value == pytest.approx(fixed.value, rel=1e-6)
    assert solution.plan.starts_cost == 0.0
    assert solution.bound == pytest.approx(solution.value, rel=1e-4)


def test_money_outside_is_shared_by_the_setups() -> None:
    """The day of `init --example day` in small: two setups, LLMs outside, a budget."""
    demand = scheduled()
    solution = solve_cells(demand, Settings(time_limit=UNHURRIED_S, rel_gap=0.05))
    assert run_cells_verifier(plan_content(demand, solution), demand, rel_gap_target=0.05) == ()
    assert solution.plan.cost <= demand.cost_at_most * (1 + 1e-9)
    assert solution.plan.outside_cost > 0
