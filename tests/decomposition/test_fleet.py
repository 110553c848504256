"""Where setups are too many: the bracket holds the best plan."""

import itertools
import math

import numpy as np
import pytest

from planner.decomposition.fleet import bracket_fleet
from tests.support.instances.clusters import QUALITY_KINDS
from tests.support.instances.oracle import best_plan
from tests.support.instances.tiny import random_instance
from tests.support.walls import first_fast, wall_size


@pytest.mark.parametrize("kind", first_fast(QUALITY_KINDS))
def test_the_relaxation_brackets_the_best_plan(kind: str) -> None:
    found = 0
    for seed in range(wall_size(12, 25)):
        instance = random_instance(seed, kind)
        known, fleet = best_plan(instance), bracket_fleet(instance, tolerance=1e-5)
        span = float(np.ptp(instance.scores.values)) or 1.0
        if known.feasible:
            assert fleet.bound >= known.value - 1e-6 * span
        if fleet.value is not None:
            assert known.feasible is not False
            assert fleet.value <= (known.bound if known.feasible else math.inf) + 1e-6 * span
            found += 1
    assert found >= wall_size(4, 5)


def test_every_pair_of_rows_is_summed() -> None:
    from planner.decomposition.fleet import _fleet_up_to_two

    rows = np.eye(3, dtype=int)
    sums = {tuple(row) for row in _fleet_up_to_two(rows)}
    assert sums == {
        tuple(sum(part, start=np.zeros(3, dtype=int)))
        for n in (0, 1, 2)
        for part in itertools.combinations_with_replacement(rows, n)
    }
