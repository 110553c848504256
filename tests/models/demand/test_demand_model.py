"""What programs of a demand share: usable options, capacity, the unit, what a case counts on."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.demand_model import case_share
from models.formulation import Changes
from models.instance import Running
from tests.support.demand.cell_models import cell_model
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand
from tests.verification.cells.test_start_checks import scheduled


def test_a_case_counts_on_the_nodes_that_are_left() -> None:
    demand = cells_demand()
    assert case_share(demand, 0).tolist() == [1.0, 1.0]
    assert case_share(demand, 2) == pytest.approx([2 / 3, 2 / 3])


def test_nodes_of_another_pool_do_not_count() -> None:
    demand = random_demand(1, "everything")
    for t, case in enumerate(demand.cases):
        for o, option in enumerate(demand.instance.options):
            pool = demand.instance.pools[option.pool]
            left = pool.nodes - case.lost_nodes[option.pool]
            assert case_share(demand, t)[o] == pytest.approx(left / pool.nodes)


def test_options_that_no_class_may_use_are_left_out() -> None:
    demand = cells_demand()
    shut = tuple(replace(c, permitted=(True, False, *c.permitted[2:])) for c in demand.classes)
    assert cell_model(demand).options == (0, 1)
    assert cell_model(replace(demand, classes=shut)).options == (0,)


def test_weights_sum_to_one_and_capacity_bounds_the_replicas() -> None:
    model = cell_model(cells_demand())
    assert model.weights.sum() == pytest.approx(1.0)
    assert np.all(model.weights[:, 2] == 0.0), "hours 0 are not counted"
    assert model.upper.tolist() == [3.0, 1.0]
    assert model.unit <= min(cell.rate for cell in model.demand.cells())


def test_classes_with_one_table_share_its_quality() -> None:
    demand = cells_demand()
    same = (demand.classes[0], replace(demand.classes[1], scores=demand.classes[0].scores))
    model = cell_model(replace(demand, classes=same))
    assert model.qualities[0] is model.qualities[1]


def test_items_are_the_replicas_of_one_pool() -> None:
    model = cell_model(cells_demand())
    assert [(i.key, i.count) for i in model.items(0, np.array([2, 1]))] == [(0, 2), (1, 1)]


def test_what_runs_of_each_setup_has_its_limit_and_of_one_its_price() -> None:
    demand = scheduled()
    runs = [Running(replicas=(k, 1), rates=(1.0, 1.0), gone=k, most=3) for k in (0, 1)]
    model = cell_model(replace(demand, runs=tuple(runs)))
    limits = [model.limit_of_setup(s) for s in (0, 1)]
    assert limits == [Changes((0, 1), 3), Changes((1, 1), 2)]
    assert cell_model(demand).limit_of_setup(0) is None
    fixed = replace(demand, runs=tuple(runs)).fixed()
    assert not fixed.runs
    # A second replica of option 0 is on a node that is gone: it cannot stay.
    places = ((0, 0, (0,)), (0, 9, (0,)), (1, 1, (0,)))
    priced = replace(runs[1], replicas=(2, 1), places=places, start_price=0.5)
    model = cell_model(replace(fixed, instance=replace(demand.instance, running=priced)))
    assert model.prices_starts
    assert model.start_prices().tolist() == [0.5, 0.5]
    assert model.instance.replicas_in_place == (1, 1)
