"""Packing of setups: first fit, exhaustive, on fewest GPUs."""

import numpy as np
import pytest

from planner.decomposition import packing
from planner.decomposition.enumeration import enumerate_retained_setups, enumerate_setups
from planner.decomposition.packing import (
    decide_packing,
    decide_packing_on_fewest,
    first_fit_decreasing_packing,
)
from tests.support.instances.clusters import cluster


@pytest.mark.parametrize("seed", range(10))
def test_first_fit_for_all_rows_at_once_is_that_of_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    options = [
        (
            i % 3,
            int(rng.choice([1, 2])),
            float(rng.choice([0.3, 0.5, 0.7])),
            float(rng.uniform(5, 60)),
        )
        for i in range(6)
    ]
    instance = cluster(options, 3, nodes=2, per_node=2, most=None)
    setups = enumerate_setups(instance)
    rows = rng.permutation(len(setups))[:200]
    placed = enumerate_retained_setups(instance, setups)
    assert np.array_equal(
        placed[rows], first_fit_decreasing_packing(instance, setups.replicas(rows, 6))
    )
    for row in rows:
        items = [
            (o, r)
            for o in packing._packing_order(instance, 0)
            for option, n in setups.deployed(int(row))
            if option == o
            for r in range(n)
        ]
        assert (packing._first_fit_packing(instance, 0, items) is not None) == placed[row]
        if placed[row]:
            assert decide_packing(instance, setups.deployed(int(row))).placed


def test_exhaustive_packing_places_what_first_fit_does_not() -> None:
    instance = cluster(
        [(i, 1, share, 1.0) for i, share in enumerate((0.4, 0.4, 0.3, 0.3, 0.3, 0.3))],
        6,
        per_node=2,
    )
    setups = enumerate_setups(instance)
    everything = int(np.flatnonzero(setups.llms() == 0b111111)[0])
    assert not enumerate_retained_setups(instance, setups)[everything]
    placement = decide_packing(instance, setups.deployed(everything))
    assert placement.placed
    share = np.zeros(2)
    for option, _, _, gpus in placement.seats:
        assert len(set(gpus)) == instance.options[option].tp_degree
        share[list(gpus)] += instance.options[option].mps_share
    assert share.max() <= 1.0 + 1e-9


def test_as_few_gpus_as_can_be() -> None:
    instance = cluster([(0, 1, 0.5, 50.0), (1, 1, 0.5, 20.0), (2, 1, 0.5, 45.0)], 3)
    packed = decide_packing_on_fewest(instance, ((0, 1), (1, 1), (2, 1)))
    assert packed.placed
    assert packed.gpus == (2,)
