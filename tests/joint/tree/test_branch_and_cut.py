"""The tree: its bound and its plans against brute force, with and without a limit of its effort."""

import numpy as np
import pytest

from models.instance import Instance
from planner.joint.search import Search
from planner.joint.steps import branching
from planner.joint.tree.branch_and_cut import BranchTree, TreeTask
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import QUALITY, feasible_instances, fresh_state
from tests.support.walls import first_fast, wall_size

GAP = 1e-5
KINDS = ["convex", "two_pools", "nonconvex", "binary", "six_gpus", "percentile", "each_llm"]


def grown(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, most_lps: int = 3_000
) -> tuple[Search, BranchTree]:
    """A search that has but grown its tree."""
    trees = []

    def tree_of(task: TreeTask, most: int) -> BranchTree:
        trees.append(BranchTree(task, most))
        return trees[0]

    monkeypatch.setattr(branching, "BranchTree", tree_of)
    search = Search(fresh_state(instance), QUALITY, lambda _: GAP)
    milp = search._begin()
    assert milp is not None
    branching.branch_from_relaxation(search.state, milp, most_lps)
    return search, trees[0]


@pytest.mark.parametrize("kind", first_fast(KINDS, (0, 1)))
def test_bound_and_plan_of_a_tree_bracket_the_optimum(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, cases = 0, wall_size(2, 12)
    for instance in feasible_instances(kind, cases):
        search, tree = grown(instance, monkeypatch)
        truth, quality = best_plan(instance), search.shared.quality
        assert search.bound <= -quality.from_score(truth.value) + 1e-6
        assert search.loss >= -quality.from_score(truth.bound) - 1e-6
        assert search.shared.nodes == tree.nodes
        assert search.shared.milp_solves == 0
        closed += search.closed()
    # Arms of curves that are not convex, and placements that fail, are left to the programs.
    if kind == "convex":
        assert closed == cases


@pytest.mark.parametrize("most", [1, 3])
def test_a_tree_that_is_cut_short_has_a_bound(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = feasible_instances("convex", 1)[0]
    search, tree = grown(instance, monkeypatch, most)
    best = -search.shared.quality.from_score(best_plan(instance).value)
    assert search.bound <= best + 1e-6
    assert not search.closed()
    assert search.shared.clock.worked > 0
    assert tree.nodes <= most


def test_the_same_tree_grows_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = feasible_instances("convex", 1)[0]
    one, other = (grown(instance, monkeypatch) for _ in range(2))
    assert one[1].nodes == other[1].nodes
    assert (one[0].loss, one[0].bound) == (other[0].loss, other[0].bound)
    assert one[0].incumbent is not None
    assert other[0].incumbent is not None
    assert np.array_equal(one[0].incumbent.routed.replicas, other[0].incumbent.routed.replicas)
