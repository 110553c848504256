"""MIG instances: the joint search and the decomposition against brute force on tiny random
instances (20 always, half of the others among the long tests, all 200 in `make walls`), and the
verifier on every plan.
"""

import pytest

from planner.joint.solve import Settings, solve_joint
from planner.studies.decomposition_run import run_decomposition
from tests.support.instances.oracle import best_plan
from tests.support.instances.oracle_faults import REL_GAP, solution_faults
from tests.support.mig.tiny_mig import random_mig_instance
from tests.support.walls import first_fast

SEEDS = 200
BATCH = 10
DECOMPOSED = 5
"""Of every so many instances one is decomposed too."""


@pytest.mark.parametrize(
    "seeds", first_fast([range(k, k + BATCH) for k in range(0, SEEDS, BATCH)], (0, 1)), ids=str
)
def test_plans_with_mig_instances_agree_with_brute_force(seeds: range) -> None:
    faults: list[str] = []
    divided = 0
    for seed in seeds:
        instance = random_mig_instance(seed)
        truth = best_plan(instance)
        solution = solve_joint(instance, Settings(rel_gap=REL_GAP), explain=False)
        divided += any(instance.options[s.option].mig is not None for s in solution.placement)
        found = solution_faults(instance, solution, truth)
        if seed % DECOMPOSED == 0 and truth.feasible:
            best = run_decomposition(instance).best
            near = best.value is not None and abs(best.value - truth.value) <= 1e-4 * truth.value
            found += [] if near else [f"decomposition {best.value}, brute force {truth.value}"]
        faults += [f"{seed}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)
    assert divided
