"""A day of classes with replicas of their own: what the copies are, and that its plan is a plan of
the whole demand whose lanes serve one class each.
"""

from dataclasses import replace

import numpy as np
import pytest

from planner.cell_solution import CellBaselineKind
from planner.cells.cell_baselines import _simpler_demands, compare_cell_baselines
from planner.cells.isolated_classes import isolated_demand
from planner.cells.solve import solve_cells
from planner.settings import Settings
from tests.support.demand.cells_by_hand import cells_demand, curve_by_hand
from tests.support.demand.random_demands import random_demand
from tests.support.walls import UNHURRIED_S, first_fast, wall_size

SETTINGS = Settings(rel_gap=1e-3, time_limit=UNHURRIED_S)


def test_every_class_has_copies_of_the_llms_that_it_may_use() -> None:
    demand = cells_demand()
    chat, batch = demand.classes
    own = curve_by_hand(8.0, 0.2)
    demand = replace(
        demand,
        classes=(chat, replace(batch, permitted=(True, False, False))),
        class_curves={(0, 1): own},
        unjudged=frozenset({(1, 0)}),
    )
    alone = isolated_demand(demand)
    names = [llm.name for llm in alone.instance.llms]
    assert names == ["a for chat", "a for batch", "b for chat"]
    assert [option.llm for option in alone.instance.options] == [0, 1, 2]
    assert [entry.permitted for entry in alone.classes] == [
        (True, False, True, chat.permitted[2]),
        (False, True, False, False),
    ]
    assert alone.classes[1].work == tuple(batch.work[i] for i in (0, 0, 1))
    assert alone.class_curves == {(1, 1): own}
    assert alone.unjudged == {(2, 0)}
    scores = alone.classes[0].scores
    assert scores.llms == (*names, "api")
    for row, source in enumerate((0, 0, 1, 2)):
        assert np.array_equal(scores.values[row], chat.scores.values[source])
    # b may have one replica, whoever it serves.
    (quota,) = alone.instance.quotas
    assert (quota.weight, quota.most) == ((0.0, 0.0, 1.0), 1.0)


@pytest.mark.parametrize("kind", ["classes", "classes_outside"])
@pytest.mark.parametrize("seed", first_fast(range(400, 400 + wall_size(1, 20))))
def test_no_isolated_plan_beats_the_joint_bound(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    joint = solve_cells(demand, SETTINGS)
    alone = solve_cells(isolated_demand(demand), SETTINGS)
    if alone.plan is None or joint.plan is None:
        assert alone.plan is None or joint.plan is not None
        return
    # Without least numbers of replicas an isolated plan may do what a joint one may not.
    if all(llm.min_replicas == 0 for llm in demand.instance.llms):
        assert alone.value is not None
        assert joint.bound is not None
        assert alone.value <= joint.bound + 1e-6
    for routed in alone.plan.routed:
        for lane in routed.lanes:
            assert (lane.rates > 0).sum() <= 1


def test_it_is_a_simpler_way_where_classes_meet() -> None:
    demand = random_demand(402, "classes")
    kinds = dict(_simpler_demands(demand))
    assert CellBaselineKind.ISOLATED in kinds
    (case,) = demand.cases
    lonely = replace(demand, cases=(replace(case, rates=(case.rates[0], 0.0)),))
    assert CellBaselineKind.ISOLATED not in dict(_simpler_demands(lonely))
    _, baselines = compare_cell_baselines(demand, SETTINGS)
    (row,) = [one for one in baselines if one.kind is CellBaselineKind.ISOLATED]
    assert row.plan is row.planned.plan
    assert row.broken == () if row.plan is not None else row.broken
