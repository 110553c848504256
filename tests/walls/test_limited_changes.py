"""Plans that start from what runs, with and without a limit of changes, against brute force."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Instance, Pool, Running
from planner.cells.solve import solve_cells
from planner.joint.solve import solve_joint
from planner.plans.cells.cells_content import _objective_content, _result_content
from planner.settings import Settings
from planner.verification.verifier import run_verifier
from tests.support.demand.oracle import best_demand_plan
from tests.support.demand.oracle_faults import demand_plan_faults
from tests.support.demand.placements import placed_setups
from tests.support.demand.plan_content import plan_content
from tests.support.demand.random_demands import random_demand
from tests.support.demand.random_schedules import random_schedule
from tests.support.demand.schedule_oracle import best_schedule
from tests.support.instances.by_hand import flat, make, option
from tests.support.instances.oracle import best_plan_among, feasible_setups
from tests.support.instances.oracle_faults import REL_GAP, plan_content_of, value_faults
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.walls import UNHURRIED_S, first_fast, usually, wall_size
from tests.walls.test_schedules_random import schedule_faults

SETTINGS = Settings(rel_gap=REL_GAP)
GONE = 1


def changes(replicas: tuple[int, ...], running: tuple[int, ...]) -> int:
    return int(np.abs(np.array(replicas) - np.array(running)).sum())


def from_running(instance: Instance, replicas: tuple[int, ...], most: int | None) -> Instance:
    """The instance where a setup runs, and one replica that it has no option for."""
    rates = tuple(float(n) for n in replicas)
    limit = None if most is None else most + GONE
    return replace(instance, running=Running(replicas=replicas, rates=rates, gone=GONE, most=limit))


@pytest.mark.parametrize("kind", first_fast(usually(KINDS, (0, 3, 7))))
def test_the_best_plan_within_so_many_changes(kind: str) -> None:
    """What runs is as far from the best plan as a setup can be, so that the limit binds."""
    limited = 0
    for seed in range(wall_size(6 if kind == "cost" else 2, 40)):
        instance = random_instance(seed, kind)
        plain = solve_joint(instance, SETTINGS, explain=False)
        setups = feasible_setups(instance)
        if not plain.has_plan:
            continue
        best = tuple(plain.replicas.tolist())
        runs = max((setup.replicas for setup in setups), key=lambda n: (changes(n, best), n))
        most = max(changes(runs, best) - 1 - seed % 2, 0)
        near = [setup for setup in setups if changes(setup.replicas, runs) <= most]
        truth = best_plan_among(instance, near)
        solution = solve_joint(from_running(instance, runs, most), SETTINGS, explain=False)
        if truth.feasible:
            assert solution.status == "optimal", seed
            assert solution.value is not None
            assert solution.bound is not None
            assert changes(tuple(solution.replicas.tolist()), runs) <= most, seed
            assert not value_faults(instance, solution.value, solution.bound, truth), seed
            content = plan_content_of(instance, solution)
            assert not run_verifier(content, instance, rel_gap_target=REL_GAP)
            limited += 1
        elif truth.feasible is False:
            assert solution.status == "infeasible", seed
            limited += 1
        free = solve_joint(from_running(instance, runs, None), SETTINGS, explain=False)
        assert free.status == plain.status
        assert free.value == pytest.approx(plain.value, rel=2 * REL_GAP)
    assert limited >= 1


@pytest.mark.parametrize(
    ("kind", "seed"),
    first_fast(
        usually(
            [(kind, seed) for kind in ("one_class", "two_pools", "cost") for seed in range(12)],
            (0, 13, 25),
        )
    ),
)
def test_the_best_plan_over_cells_within_so_many_changes(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    plain = solve_cells(demand, SETTINGS, explain=False)
    if plain.plan is None:
        return
    best = tuple(int(n) for n in plain.plan.setups[0].replicas)
    setups = placed_setups(demand, by_node=False)
    runs = max((setup.replicas for setup in setups), key=lambda n: (changes(n, best), n))
    most = max(changes(runs, best) - 1 - seed % 2, 0)
    limited = replace(demand, instance=from_running(demand.instance, runs, most))
    solution = solve_cells(limited, SETTINGS, explain=False)
    if solution.plan is not None:
        assert changes(tuple(int(n) for n in solution.plan.setups[0].replicas), runs) <= most
    plan = {
        "status": str(solution.status),
        "objective": _objective_content(limited, solution),
        **_result_content(limited, solution.plan),
    }
    truth = best_demand_plan(limited, effort=1)
    assert demand_plan_faults(limited, plan, truth, rel_gap=REL_GAP) == []
    free = replace(demand, instance=from_running(demand.instance, runs, None))
    again = solve_cells(free, SETTINGS, explain=False)
    assert again.value == pytest.approx(plain.value, rel=3 * REL_GAP)


@pytest.mark.parametrize(
    ("kind", "seed"),
    first_fast(
        usually(
            [(kind, seed) for kind in ("two_pools", "cost_starts") for seed in range(1, 13)],
            (7, 16),
        )
    ),
)
def test_the_best_schedule_within_so_many_changes_of_each_setup(kind: str, seed: int) -> None:
    """What runs in each case is as far from its best setup as can be, so that the limit binds."""
    demand = random_schedule(seed, kind)
    quick = replace(SETTINGS, time_limit=UNHURRIED_S)
    plain = solve_cells(demand, quick, explain=False)
    if plain.plan is None:
        return
    setups, runs = placed_setups(demand, by_node=False), []
    for own in plain.plan.setups:
        best = tuple(int(n) for n in own.replicas)
        far = max((setup.replicas for setup in setups), key=lambda n: (changes(n, best), n))
        most = max(changes(far, best) - 1 - seed % 2, 0)
        runs.append(from_running(demand.instance, far, most).running)
    limited = replace(demand, runs=tuple(runs))
    solution = solve_cells(limited, quick, explain=False)
    if solution.plan is not None:
        for own, one in zip(solution.plan.setups, runs, strict=True):
            assert changes(tuple(own.replicas.tolist()), one.replicas) + GONE <= one.most
    plan = plan_content(demand, solution)
    assert schedule_faults(demand, plan, best_schedule(limited)) == []
    free = replace(demand, runs=tuple(replace(one, most=None) for one in runs))
    again = solve_cells(free, quick, explain=False)
    if again.status == plain.status == "optimal":
        assert again.value == pytest.approx(plain.value, rel=3 * REL_GAP)


@pytest.mark.parametrize("pool", [0, 1])
def test_what_runs_stays_in_a_tie(pool: int) -> None:
    """The same GPUs in two pools: the plan is on those where the replica runs."""
    pools = tuple(
        Pool(name=name, gpu="gpu-a", nodes=1, gpus_per_node=1, memory=80.0, price=1.0)
        for name in ("one", "two")
    )
    instance = make([option(0, flat(0.1, 10)), option(0, flat(0.1, 10), pool=1)], 10, pools=pools)
    replicas = (1 - pool, pool)
    running = Running(replicas=replicas, rates=tuple(10.0 * n for n in replicas))
    solution = solve_joint(replace(instance, running=running), SETTINGS)
    assert solution.status == "optimal"
    assert tuple(solution.replicas.tolist()) == replicas


def test_too_few_changes_are_a_conflict_with_the_fewest_as_repair() -> None:
    """Three replicas are needed, one runs and one that is gone stops: three changes."""
    instance = make([option(0, flat(0.1, 10))], 30, gpus=4)
    running = Running(replicas=(1,), rates=(10.0,), gone=1, most=1)
    solution = solve_joint(replace(instance, running=running), SETTINGS)
    assert solution.status == "infeasible"
    assert solution.conflict is not None
    (repair,) = [one for one in solution.conflict.repairs if one.change == "most_changes"]
    assert (repair.before, repair.after, repair.proved) == (1, 3, True)
    assert any("at most 1 replica to start or stop" in one for one in solution.conflict.limits)


def test_a_setup_that_no_longer_fits_is_no_first_plan() -> None:
    """More replicas run than the LLM may have now, on more GPUs than there are."""
    instance = make([option(0, flat(0.1, 10)), option(1, flat(0.1, 10))], 10, gpus=2)
    llms = (replace(instance.llms[0], max_replicas=1), *instance.llms[1:])
    running = Running(replicas=(3, 3), rates=(30.0, 30.0))
    bounded = solve_joint(replace(instance, llms=llms, running=running), SETTINGS)
    plain = solve_joint(replace(instance, llms=llms), SETTINGS)
    assert bounded.status == plain.status == "optimal"
    assert bounded.value == pytest.approx(plain.value)
