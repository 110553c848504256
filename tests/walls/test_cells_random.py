"""Plans over cells against brute force on tiny random demands: value, bound, feasibility, and all
that the verifier recomputes.

With v and b the plan's value and bound, V the oracle's (reached by a plan of its own), maximising::

    b >= V        v >= V - gap where v is called optimal, or one class is in a case
"""

from dataclasses import replace
from typing import Any

import pytest

from models.demand.requests import DemandInstance
from planner.cells.solve import solve_cells
from planner.plans.cells.cells_content import _objective_content, _result_content
from planner.settings import Settings
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.oracle import best_demand_plan
from tests.support.demand.oracle_faults import demand_plan_faults
from tests.support.demand.random_demands import DEMANDS, random_demand
from tests.support.instances.payments import paid_otherwise
from tests.support.walls import first_fast, usually, wall_size

REL_GAP, SECONDS = 1e-4, wall_size(3, 6)
KINDS = usually(DEMANDS, range(0, len(DEMANDS), 3))
CASES = [(kind, seed) for seed in range(wall_size(1, 30)) for kind in KINDS]
PAID = [
    (kind, seed) for seed in range(2, wall_size(4, 30)) for kind in ("cost", "budget", "two_pools")
]
QUICK = ("one_class", "two_pools", "percentile", "each_llm", "outside", "cost")
"""Kinds that take less than a second."""
FAST = [k for k, (kind, seed) in enumerate(CASES) if kind in QUICK and seed == 0]


def plan_over_cells(demand: DemandInstance, seconds: float) -> dict[str, Any]:
    """What plan.json says of a demand that no scenario states."""
    solution = solve_cells(demand, Settings(rel_gap=REL_GAP, time_limit=seconds))
    return {
        "status": str(solution.status),
        "objective": _objective_content(demand, solution),
        **_result_content(demand, solution.plan),
    }


@pytest.mark.parametrize(("kind", "seed"), first_fast(CASES, FAST))
def test_plans_over_cells_agree_with_brute_force(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    plan = plan_over_cells(demand, SECONDS)
    truth = best_demand_plan(demand, effort=1)
    assert demand_plan_faults(demand, plan, truth, rel_gap=REL_GAP) == []


@pytest.mark.parametrize(("kind", "seed"), first_fast([("cost", 1), *PAID], [0]))
def test_owned_and_reserved_pools_agree_with_brute_force(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    demand = replace(demand, instance=paid_otherwise(demand.instance, seed))
    plan = plan_over_cells(demand, SECONDS)
    truth = best_demand_plan(demand, effort=1)
    assert demand_plan_faults(demand, plan, truth, rel_gap=REL_GAP) == []


@pytest.mark.slow
def test_limits_of_each_llm_hold_where_latencies_fall() -> None:
    """llm-b is fast enough for batch at high loads only (765 ms idle, 594 ms at the last point,
    limit 616.5 ms): its lane may not be given less.
    """
    demand = random_demand(7, "classes_each_llm")
    assert run_cells_verifier(plan_over_cells(demand, 20.0), demand) == ()
