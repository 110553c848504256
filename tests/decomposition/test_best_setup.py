"""The best of all setups, and the bounds by which the others are pruned."""

import numpy as np
import pytest

from planner.decomposition.best_setup import SetupBounds, best_setup
from planner.decomposition.enumeration import enumerate_setups
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route_setup_by_policies
from tests.support.instances.oracle import best_plan
from tests.support.instances.tiny import random_instance


def test_a_bound_of_another_setup_s_prices_holds() -> None:
    """Every price found on the way bounds every setup with the same LLMs."""
    for seed in range(20):
        instance = random_instance(seed, "convex")
        state, setups = DecompositionState(instance), enumerate_setups(instance)
        bounds = SetupBounds(state, setups)
        everything = np.arange(len(setups))
        values = [
            route_setup_by_policies(state, setups.deployed(k), 1e-6).value for k in everything
        ]
        bounds.learn(everything)
        for k, value in enumerate(values):
            assert value is None or value <= bounds.upper[k] + 1e-9


@pytest.mark.parametrize("kind", ["convex", "nonconvex", "binary", "two_pools", "each_llm"])
def test_value_and_bound_bracket_the_brute_force(kind: str) -> None:
    compared = 0
    for seed in range(10):
        instance = random_instance(seed, kind)
        span = float(np.ptp(instance.scores.values)) or 1.0
        truth, answer = best_plan(instance), best_setup(instance, tolerance=1e-5 * span)
        if truth.feasible is False:
            assert answer.value is None
            continue
        if truth.feasible:
            assert answer.complete
            assert answer.bound >= truth.value - 1e-6 * span
            assert answer.value is None or answer.value <= truth.bound + 1e-6 * span
            compared += 1
    assert compared >= 4


def test_first_fit_alone_is_never_better_and_says_what_it_goes_through() -> None:
    instance, kept = random_instance(2, "two_pools"), []
    exact = best_setup(instance, tolerance=1e-5)
    retained = best_setup(
        instance, tolerance=1e-5, exact_packing=False, keep=lambda k, _: kept.append(k)
    )
    assert len(kept) == len(set(kept)) == retained.routed_setups
    if retained.value is not None:
        assert exact.value is not None
        assert retained.value <= exact.value + 1e-5
