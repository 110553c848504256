"""Separation: what is learnt from a setup cuts it off and no setup that can be packed."""

from itertools import product

import numpy as np
import pytest

from models.instance import Instance
from models.packing.first_fit import PackingVerdict
from planner.joint.setups.search_state import SearchState
from planner.joint.setups.separation import (
    all_packed,
    pack_for_separation,
    pack_tightly_for_separation,
    place_or_separate,
    separate_pattern_rows,
)
from tests.support.instances.clusters import cluster
from tests.support.instances.search_states import fresh_state
from tests.support.walls import first_fast, wall_size

MOST = 4
SEEDS = range(wall_size(12, 25))


def tiny_pool(rng: np.random.Generator) -> Instance:
    """Three options on one or two nodes, with memory that matters."""
    options = [
        (
            i,
            int(rng.choice([1, 1, 2])),
            float(rng.choice([0.2, 0.3, 0.4, 0.6, 0.7])),
            float(rng.choice([5.0, 25.0, 40.0, 55.0])),
        )
        for i in range(3)
    ]
    return cluster(options, 3, nodes=int(rng.integers(1, 3)), per_node=2, most=None)


def packable(state: SearchState) -> list[tuple[np.ndarray, int]]:
    """Every setup that can be packed, with the fewest GPUs that hold it."""
    setups = []
    for counts in product(range(MOST + 1), repeat=len(state.instance.options)):
        replicas = np.array(counts)
        packings = pack_tightly_for_separation(state, replicas)
        if all_packed(packings):
            setups.append((replicas, packings[0].gpus))
    return setups


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pattern_row_cuts_the_point_off_and_no_packable_setup(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = fresh_state(tiny_pool(rng))
    gpus = state.instance.gpus
    demand = rng.uniform(0, 2.5, len(state.instance.options))
    before = len(state.capacity)
    if not separate_pattern_rows(state, demand, [0]):
        return
    row = state.capacity[before]
    assert row.weight @ demand > gpus
    for replicas, used in packable(state):
        assert row.weight @ replicas <= used + 1e-9


def test_pattern_rows_are_violated_by_demands_that_no_packing_serves() -> None:
    """Three shards of 60 % and two GPUs: a row; two of them: none."""
    state = fresh_state(cluster([(0, 1, 0.6, 1.0)], 1, per_node=2, most=None))
    assert separate_pattern_rows(state, np.array([3.0]), [0])
    assert not separate_pattern_rows(state, np.array([2.0]), [0])


@pytest.mark.parametrize("seed", first_fast(SEEDS, (0, 1, 2)))
def test_what_cannot_be_packed_is_cut_off_and_nothing_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = fresh_state(tiny_pool(rng))
    known = packable(state)
    whole = {tuple(replicas) for replicas, _ in known}
    learnt = 0
    for counts in product(range(MOST + 1), repeat=len(state.instance.options)):
        replicas = np.array(counts)
        rows, no_goods = len(state.capacity), len(state.no_goods)
        placement = place_or_separate(state, replicas, None)
        assert placement.placed == (counts in whole)
        if placement.placed:
            assert not placement.learnt
            continue
        cut_off = [row.weight @ replicas > state.instance.gpus for row in state.capacity[rows:]]
        cut_off += [no_good.forbids(replicas) for no_good in state.no_goods[no_goods:]]
        assert all(cut_off)
        assert placement.learnt == bool(cut_off)
        learnt += placement.learnt
    assert learnt > 0
    for replicas, used in known:
        assert all(row.weight @ replicas <= used + 1e-9 for row in state.capacity)
        assert not any(no_good.forbids(replicas) for no_good in state.no_goods)


def test_on_too_few_gpus_the_setup_is_cut_off_there_and_packed_elsewhere() -> None:
    """Two shards of 60 % need two GPUs: on one the lesson holds only while one is used."""
    state = fresh_state(cluster([(0, 1, 0.6, 1.0), (1, 1, 0.5, 1.0)], 2, per_node=2, most=None))
    replicas = np.array([1, 1])
    placement = place_or_separate(state, replicas, [1])
    assert placement.placed
    assert placement.packings[0].gpus == 2
    assert placement.learnt
    assert all(no_good.gpus == 1 for no_good in state.no_goods)
    again = place_or_separate(state, replicas, None)
    assert again.placed
    assert not again.learnt


def test_a_packing_is_on_as_few_gpus_as_can_be() -> None:
    state = fresh_state(cluster([(0, 1, 0.5, 1.0)], 1, per_node=4, most=None))
    replicas = np.array([4])
    assert pack_tightly_for_separation(state, replicas)[0].gpus == 2
    assert [packing.verdict for packing in pack_for_separation(state, np.array([9]))] == [
        PackingVerdict.IMPOSSIBLE
    ]
