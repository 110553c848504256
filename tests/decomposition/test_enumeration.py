"""The enumeration of setups against published counts and brute force."""

from dataclasses import replace

import numpy as np
import pytest

from planner.decomposition import enumeration
from planner.decomposition.enumeration import TooManySetupsError, enumerate_setups
from planner.decomposition.packing import (
    PlacementVerdict,
    decide_packing,
)
from tests.support.instances.clusters import cluster
from tests.support.instances.oracle import feasible_setups
from tests.support.instances.tiny import KINDS, random_instance


def test_three_llms_on_four_gpus_have_the_published_number_of_setups() -> None:
    ways = [
        (i, tp, share / 100, 1.0)
        for i in range(3)
        for tp in (1, 2, 4)
        for share in range(10, 101, 10)
    ]
    setups = enumerate_setups(cluster(ways, 3))
    assert int((setups.llms() == 0b111).sum()) == 15_883
    assert len(setups) == 18_220


@pytest.mark.parametrize("kind", KINDS)
def test_enumeration_and_packing_know_the_same_setups_as_brute_force(kind: str) -> None:
    for seed in range(20):
        instance = random_instance(seed, kind)
        setups = enumerate_setups(instance)
        counts = setups.replicas(np.arange(len(setups)), len(instance.options))
        carried = counts @ np.array([option.curve.max_rate for option in instance.options])
        seats = [decide_packing(instance, setups.deployed(k)) for k in range(len(setups))]
        assert all(seat.verdict != PlacementVerdict.UNDECIDED for seat in seats)
        mine = {
            tuple(map(int, row))
            for row, seat, rate in zip(counts, seats, carried, strict=True)
            if seat.placed and rate >= instance.arrival_rate
        }
        assert mine == {setup.replicas for setup in feasible_setups(instance)}


def test_more_options_than_python_nests_calls() -> None:
    setups = enumerate_setups(cluster([(0, 1, 1.0, 1.0)] * 1200, 1))
    assert len(setups) == 1200
    assert {setups.deployed(k) for k in range(1200)} == {((option, 1),) for option in range(1200)}


def test_ways_below_the_least_replicas_are_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instance = cluster([(0, 1, 0.1, 1.0)] * 8, 1, most=None)
    least = replace(instance, llms=(replace(instance.llms[0], min_replicas=40),))
    monkeypatch.setattr(enumeration, "MOST_TRIED", 1000)
    with pytest.raises(TooManySetupsError, match=r"more than 1,000 ways.*min_replicas"):
        enumerate_setups(least)
