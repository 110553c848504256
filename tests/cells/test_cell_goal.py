"""When a search over cells is closed."""

from types import SimpleNamespace
from typing import cast

from planner.cell_solution import CellPlan
from tests.support.demand.cell_models import cell_search
from tests.support.demand.cells_by_hand import cells_demand


def test_it_aims_at_a_bit_less_than_the_gap_that_is_set() -> None:
    """What lies between is closed all the same, when the search ends there."""
    search = cell_search(cells_demand())
    search.best = cast("CellPlan", SimpleNamespace(value=1.0))
    search.bound = 1.0 + 0.985e-4
    assert not search.closed()
    assert search.closed(1.0)
    search.bound = 1.0 + 1.02e-4
    assert not search.closed(1.0)
