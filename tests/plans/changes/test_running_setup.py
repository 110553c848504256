"""The running setup and a new plan: read from plan.json, and kept where it may stay."""

from dataclasses import replace

import numpy as np

from planner.plans.changes.running_setup import (
    RunningSetup,
    keep_running_places,
    packing_of_running_places,
    running_replica_places,
    running_setup,
)
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import solved, trio


def test_a_plan_s_replicas_are_found_in_the_instance() -> None:
    instance, solution = trio(), solved(trio())
    running = running_setup(instance, built_plan().content)
    assert running.gone == 0
    assert sorted(running.places) == sorted(running_replica_places(solution.placement))
    counted = running.replicas(len(instance.options))
    assert np.array_equal(counted, solution.replicas)


def test_options_that_are_gone_are_counted() -> None:
    content = built_plan().content
    fewer = replace(trio(), options=trio().options[1:])
    running = running_setup(fewer, content)
    assert running.gone == content["options"][0]["replicas"]


def test_replicas_stay_where_they_run() -> None:
    """The same setup on a mirrored cluster: every replica takes its running place."""
    instance, solution = trio(), solved(trio())
    gpus = instance.pools[0].gpus_per_node
    mirrored = tuple(
        (option, node, tuple(sorted(gpus - 1 - gpu for gpu in held)))
        for option, node, held in running_replica_places(solution.placement)
    )
    kept = keep_running_places(instance, solution, RunningSetup(mirrored))
    assert sorted(running_replica_places(kept.placement)) == sorted(mirrored)
    assert np.array_equal(kept.replicas, solution.replicas)


def test_a_packing_numbers_replicas_of_each_option() -> None:
    packing = packing_of_running_places([(4, 0, (0,)), (2, 0, (1, 2)), (4, 1, (0,))])
    assert packing.seats == ((4, 0, 0, (0,)), (2, 0, 0, (1, 2)), (4, 1, 1, (0,)))
    assert packing.gpus == 4
