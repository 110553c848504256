"""The search over cells: bounds hold, and its plans are found where brute force finds one."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from planner.cell_solution import CellPlan, RoutedCase
from planner.cells.search import counted_routings
from tests.support.demand.cell_models import cell_search, price_case
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.oracle import best_demand_plan
from tests.support.demand.placements import placed_setups
from tests.support.demand.random_demands import random_demand
from tests.support.walls import first_fast, wall_size

KINDS = ("two_pools", "alone", "cost", "lost", "cases", "budget", "classes_cases", "outside")
CASES = [(seed, kind) for seed in range(wall_size(2, 20)) for kind in KINDS]


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


@pytest.mark.parametrize("kind", ["classes_cases", "two_pools"])
def test_every_cut_of_a_search_holds_on_every_setup(kind: str) -> None:
    """Also those of the joint relaxation, midway, and of setups that failed."""
    demand = random_demand(1, kind)
    search = cell_search(demand, 1.0)
    search.run()
    assert search.cuts
    for setup in placed_setups(demand, by_node=False)[:5]:
        n = np.array(setup.replicas)
        for t in range(len(demand.cases)):
            found = price_case(search.model, t, n, tolerance=1e-5)
            for cut in search.cuts:
                if cut.case == t and found.value is not None:
                    spend = found.point.spend.get(t, 0.0)
                    assert cut.at(n, spend) >= (0.0 if cut.must else found.value) - 2e-6


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


def test_of_every_case_the_worst_loss_counts() -> None:
    def routed(case: int, quality: float) -> RoutedCase:
        return RoutedCase(
            case=case,
            lanes=(),
            outside=np.zeros((1, 0)),
            fractions={},
            settled={},
            value=quality,
            quality=quality,
            spend=0.0,
        )

    counted = counted_routings([routed(1, 0.5), routed(0, 0.9), routed(1, 0.4), routed(1, 0.6)])
    assert [(one.case, one.quality) for one in counted] == [(0, 0.9), (1, 0.4)]


def test_the_plan_by_hand_is_beaten_or_met() -> None:
    search = cell_search(cells_demand(), 1.5)
    search.run()
    assert search.best is not None
    assert search.best.replicas.sum() <= 3
    assert search.bound is not None
    assert search.best.value <= search.bound + 1e-9


def test_it_aims_at_a_bit_less_than_the_gap_that_is_set() -> None:
    """What lies between is closed all the same, when the search ends there."""
    search = cell_search(cells_demand())
    search.best = cast("CellPlan", SimpleNamespace(value=1.0))
    search.bound = 1.0 + 0.985e-4
    assert not search.closed()
    assert search.closed(1.0)
    search.bound = 1.0 + 1.02e-4
    assert not search.closed(1.0)
