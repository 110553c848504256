"""The best of all setups, and the bounds by which the others are pruned."""

import numpy as np
import pytest

from planner.decomposition.enumeration import enumerate_setups
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route
from tests.support.tiny import random_instance


def test_a_bound_of_another_setup_s_prices_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every price found on the way bounds every setup with the same LLMs."""
    from planner.decomposition.best_setup import Bounds

    for seed in range(20):
        instance = random_instance(seed, "convex")
        road, setups = DecompositionState(instance), enumerate_setups(instance)
        bounds = Bounds(road, setups)
        everything = np.arange(len(setups))
        values = [route(road, setups.deployed(k), 1e-6).value for k in everything]
        bounds.learn(everything)
        for k, value in enumerate(values):
            assert value is None or value <= bounds.upper[k] + 1e-9
