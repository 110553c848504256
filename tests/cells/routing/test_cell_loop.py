"""Loops over the programs of cells: setups and spends that change, what is missing, shared cuts."""

from dataclasses import replace

import numpy as np
import pytest

from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.joint.solver.highs import SolveSettings, StopReason
from tests.support.demand.cell_models import StepClock, cell_model, price_case, search_clock
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand


def loop_of(model, cases, **options) -> CellLoop:
    return CellLoop(model, cases, search_clock(), SolveSettings(), **options)


def test_a_setup_may_change_and_change_back() -> None:
    model = cell_model(cells_demand())
    loop = loop_of(model, [0], free_setup=False)
    first = price_case(model, 0, np.array([2.0, 1.0]), loop=loop)
    fewer = price_case(model, 0, np.array([1.0, 1.0]), loop=loop)
    none = price_case(model, 0, np.array([0.0, 0.0]), loop=loop)
    again = price_case(model, 0, np.array([2.0, 1.0]), loop=loop)
    assert first.value is not None
    assert none.value is None
    assert none.point.missing
    assert again.value == pytest.approx(first.value, abs=1e-5)
    assert fewer.value is None or fewer.value <= first.value + 1e-6


def test_more_money_is_never_worse_and_is_kept() -> None:
    model = cell_model(cells_demand())
    loop, values = loop_of(model, [0], free_setup=False), []
    for most in (0.0, 2.0, 5.0, np.inf):
        found = price_case(model, 0, np.array([2.0, 1.0]), most, loop)
        assert found.value is not None
        assert found.point.spend[0] <= most + 1e-6
        values.append(found.value)
    assert values == sorted(values)
    assert values[-1] > values[0]


def test_what_is_missing_is_measured_and_forgotten() -> None:
    model = cell_model(cells_demand())
    loop = loop_of(model, [1], free_setup=False)
    loop.set_setup(np.zeros(2))
    assert loop.converge(1e-6) is StopReason.INFEASIBLE
    loop.measure_missing(on=True)
    point = loop.converge(1e-6)
    assert isinstance(point, CellPoint)
    # 1 of 2 req/s may leave the cluster, half of the class is unserved at least.
    assert point.missing
    assert point.loss >= 0.5 - 1e-6
    loop.set_setup(np.array([2.0, 1.0]))
    loop.measure_missing(on=False)
    point = loop.converge(1e-6)
    assert isinstance(point, CellPoint)
    assert not point.missing


@pytest.mark.parametrize("kind", ["classes_cases", "everything"])
def test_a_point_reports_what_it_is(kind: str) -> None:
    for seed in range(20):
        model = cell_model(random_demand(seed, kind))
        cases = range(len(model.demand.cases))
        point = loop_of(model, cases, free_setup=True, options=model.options).converge(1e-5)
        if isinstance(point, CellPoint):
            break
    assert isinstance(point, CellPoint)
    for k, cell in enumerate(model.demand.cells()):
        assert point.fractions[k].sum() == pytest.approx(1.0)
        quality = model.qualities[cell.request_class]
        exact = quality.from_score(quality.settle(point.fractions[k]).value)
        assert point.estimates[k] >= exact - 1e-7, "estimates lie above"
        weight = float(model.weights[cell.request_class, cell.case])
        assert weight * (point.estimates[k] - exact) <= 1e-4, "of hours 0 they need not be near"
    used = point.time.sum(axis=1)
    assert np.all(used <= len(model.demand.cases) * point.replicas + 1e-6)
    assert np.all(point.loads[point.time <= 1e-12] == 0.0)


def test_classes_with_one_table_share_cuts() -> None:
    demand = cells_demand()
    same = (demand.classes[0], replace(demand.classes[1], scores=demand.classes[0].scores))
    model = cell_model(replace(demand, classes=same))
    before = len(model.qualities[0].cuts)
    price_case(model, 0, np.array([2.0, 1.0]))
    assert len(model.qualities[1].cuts) == len(model.qualities[0].cuts) > before


def test_a_stopped_clock_ends_it() -> None:
    model = cell_model(cells_demand())
    loop = CellLoop(
        model, [0], search_clock(-1.0), SolveSettings(), free_setup=True, options=model.options
    )
    point = loop.converge(1e-9)
    assert isinstance(point, CellPoint), "one program is solved, no cut is added after it"


@pytest.mark.parametrize("kind", ["cases", "classes_outside"])
def test_a_stop_while_options_enter_leaves_a_point_of_what_was_solved(kind: str) -> None:
    """Columns that were added after the last solve have no value in its point."""
    demand = random_demand(0, kind)
    model = cell_model(demand)
    seen = set()
    for steps in range(12):
        loop = CellLoop(
            model,
            range(len(demand.cases)),
            StepClock(steps),
            SolveSettings(),
            free_setup=True,
            options=model.options[:1],
        )
        point = loop.converge(1e-6, rough=True)
        seen.add(type(point))
        if isinstance(point, CellPoint):
            assert point.time.shape == (len(demand.instance.options), len(loop.layout.cells))
    assert CellPoint in seen
