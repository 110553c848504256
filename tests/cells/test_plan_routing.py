"""From a placed setup to a plan: which routing counts, losses, and setups that are given."""

import numpy as np
import pytest

from planner.cell_solution import RoutedCase
from planner.cells.plan_routing import counted_routings
from tests.support.demand.cell_models import cell_search
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand


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


def test_more_money_than_the_relaxation_spends_is_tried_with_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twice nothing is nothing, and infinitely often nothing is no number."""
    search = cell_search(random_demand(500, "classes_budget"), 0)
    assert search.limits_spend
    assert not search.by_cost
    tried: list[dict[int, float]] = []
    monkeypatch.setattr(search.routing, "route", lambda r, p, points, spend: tried.append(spend))
    counted = [t for t, case in enumerate(search.model.demand.cases) if case.hours > 0]
    spend = {t: float(k) for k, t in enumerate(counted)}
    none = np.zeros((1, len(search.model.instance.options)), dtype=int)
    assert search.routing.route_with_money(none, (), {}, spend) is None
    assert tried[0] == spend
    assert tried[-1] == {}
    assert len(tried) > 2
    assert all(np.isfinite(value) for one in tried for value in one.values())
