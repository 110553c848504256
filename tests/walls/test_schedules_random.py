"""Scheduled fleets against brute force on tiny random demands: value, bound, feasibility, and all
that the verifier recomputes; with and without starts, budgets, lost nodes that `of` names.

With v and b the plan's value and bound, V the oracle's and B what no plan is beyond, maximising::

    b >= V        v <= B        v >= V - gap where v is called optimal
"""

from dataclasses import replace
from typing import Any

import pytest

from models.demand.requests import DemandInstance
from planner.cells.solve import solve_cells
from planner.settings import Settings
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.plan_content import plan_content
from tests.support.demand.random_schedules import SCHEDULES, random_schedule
from tests.support.demand.schedule_oracle import ScheduleOracle, best_schedule
from tests.support.instances.payments import paid_otherwise
from tests.support.walls import first_fast, usually, wall_size

REL_GAP, SECONDS, SLACK = 1e-4, wall_size(2, 6), 2e-6
USUAL = ("lost", "two_pools", "cost", "cost_starts", "lost_budget")
KINDS = usually(SCHEDULES, [list(SCHEDULES).index(kind) for kind in USUAL])
CASES = [(kind, seed) for seed in range(1, 1 + wall_size(1, 30)) for kind in KINDS]
QUICK = ("two_pools", "cost_starts")
FAST = [k for k, (kind, seed) in enumerate(CASES) if kind in QUICK and seed == 1]


def schedule_faults(
    demand: DemandInstance, plan: dict[str, Any], truth: ScheduleOracle
) -> list[str]:
    """What disagrees, in words."""
    found = list(run_cells_verifier(plan, demand, rel_gap_target=REL_GAP))
    status, value = plan["status"], plan["objective"]["value"]
    sign = 1.0 if demand.instance.objective == "quality" else -1.0
    if truth.infeasible and value is not None:
        found.append(f"{status}, but no setups serve every case")
    if truth.value is None:
        return found
    found += [f"the oracle's plan: {p}" for p in run_cells_verifier(truth.plan, demand)]
    slack, bound = SLACK * (1 + abs(truth.value)), plan["objective"]["bound"]
    if status == "infeasible":
        found.append(f"infeasible, but a plan reaches {truth.value:.9g}")
    if bound is not None and sign * (truth.value - bound) > slack:
        found.append(f"bound {bound:.9g}, but a plan reaches {truth.value:.9g}")
    if value is None:
        return found
    if status == "optimal" and sign * (truth.value - value) > REL_GAP * abs(value) + slack:
        found.append(f"optimal at {value:.9g}, but a plan reaches {truth.value:.9g}")
    if truth.least is not None and sign * (value - truth.least) > slack:
        found.append(f"{value:.9g} is beyond what any plan reaches, {truth.least:.9g}")
    return found


@pytest.mark.parametrize("seed", first_fast(range(1, 1 + wall_size(2, 30))))
@pytest.mark.parametrize("kind", usually(("cost_starts", "lost_budget", "cost", "two_pools"), [0]))
def test_owned_and_reserved_pools_agree_with_brute_force(kind: str, seed: int) -> None:
    demand = random_schedule(seed, kind)
    demand = replace(demand, instance=paid_otherwise(demand.instance, seed))
    solution = solve_cells(demand, Settings(rel_gap=REL_GAP, time_limit=SECONDS))
    assert schedule_faults(demand, plan_content(demand, solution), best_schedule(demand)) == []


@pytest.mark.parametrize(("kind", "seed"), first_fast(CASES, FAST))
def test_schedules_agree_with_brute_force(kind: str, seed: int) -> None:
    demand = random_schedule(seed, kind)
    solution = solve_cells(demand, Settings(rel_gap=REL_GAP, time_limit=SECONDS))
    assert schedule_faults(demand, plan_content(demand, solution), best_schedule(demand)) == []
