"""What capacity alone says of the least replicas and of nodes, against brute force over setups."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations_with_replacement, product

import numpy as np
import pytest

from models.instance import Instance, Llm
from models.packing.first_fit import PackingVerdict, pool_items
from models.packing.placement import place_all
from planner.joint.programs.capacity_bound import (
    bound_by_capacity,
    capacity_shortage,
    count_nodes_by_capacity,
    easy_setups_by_capacity,
)
from planner.joint.repairs.adjustments import Adjustment, adjustments_of
from planner.joint.setups.search_state import SearchState
from planner.settings import Settings
from tests.support.instances.by_hand import checked, flat, make, option
from tests.support.instances.search_states import feasible_instances, fresh_state
from tests.support.walls import first_fast, wall_size

SHARES = (0.4, 0.5, 0.6, 0.7, 1.0)
MOST_NODES = 6


def crowded(seed: int) -> Instance:
    """Two to four LLMs with up to two replicas each that must run, on one or two nodes of two GPUs,
    with a request now and then.
    """
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 5))
    options = {
        (i, tp, share): option(
            i, flat(0.1, 10), share, tp=tp, memory=float(rng.choice([10, 20, 35, 45, 70]))
        )
        for i in range(count)
        for tp, share in zip(rng.integers(1, 3, 2).tolist(), rng.choice(SHARES, 2), strict=True)
    }
    return make(
        list(options.values()),
        1.0,
        nodes=int(rng.integers(1, 3)),
        llms=tuple(Llm(f"llm-{i}", int(rng.integers(0, 3))) for i in range(count)),
        values=rng.random((count, 3)).tolist(),
    )


def least_setups(instance: Instance) -> Iterator[np.ndarray]:
    """Every way to run the least replicas of all LLMs (more of them only need more)."""
    ways = []
    for i, llm in enumerate(instance.llms):
        own = [o for o, one in enumerate(instance.options) if one.llm == i]
        ways.append(list(combinations_with_replacement(own, llm.min_replicas)))
    for chosen in product(*ways):
        picked = [o for of_llm in chosen for o in of_llm]
        yield np.bincount(np.array(picked, dtype=int), minlength=len(instance.options))


def fits(instance: Instance, nodes: int) -> bool:
    """By brute force: whether some such setup is packed on the nodes of the only pool."""
    (pool,) = instance.pools
    return any(
        place_all(
            pool_items(instance.options, 0, setup.tolist()),
            nodes,
            pool.gpus_per_node,
            instance.room(0),
        ).verdict
        == PackingVerdict.PACKED
        for setup in least_setups(instance)
    )


@cache
def fewest_nodes(seed: int) -> int:
    instance = crowded(seed)
    return next(nodes for nodes in range(1, MOST_NODES + 1) if fits(instance, nodes))


def without_least(instance: Instance, i: int) -> Instance:
    llms = list(instance.llms)
    llms[i] = replace(llms[i], min_replicas=0)
    return replace(instance, llms=tuple(llms))


def node_knob(instance: Instance) -> tuple[Adjustment, SearchState]:
    """The nodes of the only pool, and the state that its least change is sought in."""
    (nodes,) = [one for one in adjustments_of(instance) if one.change == "pools.0.nodes"]
    assert nodes.opened is not None
    return nodes, fresh_state(instance).with_numbers_of(nodes.opened)


SEEDS = first_fast([range(10), range(10, wall_size(40, 300))])


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_a_shortage_is_one_by_brute_force(seeds: range) -> None:
    short = 0
    for seed in seeds:
        instance = crowded(seed)
        shortage = capacity_shortage(fresh_state(instance))
        if shortage is None:
            continue
        short += 1
        nodes = instance.pools[0].nodes
        assert not fits(instance, nodes), seed
        for i in range(len(instance.llms)):
            if shortage.holds_without(i):
                assert not fits(without_least(instance, i), nodes), (seed, i)
    assert short >= len(seeds) // 4, "nearly every setup that does not fit is found to be too large"


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_no_setup_lies_below_the_count(seeds: range) -> None:
    exact = 0
    for seed in seeds:
        nodes, state = node_knob(crowded(seed))
        assert nodes.knob is not None
        knob = replace(nodes.knob, low=0.0)
        counted = count_nodes_by_capacity(state, knob)
        assert bound_by_capacity(state, knob) <= counted + 1e-6
        assert counted <= fewest_nodes(seed), seed
        exact += counted == fewest_nodes(seed)
    assert exact >= 0.8 * len(seeds)


@pytest.mark.parametrize("seeds", first_fast([range(4), range(4, wall_size(14, 100))]), ids=str)
def test_nodes_for_the_least_replicas_are_the_fewest(seeds: range) -> None:
    """The whole of it: the repair is proved, and brute force has no setup on a node less."""
    repaired = 0
    for seed in seeds:
        solution = checked(crowded(seed), Settings(), lean=False)
        if solution.conflict is None:
            continue
        (nodes,) = [one for one in solution.conflict.repairs if one.change == "pools.0.nodes"]
        assert nodes.proved
        assert nodes.after == fewest_nodes(seed), seed
        repaired += 1
    assert repaired >= len(seeds) // 4


def test_easy_setups_keep_the_least_replicas_and_serve_every_request() -> None:
    """Three replicas of half a GPU each: one GPU more than they need, then none."""
    options = [option(i, flat(0.1, 10), 0.5) for i in range(3)]
    llms = tuple(Llm(name, 1) for name in ("good", "poor", "poorer"))
    values = ((1.0,), (0.5,), (0.0,))
    instance = make(options, 15, gpus=2, llms=llms, values=values)
    nodes, state = node_knob(instance)
    assert nodes.knob is not None
    setups = list(easy_setups_by_capacity(state, nodes.knob, 2, 0.75))
    assert len(setups) >= 2
    for replicas, rates in setups:
        assert replicas.tolist() == [1, 1, 1]
        assert rates.sum() >= 15


@pytest.mark.parametrize("kind", first_fast(["convex", "two_pools"]))
def test_capacity_bounds_no_number_that_works_away(kind: str) -> None:
    """Of instances with plans every number may stay where it is."""
    for instance in feasible_instances(kind, 3):
        shared = fresh_state(instance)
        assert capacity_shortage(shared) is None
        for one in adjustments_of(instance):
            if one.opened is not None and one.knob is not None:
                state = shared.with_numbers_of(one.opened)
                assert bound_by_capacity(state, one.knob) < np.inf


def test_an_llm_without_options_is_a_shortage_of_its_own() -> None:
    """Whatever the pools have; without it nothing is short."""
    instance = make([option(0, flat(0.1, 10))], 5, llms=(Llm("good"), Llm("poor", 1)))
    shortage = capacity_shortage(fresh_state(instance))
    assert shortage is not None
    assert shortage.holds_without(0)
    assert not shortage.holds_without(1)
