"""Kinds of choices of lost nodes against one choice after the other."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from planner.verification.cells.loss_kinds import (
    count_loss_kinds,
    enumerate_loss_kinds,
    loss_key,
    nodes_by_content,
)
from tests.verification.cells.test_stated_cells import stated

Groups = dict[str, dict[tuple[tuple[int, int], ...], list[int]]]


def random_groups(seed: int) -> tuple[Groups, dict[str, int], dict[str, list[int]]]:
    """Up to two pools of up to five nodes with one of three contents."""
    rng = np.random.default_rng(seed)
    groups: Groups = {}
    lost, content = {}, {}
    for pool in ("p", "q")[: int(rng.integers(1, 3))]:
        nodes = int(rng.integers(1, 6))
        lost[pool] = int(rng.integers(1, nodes + 1))
        content[pool] = rng.integers(0, 3, nodes).tolist()
        groups[pool] = {}
        for node, kind in enumerate(content[pool]):
            groups[pool].setdefault(((kind, 1),), []).append(node)
    return groups, lost, content


@pytest.mark.parametrize("seed", range(30))
def test_kinds_are_those_of_all_choices(seed: int) -> None:
    groups, lost, content = random_groups(seed)
    choices = list(product(*(combinations(range(len(content[p])), lost[p]) for p in groups)))
    alike = Counter(
        tuple(
            tuple(sorted(content[pool][node] for node in nodes))
            for pool, nodes in zip(groups, choice, strict=True)
        )
        for choice in choices
    )
    kinds = list(enumerate_loss_kinds(groups, lost))
    assert sorted(kind.alike for kind in kinds) == sorted(alike.values())
    assert len({kind.key for kind in kinds}) == len(kinds)
    assert np.prod(list(count_loss_kinds(groups, lost).values())) == len(kinds)
    for kind in kinds:
        assert loss_key(groups, kind.nodes) == kind.key
        assert {pool: len(set(nodes)) for pool, nodes in kind.nodes.items()} == lost
    named = [dict(zip(groups, choice, strict=True)) for choice in choices]
    assert {loss_key(groups, nodes) for nodes in named} == {kind.key for kind in kinds}


@pytest.mark.parametrize(("nodes", "lost"), [(1200, 1), (250, 249)])
def test_many_nodes_that_all_hold_something_else(nodes: int, lost: int) -> None:
    groups = {"p": {((0, k),): [k] for k in range(nodes)}}
    assert count_loss_kinds(groups, {"p": lost}) == {"p": nodes}
    kinds = list(enumerate_loss_kinds(groups, {"p": lost}))
    assert len({kind.key for kind in kinds}) == nodes


def test_nodes_are_grouped_by_what_they_hold() -> None:
    plan = stated()
    groups = nodes_by_content(plan.setups[0], plan.demand, 2)
    assert groups == {"h100": {((0, 1),): [0, 1], ((1, 1),): [2]}}
    assert nodes_by_content(plan.setups[0], plan.demand, 0) == {}


def test_nodes_hold_numbers_of_shards_or_nothing() -> None:
    """Of the second pool a node is lost, of the first none."""
    plan = stated()
    (first,) = plan.demand.instance.pools
    spare = replace(first, name="spare", nodes=4)
    instance = replace(plan.demand.instance, pools=(first, spare))
    case = replace(plan.demand.cases[2], lost_nodes=(0, 1))
    shards = [("spare", 0, 1), ("spare", 0, 0), ("spare", 0, 0), ("spare", 1, 0), ("h100", 0, 0)]
    placement = [{"pool": p, "node": n, "option": o} for p, n, o in shards]
    setup = replace(plan.setups[0], entry={"placement": placement})
    demand = replace(plan.demand, instance=instance, cases=(case,))
    assert nodes_by_content(setup, demand, 0) == {
        "spare": {((0, 2), (1, 1)): [0], ((0, 1),): [1], (): [2, 3]}
    }
