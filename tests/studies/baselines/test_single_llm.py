"""The best single LLM, as by brute force."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Instance
from planner.studies.baselines.single_llm import single_llm_baseline
from planner.studies.baselines.solver import with_quota
from tests.support.instances.baselines import SLACK, trial
from tests.support.instances.oracle import best_plan
from tests.support.instances.tiny import random_instance
from tests.support.walls import first_fast, wall_size


@pytest.mark.parametrize("kind", first_fast(["convex", "nonconvex", "each_llm"]))
def test_the_best_single_llm_is_that_of_brute_force(kind: str) -> None:
    seen = 0
    for seed in range(60, wall_size(66, 75)):
        instance = random_instance(seed, kind)
        instance = replace(
            instance, llms=tuple(replace(llm, min_replicas=0) for llm in instance.llms)
        )
        found = single_llm_baseline(trial(instance), instance)
        truths = [best_plan(only(instance, i)) for i in range(len(instance.llms))]
        feasible = [truth.value for truth in truths if truth.feasible]
        if any(truth.feasible is None for truth in truths):
            continue
        assert found.met == bool(feasible), f"{kind} {seed}"
        if feasible:
            seen += 1
            assert found.value == pytest.approx(max(feasible), abs=SLACK), f"{kind} {seed}"
    assert seen >= 2


def only(instance: Instance, llm: int) -> Instance:
    others = np.array([float(o.llm != llm) for o in instance.options])
    return with_quota(instance, "others", others, 0.0)
