"""Cells, weights and curves of a demand."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.requests import Cell
from tests.support.demand.cells_by_hand import cells_demand


def test_cells_have_a_rate() -> None:
    demand = cells_demand()
    assert list(demand.cells()) == [
        *(Cell(0, 0, 6.0), Cell(1, 0, 2.0), Cell(0, 1, 2.0), Cell(0, 2, 3.0), Cell(1, 2, 1.0)),
    ]
    assert list(demand.cells(1)) == [Cell(0, 1, 2.0)]
    assert demand.served == ("a", "b", "api")
    assert [case.loses_nodes for case in demand.cases] == [False, False, True]


def test_weights_are_hours_times_weight_times_rate() -> None:
    demand = cells_demand()
    expected = np.array([[14 * 6.0, 10 * 2.0, 0.0], [14 * 0.5 * 2.0, 0.0, 0.0]])
    assert demand.hours == 24.0
    assert demand.cell_weights() == pytest.approx(expected / expected.sum())
    assert demand.case_weights(2) == pytest.approx([3 / 3.5, 0.5 / 3.5])
    closed = replace(demand.cases[0], rates=(0.0, 0.0))
    assert replace(demand, cases=(closed,)).case_weights(0) == pytest.approx([0.0, 0.0])


def test_a_class_may_have_curves_of_its_own() -> None:
    demand = cells_demand()
    own, other = (option.curve for option in demand.instance.options)
    demand = replace(demand, class_curves={(0, 1): other})
    assert demand.curve(0, 0) is own
    assert demand.curve(0, 1) is other
