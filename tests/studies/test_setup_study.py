"""All setups routed one by one: the best is the best, pruned ones are none of the best."""

import numpy as np
import pytest

from planner.decomposition.best_setup import best_setup
from planner.errors import DataError
from planner.studies.setup_rows import STATUSES
from planner.studies.setup_study import study_setups
from tests.support.instances.clusters import cluster
from tests.support.instances.setup_studies import same
from tests.support.instances.tiny import random_instance


@pytest.mark.parametrize("kind", ["convex", "percentile", "two_pools"])
def test_the_best_row_is_the_best_setup(kind: str) -> None:
    feasible = 0
    for seed in range(15):
        instance = random_instance(seed, kind)
        everything = study_setups(instance, exact_packing=True, jobs=1)
        best = best_setup(instance, tolerance=everything.tolerance)
        assert everything.complete
        assert sum(everything.count(status) for status in STATUSES) == everything.positions.size
        if best.value is None:
            assert everything.count("feasible") == 0
        else:
            assert np.nanmax(everything.quality) == pytest.approx(
                best.value, abs=4 * everything.tolerance
            )
            assert np.all(
                everything.bound[~np.isnan(everything.quality)]
                >= everything.quality[~np.isnan(everything.quality)] - 1e-9
            )
            feasible += 1
    assert feasible >= 5


def test_pruned_setups_are_none_of_the_best() -> None:
    for seed in range(10):
        instance = random_instance(seed, "convex")
        everything, pruned = study_setups(instance, jobs=1), study_setups(instance, prune=True)
        assert np.array_equal(everything.positions, pruned.positions)
        if everything.count("feasible"):
            best = np.nanmax(everything.quality)
            assert np.nanmax(pruned.quality) == pytest.approx(best, abs=4 * everything.tolerance)
            assert (
                pruned.count("pruned") + pruned.count("feasible") + pruned.count("infeasible")
                == everything.positions.size
            )


def test_two_processes_give_what_one_does() -> None:
    instance = random_instance(3, "convex")
    assert same(study_setups(instance, jobs=1), study_setups(instance, jobs=2))


def test_exact_packing_retains_more() -> None:
    instance = cluster(
        [(i, 1, share, 1.0) for i, share in enumerate((0.4, 0.4, 0.3, 0.3, 0.3, 0.3))],
        6,
        per_node=2,
    )
    published, exact = (
        study_setups(instance, jobs=1),
        study_setups(instance, exact_packing=True, jobs=1),
    )
    assert not published.only_exact.any()
    assert exact.only_exact.sum() == exact.positions.size - published.positions.size >= 1


def test_too_many_setups_are_refused_with_a_fix() -> None:
    ways = [
        (i, tp, share / 100, 1.0) for i in range(2) for tp in (1, 2) for share in range(10, 101, 10)
    ]
    with pytest.raises(DataError, match=r"too many setups.*set max_replicas"):
        study_setups(cluster(ways, 2, nodes=4, most=None))
