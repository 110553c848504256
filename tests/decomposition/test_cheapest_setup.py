"""The cheapest setup that reaches a quality, against brute force."""

import threading

import numpy as np
import pytest

from planner.decomposition.cheapest_setup import cheapest_setup
from tests.support.instances.oracle import best_plan
from tests.support.instances.payments import paid_otherwise
from tests.support.instances.tiny import random_instance


@pytest.mark.parametrize("first", range(0, 30, 10))
def test_cost_and_bound_bracket_the_brute_force(first: int) -> None:
    found = 0
    for seed in range(first, first + 10):
        instance = random_instance(seed, "cost")
        span = float(np.ptp(instance.scores.values)) or 1.0
        truth, answer = best_plan(instance), cheapest_setup(instance, tolerance=1e-6 * span)
        if truth.feasible is False:
            assert answer.value is None
            continue
        if truth.feasible is None:
            continue
        assert answer.complete
        assert answer.value == pytest.approx(truth.value)
        assert answer.bound <= truth.value + 1e-9
        assert answer.routed is not None
        assert answer.routed.value is not None
        assert answer.routed.value >= (instance.quality_floor or 0.0) - 1e-5
        used = {(instance.options[o].pool, d, g) for o, _, d, gpus in answer.seats for g in gpus}
        price = sum(instance.pools[p].price or 0.0 for p, _, _ in used)
        assert answer.value == pytest.approx(price)
        found += 1
    assert found >= 2


def test_owned_and_reserved_pools_cost_what_brute_force_says() -> None:
    found = 0
    for seed in range(8):
        instance = paid_otherwise(random_instance(seed, "cost"), seed)
        span = float(np.ptp(instance.scores.values)) or 1.0
        truth, answer = best_plan(instance), cheapest_setup(instance, tolerance=1e-6 * span)
        if truth.feasible:
            assert answer.value == pytest.approx(truth.value)
            assert answer.bound <= truth.value + 1e-9
            found += 1
    assert found >= 2


def test_cancelled_the_bound_is_that_of_what_is_left() -> None:
    instance = random_instance(0, "cost")
    cancel = threading.Event()
    cancel.set()
    answer = cheapest_setup(instance, tolerance=1e-6, cancel=cancel)
    truth = best_plan(instance)
    assert not answer.complete
    assert answer.bound <= truth.value + 1e-9
