"""From a placed setup to a plan: which routing counts, losses, and setups that are given."""

import numpy as np
import pytest

from planner.cell_solution import RoutedCase
from planner.cells.plan_routing import counted_routings
from tests.support.demand.cell_models import cell_search
from tests.support.demand.cells_by_hand import cells_demand


def test_of_every_case_the_worst_loss_counts() -> None:
    def routed(case: int, quality: float) -> RoutedCase:
        return RoutedCase(
            case=case,
            lanes=(),
            outside=np.zeros((1, 0)),
            fractions={},
            settled={},
            value=quality,
            quality=quality,
            spend=0.0,
        )

    counted = counted_routings([routed(1, 0.5), routed(0, 0.9), routed(1, 0.4), routed(1, 0.6)])
    assert [(one.case, one.quality) for one in counted] == [(0, 0.9), (1, 0.4)]


def test_the_setup_of_a_plan_is_routed_as_in_it() -> None:
    search = cell_search(cells_demand())
    search.run()
    best = search.best
    assert best is not None
    (setup,) = best.setups
    replicas, packings = setup.replicas[None, :], (setup.packings,)
    plan, broken = cell_search(cells_demand()).routing.evaluate(replicas, packings)
    assert broken == ()
    assert plan is not None
    assert plan.value == pytest.approx(best.value, abs=2e-3)
    assert plan.gpus_cost == best.gpus_cost


def test_a_setup_too_small_names_the_cases_that_break() -> None:
    search = cell_search(cells_demand())
    search.run()
    assert search.best is not None
    (setup,) = search.best.setups
    none = np.zeros_like(setup.replicas)[None, :]
    empty = tuple(type(packing)(packing.verdict) for packing in setup.packings)
    plan, broken = cell_search(cells_demand()).routing.evaluate(none, (empty,))
    assert plan is None
    assert 0 in broken
