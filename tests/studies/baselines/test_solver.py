"""What every baseline rests on: quotas that the search and the verifier keep."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Quota
from planner.joint.solve import solve_joint
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from planner.studies.baselines.solver import with_quota
from planner.verification.verifier import run_verifier
from tests.support.instances.baselines import compute_of
from tests.support.instances.oracle import best_plan
from tests.support.instances.oracle_faults import plan_content_of, solution_faults
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.paths import EXAMPLES


@pytest.mark.parametrize("kind", KINDS)
def test_quotas_agree_with_brute_force(kind: str) -> None:
    """Every LLM limited to part of the compute, as equal split does, and one option limited to one
    replica.
    """
    faults = []
    for seed in range(500, 512):
        instance = random_instance(seed, kind)
        most = float(np.random.default_rng(seed).choice([0.6, 1.0, 1.4]))
        for llm in range(len(instance.llms)):
            instance = with_quota(instance, f"compute of {llm}", compute_of(instance, llm), most)
        instance = with_quota(
            instance, "replicas of option 0", np.eye(1, len(instance.options)).ravel(), 1.0
        )
        found = solve_joint(instance, Settings(), explain=False)
        faults += [
            f"{kind} {seed}: {fault}"
            for fault in solution_faults(instance, found, best_plan(instance))
        ]
    assert not faults, "\n".join(faults)


def test_the_verifier_sees_an_exceeded_quota() -> None:
    instance = assemble_instance(EXAMPLES / "paper-trio/scenario.yaml").instance
    found = solve_joint(instance, Settings())
    used = int(np.flatnonzero(found.replicas)[0])
    tight = replace(
        instance, quotas=(Quota("that option", tuple(np.eye(len(instance.options))[used]), 0.0),)
    )
    assert not run_verifier(plan_content_of(instance, found), instance)
    assert any(
        "that option" in problem
        for problem in run_verifier(plan_content_of(instance, found), tight)
    )
