"""What every baseline rests on: quotas that the search and the verifier keep."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Quota
from planner.joint.solve import solve_joint
from planner.settings import Settings
from planner.studies.baselines.solver import BASELINE_WORK, with_quota
from planner.verification.verifier import run_verifier
from tests.support.fast_clock import FastClock
from tests.support.instances.baselines import compute_of, trial
from tests.support.instances.oracle import best_plan
from tests.support.instances.oracle_faults import plan_content_of, solution_faults
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.walls import wall_size


@pytest.mark.parametrize("kind", KINDS)
def test_quotas_agree_with_brute_force(kind: str) -> None:
    """Every LLM limited to part of the compute, as equal split does, and one option limited to one
    replica.
    """
    faults = []
    for seed in range(500, wall_size(506, 512)):
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
    instance = random_instance(45, "convex")
    found = solve_joint(instance, Settings())
    assert found.has_plan
    used = int(np.flatnonzero(found.replicas)[0])
    tight = replace(
        instance, quotas=(Quota("that option", tuple(np.eye(len(instance.options))[used]), 0.0),)
    )
    assert not run_verifier(plan_content_of(instance, found), instance)
    assert any(
        "that option" in problem
        for problem in run_verifier(plan_content_of(instance, found), tight)
    )


def test_effort_is_work_and_not_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a million seconds pass in one, a solve within the time limit does the same work."""
    instance = random_instance(42, "nonconvex")
    usual = trial(instance)
    found = usual.solve(instance)
    assert 0 < found.effort.work == BASELINE_WORK - usual.left
    FastClock(monkeypatch, 1e6).start()
    slow = trial(instance)
    slow.settings = Settings(time_limit=1e9)
    again = slow.solve(instance)
    assert not slow.late
    assert again.value == found.value
    assert again.effort.work == found.effort.work
    assert np.array_equal(again.replicas, found.replicas)
    slow.settings = Settings()
    slow.solve(instance)
    assert slow.late
    assert slow.unfinished()


def test_no_solve_begins_when_the_work_is_done() -> None:
    solver = trial(random_instance(42, "nonconvex"))
    solver.left = 0.0
    assert solver.stopped()
    assert not solver.unfinished(), "its work is done: that is what the baseline is"
    solver.begin("next")
    assert not solver.stopped()
