"""The leanest of equally good plans."""

from dataclasses import replace

import pytest

from models.instance import Pool
from planner.joint.leanest import SAME_VALUE
from planner.joint.solve import solve_joint
from planner.settings import Settings
from planner.solution import Status
from tests.support.instances.by_hand import checked, flat, gpus_used, make, option
from tests.support.instances.oracle import fewest_gpus
from tests.support.instances.search_states import feasible_instances
from tests.support.instances.tiny import random_instance


def test_utilisation_floor_and_the_leanest_plan() -> None:
    """`good` alone on half a GPU suffices: one GPU used.

    A floor of 75 % of four GPUs needs shares of 3: all in halves.
    """
    options = [option(0, flat(0.1, 10), 0.5), option(1, flat(0.1, 10), 0.5)]
    lean = make(options, 10, gpus=4)
    solution = checked(lean)
    assert solution.value == pytest.approx(1.0)
    assert gpus_used(lean, solution) == 1
    busy = replace(lean, min_utilization=0.75)
    solution = checked(busy)
    assert solution.value == pytest.approx(1.0)
    assert int(solution.replicas.sum()) >= 6
    assert gpus_used(busy, solution) == 3


def test_the_leanest_plan_takes_the_cheaper_gpus() -> None:
    """Equal quality and GPUs on either pool: the pool at 1 USD/h it is."""
    pools = (
        Pool(name="dear", gpu="gpu-a", nodes=1, gpus_per_node=1, memory=80.0, price=3.0),
        Pool(name="cheap", gpu="gpu-b", nodes=1, gpus_per_node=1, memory=80.0, price=1.0),
    )
    instance = make([option(0, flat(0.1, 10)), option(0, flat(0.1, 10), pool=1)], 10, pools=pools)
    solution = checked(instance)
    assert solution.replicas.tolist() == [0, 1]


def test_a_leaner_plan_never_opens_the_gap() -> None:
    """The part of the objective given up stays within what the search closed."""
    saved = 0
    for kind, seed in (("convex", 19), ("binary", 2), ("two_pools", 0), ("two_pools", 17)):
        instance, settings = random_instance(seed, kind), Settings(rel_gap=1e-4)
        lean = solve_joint(instance, settings, explain=False)
        best = solve_joint(instance, settings, explain=False, lean=False)
        assert lean.status == best.status == Status.OPTIMAL
        assert gpus_used(instance, lean) <= gpus_used(instance, best)
        saved += gpus_used(instance, best) - gpus_used(instance, lean)
        assert abs(float(lean.bound) - float(lean.value)) <= 1e-4 * float(lean.value) + 1e-9  # type: ignore[arg-type]
        assert float(lean.value) >= float(best.value) * (1 - SAME_VALUE) - 1e-9  # type: ignore[arg-type]
    assert saved > 0


@pytest.mark.slow
def test_the_number_of_gpus_by_brute_force() -> None:
    for instance in feasible_instances("two_pools", 6):
        solution = solve_joint(instance, Settings(rel_gap=1e-6), explain=False)
        known = fewest_gpus(instance, float(solution.quality))  # type: ignore[arg-type]
        assert known is None or gpus_used(instance, solution) <= known


def test_a_better_plan_on_more_gpus_is_not_given_up() -> None:
    """`good` takes 5 req/s a GPU, `poor` 10 at 0.995 of the score: 10 req/s on two GPUs stay."""
    options = [option(0, flat(0.1, 5)), option(1, flat(0.1, 10))]
    instance = make(options, 10, gpus=2, values=((1.0, 0.0), (0.995, 0.0)))
    solution = checked(instance)
    assert solution.value == pytest.approx(0.5)
    assert gpus_used(instance, solution) == 2
