"""Numbers of nodes decided with a plan over cells, against brute force over all of them."""

from dataclasses import replace
from itertools import product

import pytest

from models.demand.node_numbers import decided_demand
from models.demand.requests import DemandInstance
from planner.plans.cells.cells_content import _objective_content, _result_content
from planner.settings import Settings
from planner.sizing.cell_sizing import solve_sized_cells
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.oracle import best_demand_plan
from tests.support.demand.random_demands import random_demand
from tests.support.walls import UNHURRIED_S, first_fast, wall_size

REL_GAP, SLACK = 1e-4, 2e-6
CASES = [
    (kind, seed)
    for seed in range(wall_size(2, 30))
    for kind in ("cost", "lost", "budget", "two_pools")
]


def sized(seed: int, kind: str) -> DemandInstance:
    """A demand whose first pool may have no node to one more than its own, within a budget that is
    felt where cost is not minimised.
    """
    demand = random_demand(seed, kind)
    first, *others = demand.instance.pools
    most = first.nodes + (first.gpus < 3)
    pools = (replace(first, nodes=most, sized=(seed % 2, most)), *others)
    if demand.instance.objective == "quality":
        prices = sum((pool.price or 0.0) * pool.gpus for pool in pools)
        demand = replace(demand, cost_at_most=round(prices * (0.45 + 0.25 * (seed % 3)), 2))
    return replace(demand, instance=replace(demand.instance, pools=pools))


def reached_by_brute_force(demand: DemandInstance) -> tuple[float | None, bool]:
    """The best value that brute force reaches with any number; whether surely no plan exists."""
    sign = 1.0 if demand.instance.objective == "quality" else -1.0
    ranges = {p: pool.sized for p, pool in enumerate(demand.instance.pools) if pool.sized}
    truths = []
    for numbers in product(*(range(low, high + 1) for low, high in ranges.values())):
        decided = decided_demand(demand, dict(zip(ranges, numbers, strict=True)))
        if decided.instance.gpus > 0:
            truths.append(best_demand_plan(decided, effort=1))
    known = [sign * truth.value for truth in truths if truth.value is not None]
    return sign * max(known) if known else None, all(truth.infeasible for truth in truths)


@pytest.mark.parametrize(("kind", "seed"), first_fast(CASES, [0, 1]))
def test_numbers_of_nodes_agree_with_brute_force(kind: str, seed: int) -> None:
    demand = sized(seed, kind)
    sign = 1.0 if demand.instance.objective == "quality" else -1.0
    decided, solution = solve_sized_cells(demand, Settings(rel_gap=REL_GAP, time_limit=UNHURRIED_S))
    reached, nothing = reached_by_brute_force(demand)
    assert not (nothing and solution.plan is not None)
    if reached is not None:
        assert solution.status in ("optimal", "feasible")
        assert solution.value is not None
        assert solution.bound is None or sign * (solution.bound - reached) >= -SLACK
        if solution.status == "optimal":
            assert sign * (reached - solution.value) <= REL_GAP * abs(reached) + SLACK
    if solution.plan is None:
        return
    content = {
        "status": str(solution.status),
        "objective": _objective_content(decided, solution),
        **_result_content(decided, solution.plan),
    }
    assert run_cells_verifier(content, demand, rel_gap_target=REL_GAP) == ()
