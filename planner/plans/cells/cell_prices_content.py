"""Shadow prices of a demand in plan.json: names and the units of files."""

from typing import Any

import numpy as np

from models.demand.requests import DemandInstance
from planner.cell_solution import CellPrices
from planner.plans.numbers import finite_number

__all__ = ["cell_prices_content"]


def cell_prices_content(demand: DemandInstance, prices: CellPrices | None) -> dict[str, Any]:
    """The content of `shadow_prices`: per req/s of a class in a case, per ms of a limit in a case,
    per node of a pool in a case.
    """
    classes = [entry.name for entry in demand.classes]
    cases = [case.name for case in demand.cases]
    if prices is None:
        return {"cells": [], "slo": [], "pools": [], "notes": ["the relaxation has no optimum"]}
    return {
        "cells": [
            {
                "class": classes[cell.request_class],
                "case": cases[cell.case],
                "per_rps": finite_number(prices.rates[cell.request_class, cell.case]),
            }
            for cell in demand.cells()
        ],
        "slo": [
            {
                "class": None if c is None else classes[c],
                "case": cases[t],
                "index": s,
                "per_ms": prices.slos[c, t, s] / 1e3,
            }
            for c, t, s in sorted(
                prices.slos, key=lambda at: (at[1], -1 if at[0] is None else at[0])
            )
        ],
        "pools": [
            {"pool": pool.name, "case": cases[t], "per_node": float(prices.pools[p, t])}
            for p, pool in enumerate(demand.instance.pools)
            for t in range(len(cases))
            if np.isfinite(prices.pools[p, t])
        ],
        "notes": list(prices.notes),
    }
