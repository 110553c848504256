"""The search for one goal: how it ends, and what it knows then."""

from dataclasses import replace

import numpy as np
import pytest

from planner.joint import search as search_module
from planner.joint.search import Search
from planner.joint.steps.branching import FLAT_LPS
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import QUALITY, feasible_instances, fresh_state
from tests.support.walls import wall_size


@pytest.mark.parametrize("kind", ["convex", "nonconvex", "two_pools", "percentile"])
def test_bound_and_plan_bracket_the_optimum(kind: str) -> None:
    for instance in feasible_instances(kind, wall_size(1, 3)):
        shared = fresh_state(instance)
        search = Search(shared, QUALITY, lambda _: 1e-5)
        search.run()
        truth = best_plan(instance)
        assert search.closed()
        assert search.bound <= -shared.quality.from_score(truth.value) + 1e-6
        assert search.loss >= -shared.quality.from_score(truth.bound) - 1e-6


def test_a_plan_that_is_good_enough_ends_it() -> None:
    """With any loss good enough the first plan does, and no program is solved."""
    instance = feasible_instances("convex", 1)[0]
    shared = fresh_state(instance)
    search = Search(shared, QUALITY, lambda _: 1e-9, enough=0.0)
    search.run()
    assert search.incumbent is not None
    assert shared.milp_solves == 0


def test_a_second_search_begins_with_the_lessons_and_the_plan_of_the_first() -> None:
    instance = feasible_instances("two_pools", 2)[1]
    shared = fresh_state(instance)
    first = Search(shared, QUALITY, lambda _: 1e-6)
    first.run()
    cuts, solves = len(shared.quality.cuts), shared.milp_solves
    again = Search(shared, QUALITY, lambda _: 1e-6, first.incumbent)
    again.run()
    assert again.closed()
    assert again.loss == pytest.approx(first.loss, abs=2e-6)
    assert shared.milp_solves - solves <= max(solves, 1)
    assert len(shared.quality.cuts) >= cuts


@pytest.mark.parametrize("flat", [True, False])
def test_where_no_bound_rises_the_neighbourhood_comes_after_a_few_dives(
    flat: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(
        search_module, "branch_from_relaxation", lambda *given: asked.append(given[2:])
    )
    monkeypatch.setattr(search_module, "search_neighbourhood", lambda *_: asked.append("near"))
    search = Search(fresh_state(feasible_instances("convex", 1)[0]), QUALITY, lambda _: 1e-6)
    milp = search._begin()
    assert milp is not None
    assert search.incumbent is not None
    search.state.bound = -float(search.shared.quality.cuts.base[0]) + (0.0 if flat else 1e-3)
    search._plunge(milp)
    assert asked == ([(FLAT_LPS,), "near", ()] if flat else [()])


def test_infeasible_is_confirmed_and_feasible_is_not() -> None:
    instance = feasible_instances("convex", 1)[0]
    crowded = fresh_state(replace(instance, arrival_rate=1e4 * instance.arrival_rate))
    search = Search(crowded, QUALITY, lambda _: 1e-6)
    search.run()
    assert search.infeasible
    assert search.incumbent is None
    assert search.confirm_infeasible()
    assert not Search(fresh_state(instance), QUALITY, lambda _: 1e-6).confirm_infeasible()


def test_a_goal_without_room_has_no_plan() -> None:
    """No GPU in all: infeasible, for any options of the relaxation."""
    instance = feasible_instances("convex", 1)[0]
    search = Search(fresh_state(instance), replace(QUALITY, gpus_in_all=0), lambda _: 1e-6)
    search.run()
    assert search.infeasible
    assert search.loss == np.inf
