"""Setups that nothing ties together are planned one by one, and put together."""

from dataclasses import replace

import pytest

from planner.cells.separate_setups import setups_are_separate
from planner.cells.solve import solve_cells
from planner.settings import Settings
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.plan_content import plan_content
from tests.support.demand.random_schedules import random_schedule
from tests.support.demand.schedule_plans import alone_cases, setup_cases
from tests.support.walls import UNHURRIED_S
from tests.verification.cells.test_start_checks import scheduled

SETTINGS = Settings(time_limit=UNHURRIED_S, rel_gap=1e-4)


def test_money_ties_setups_together() -> None:
    demand = random_schedule(0, "free")
    assert setups_are_separate(demand)
    assert not setups_are_separate(replace(demand, cost_at_most=9.0))
    assert not setups_are_separate(random_schedule(0, "cost"))
    alone = alone_cases(demand, setup_cases(demand)[0])
    assert not setups_are_separate(alone)


def test_value_and_bound_are_the_weighted_ones_of_each_setup() -> None:
    demand = random_schedule(0, "free")
    whole = solve_cells(demand, SETTINGS)
    weights = demand.cell_weights().sum(axis=0)
    value = bound = 0.0
    for cases in setup_cases(demand):
        own = solve_cells(alone_cases(demand, cases), SETTINGS)
        weight = weights[cases].sum()
        value, bound = value + weight * own.value, bound + weight * own.bound
    assert whole.status == "optimal"
    assert whole.value == pytest.approx(value, rel=1e-4)
    assert whole.bound == pytest.approx(bound, rel=1e-4)
    assert [setup.cases for setup in whole.plan.setups] == [tuple(c) for c in setup_cases(demand)]
    assert whole.plan.starts_cost > 0


def test_losses_are_those_of_the_nodes_as_they_are_named_in_the_end() -> None:
    demand = replace(scheduled(), cost_at_most=None)
    solution = solve_cells(demand, replace(SETTINGS, rel_gap=0.05))
    assert solution.plan is not None
    assert {loss.case for loss in solution.plan.losses} == {2}
    assert run_cells_verifier(plan_content(demand, solution), demand, rel_gap_target=0.05) == ()


def test_a_setup_without_requests_has_no_more_than_its_limits_ask_for() -> None:
    demand = random_schedule(1, "free")
    first, second = demand.cases[:2]
    cases = (first, replace(second, rates=(0.0,), of=None, hours=5.0))
    solution = solve_cells(replace(demand, cases=cases), SETTINGS)
    least = demand.instance.min_utilization > 0 or any(
        llm.min_replicas for llm in demand.instance.llms
    )
    assert solution.status == "optimal"
    assert (solution.plan.setups[1].gpus > 0) == least
    content = plan_content(replace(demand, cases=cases), solution)
    assert run_cells_verifier(content, replace(demand, cases=cases)) == ()


def test_an_impossible_setup_makes_all_infeasible() -> None:
    demand = random_schedule(0, "free")
    busy = replace(demand.cases[1], rates=tuple(100 * rate for rate in demand.cases[1].rates))
    cases = (demand.cases[0], busy, *demand.cases[2:])
    solution = solve_cells(replace(demand, cases=cases), SETTINGS)
    assert solution.status == "infeasible"
    assert any(f"The case {busy.name} cannot be served even alone" in r for r in solution.reasons)
