"""Prices by names, in the units of files."""

import numpy as np

from planner.cell_solution import CellPrices
from planner.plans.cells.cell_prices_content import cell_prices_content
from tests.support.demand.cells_by_hand import cells_demand


def test_names_and_units() -> None:
    demand = cells_demand()
    cells = list(demand.cells())
    rates = np.full((len(demand.classes), len(demand.cases)), np.nan)
    for k, cell in enumerate(cells):
        rates[cell.request_class, cell.case] = -0.1 * k
    pools = np.arange(float(len(demand.cases)))[None, :]
    slos = {(1, 0, 0): 5.0, (None, 0, 1): 2.0}
    prices = CellPrices(rates=rates, slos=slos, pools=pools, notes=("estimates",))
    content = cell_prices_content(demand, prices)
    assert [one["per_rps"] for one in content["cells"]] == [-0.1 * k for k in range(len(cells))]
    first = demand.cases[0].name
    assert content["slo"] == [
        {"class": None, "case": first, "index": 1, "per_ms": 0.002},
        {"class": demand.classes[1].name, "case": first, "index": 0, "per_ms": 0.005},
    ]
    assert [one["per_node"] for one in content["pools"]] == pools[0].tolist()
    assert content["notes"] == ["estimates"]


def test_no_optimum_is_reported() -> None:
    content = cell_prices_content(cells_demand(), None)
    assert content["cells"] == content["slo"] == content["pools"] == []
    assert content["notes"]
