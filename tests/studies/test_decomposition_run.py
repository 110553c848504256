"""The decomposition run on a scenario: its gap, its plan as a solution, its sample of times."""

import time

import numpy as np
import pytest

from models.quality import Quality
from planner.decomposition import lagrangian
from planner.decomposition.enumeration import TooManySetupsError, enumerate_setups
from planner.errors import DataError
from planner.studies import decomposition_run
from planner.studies.decomposition_run import (
    decomposition_seconds_per_setup,
    decomposition_solution,
    run_decomposition,
)
from tests.support.instances.tiny import random_instance

FEASIBLE = next(
    one
    for one in (random_instance(seed, "convex") for seed in range(99))
    if run_decomposition(one).best.value is not None
)


def test_value_and_bound_are_within_the_tolerance_and_the_solution_is_exact() -> None:
    instance = FEASIBLE
    run = run_decomposition(instance)
    assert run.complete
    assert run.best.value is not None
    assert run.best.bound - run.best.value <= 2 * run.tolerance
    solution = decomposition_solution(instance, run.best, 1e-4)
    exact = Quality(instance.scores).settle(solution.fractions).value
    assert solution.quality == pytest.approx(exact)
    assert solution.quality >= run.best.value - 1e-9
    assert len(solution.placement) == sum(
        int(n) * option.tp_degree
        for n, option in zip(solution.replicas, instance.options, strict=True)
    )


def test_too_many_setups_are_relaxed_for_quality_and_refused_for_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_many(*_: object) -> None:
        raise TooManySetupsError("too many to list")

    monkeypatch.setattr(decomposition_run, "enumerate_setups", too_many)
    run = run_decomposition(FEASIBLE)
    assert not run.complete
    assert run.setups is None
    assert "Lagrangian relaxation" in run.reason
    with pytest.raises(DataError, match="examines all setups"):
        run_decomposition(random_instance(0, "cost"))
    monkeypatch.setattr(lagrangian, "MOST_ENTRIES", 10)
    with pytest.raises(DataError, match="cannot hold so many options: too many to list, and their"):
        run_decomposition(FEASIBLE)


def test_a_sample_gives_the_seconds_of_one_setup() -> None:
    instance = FEASIBLE
    began = time.perf_counter()
    each, retained = decomposition_seconds_per_setup(instance, enumerate_setups(instance))
    assert 0 < each <= time.perf_counter() - began
    assert retained >= 1
    assert np.isfinite(each)
