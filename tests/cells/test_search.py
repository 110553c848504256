"""The search over cells: bounds hold, and its plans are found where brute force finds one."""

import pytest

from tests.support.demand.cell_models import cell_search
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.oracle import best_demand_plan
from tests.support.demand.random_demands import random_demand
from tests.support.walls import first_fast, wall_size

KINDS = ("two_pools", "alone", "cost", "lost", "cases", "budget", "classes_cases", "outside")
CASES = [(seed, kind) for seed in range(wall_size(1, 20)) for kind in KINDS]


@pytest.mark.parametrize(("seed", "kind"), first_fast(CASES, range(3)))
def test_its_bound_and_plan_against_brute_force(seed: int, kind: str) -> None:
    demand = random_demand(seed, kind)
    search, truth = cell_search(demand), best_demand_plan(demand, effort=1)
    search.run()
    sign = -1.0 if search.by_cost else 1.0
    if truth.value is not None:
        assert not search.infeasible
        assert search.bound is not None
        assert sign * (truth.value - search.bound) <= 2e-6 * max(1.0, abs(truth.value))
        if truth.exact:
            assert search.best is not None
            assert sign * (truth.value - search.best.value) <= 2e-4 * max(1.0, abs(truth.value))
    if truth.infeasible:
        assert search.best is None


def test_money_that_a_setup_needs_is_found() -> None:
    """A cost objective with LLMs outside: the first spends that the master tries are too small, and
    the setup that serves must not be left out for it.
    """
    demand = random_demand(0, "classes_cost")
    search = cell_search(demand)
    search.run()
    truth = best_demand_plan(demand, effort=1)
    assert truth.value is not None
    assert search.best is not None
    assert search.best.value <= truth.value * (1 + 1e-3)


def test_the_plan_by_hand_is_beaten_or_met() -> None:
    search = cell_search(cells_demand())
    search.run()
    assert search.best is not None
    assert search.best.setups[0].replicas.sum() <= 3
    assert search.bound is not None
    assert search.best.value <= search.bound + 1e-9
