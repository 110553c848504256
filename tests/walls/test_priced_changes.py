"""Plans that start from what runs at a price of changes, against brute force over all setups and
all their placements.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from models.instance import Instance
from planner.cells.solve import solve_cells
from planner.joint.solve import solve_joint
from planner.settings import Settings
from tests.support.demand.oracle import routed_setups
from tests.support.demand.random_demands import random_demand
from tests.support.instances.oracle import best_plan_among, feasible_setups
from tests.support.instances.oracle_faults import REL_GAP, value_faults
from tests.support.instances.priced_changes import (
    cheapest_with_starts,
    placements_of_setup,
    running_at,
    setups_with_starts,
)
from tests.support.instances.tiny import random_instance
from tests.support.walls import UNHURRIED_S, first_fast, usually, wall_size

SETTINGS = Settings(rel_gap=REL_GAP, time_limit=UNHURRIED_S)


def one_of(values: Sequence[Any], rng: np.random.Generator) -> Any:
    return values[int(rng.integers(len(values)))]


def with_what_runs(
    instance: Instance, replicas: tuple[int, ...], rng: np.random.Generator
) -> Instance:
    """The instance where a setup runs, placed at random; starts cost little, or more than a GPU."""
    placed = []
    for p in range(len(instance.pools)):
        counts = [n * (instance.options[o].pool == p) for o, n in enumerate(replicas)]
        placed += one_of(list(islice(placements_of_setup(instance, p, counts), 200)), rng)
    unit = max(pool.price or 0.0 for pool in instance.pools) or 1.0
    return running_at(instance, placed, unit * one_of([0.013, 0.11, 0.5, 2.0], rng))


def on_a_node_that_is_gone(instance: Instance) -> Instance:
    """The same where the first replica runs on a node that its pool has no more."""
    running = instance.running
    if running is None or not running.places:
        return instance
    (option, _, gpus), *others = running.places
    return replace(instance, running=replace(running, places=((option, 99, gpus), *others)))


@pytest.mark.parametrize("seed", first_fast(usually(range(60), (44, 5, 22, 29)), (0,)))
def test_no_plan_is_cheaper_with_what_starts(seed: int) -> None:
    for k in range(wall_size(1, 3)):
        instance, rng = random_instance(seed, "cost"), np.random.default_rng([seed, k])
        setups = feasible_setups(instance)
        if not setups:
            return
        priced = with_what_runs(instance, one_of(setups, rng).replicas, rng)
        if seed % 2:
            priced = on_a_node_that_is_gone(priced)
        solution = solve_joint(priced, SETTINGS, explain=False)
        truth = best_plan_among(instance, setups_with_starts(priced))
        if truth.feasible is False:
            assert solution.status == "infeasible"
        elif truth.feasible:
            assert solution.value is not None
            assert solution.bound is not None
            assert not value_faults(instance, solution.value, solution.bound, truth)


@pytest.mark.parametrize("seed", first_fast(usually(range(40), (0, 33, 22, 39)), (0,)))
def test_nor_is_a_fixed_fleet_of_cases(seed: int) -> None:
    """With requests of one class brute force knows the best routing of every setup."""
    demand, rng = random_demand(seed, "cost"), np.random.default_rng(seed)
    setups, certain = routed_setups(demand, effort=1)
    if not setups:
        return
    instance = with_what_runs(demand.instance, one_of(setups, rng).setup.replicas, rng)
    solution = solve_cells(replace(demand, instance=instance), SETTINGS, explain=False)
    hours, floor = demand.cell_weights().sum(axis=0), instance.quality_floor or 0.0
    reached = [one for one in setups if float(np.array(one.qualities) @ hours) >= floor - 1e-6]
    costs = [cheapest_with_starts(instance, one.setup.replicas) for one in reached]
    if not costs:
        return
    assert solution.plan is not None
    assert solution.value is not None
    assert solution.bound is not None
    plan = solution.plan
    assert plan.value == pytest.approx(plan.cost + plan.changes_cost)
    assert solution.bound <= min(costs) + 1e-6
    assert solution.value <= min(costs) * (1 + REL_GAP) + 1e-6
    if certain:
        assert solution.value >= min(costs) - 1e-6


def test_a_budget_keeps_what_starts() -> None:
    """Beside nothing everything starts, and that is within the budget; what runs costs nothing."""
    demand, rough = random_demand(0, "one_class"), Settings(rel_gap=0.02, time_limit=UNHURRIED_S)
    free = solve_cells(demand, rough, explain=False).plan
    assert free is not None
    budget = free.cost + 0.4
    asked = replace(demand, cost_at_most=budget)
    seats = [seat for packing in free.setups[0].packings for seat in packing.seats]
    places = [(option, node, gpus) for option, _, node, gpus in seats]
    plans = []
    for runs in (places, []):
        instance = running_at(demand.instance, runs, 0.5)
        plan = solve_cells(replace(asked, instance=instance), rough, explain=False).plan
        assert plan is not None
        assert plan.cost + plan.changes_cost <= budget * (1 + 1e-9)
        plans.append(plan)
    assert plans[0].changes_cost == 0.0
    assert plans[0].value == pytest.approx(free.value, rel=0.03)
    assert plans[1].changes_cost > 0
    assert plans[1].value < plans[0].value
