"""What the SLOs of cells and cases achieve, for plan.json: against limits as they are stated, times
the case's factor, and where there is a headroom against what it leaves of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from models.demand.requests import Cell, DemandInstance
from models.instance import Slo
from planner.cell_solution import RoutedCase
from planner.plans.latencies import OperatingPoint, achieved_latency
from planner.plans.numbers import tidy
from planner.plans.setup_content import BINDING_SLACK
from profiles.records import Curve

__all__ = ["case_slo_content", "cell_slo_content"]


def cell_slo_content(demand: DemandInstance, one: RoutedCase, cell: Cell) -> list[dict[str, Any]]:
    """Every SLO of the cell's class, over the cell's requests."""
    points = _operating_points(demand, one, [cell.request_class])
    slos = demand.classes[cell.request_class].slos
    return [_slo_content(demand, cell.case, slo, [points]) for slo in slos]


def case_slo_content(
    demand: DemandInstance, routed: Sequence[RoutedCase], case: int, slo: Slo
) -> dict[str, Any]:
    """One SLO over all requests of a case: of lost nodes the largest latency of the losses."""
    classes = [cell.request_class for cell in demand.cells(case)]
    return _slo_content(
        demand, case, slo, [_operating_points(demand, one, classes) for one in routed]
    )


def _slo_content(
    demand: DemandInstance, case: int, slo: Slo, states: Sequence[Sequence[OperatingPoint]]
) -> dict[str, Any]:
    here = replace(slo, limit=slo.limit * demand.cases[case].slo_factor)
    headroom = demand.instance.headroom
    planned = here.limit * (1.0 - headroom.slo)
    known = [
        achieved for points in states if (achieved := achieved_latency(points, here)) is not None
    ]
    achieved = max(known) if known else None
    content = {
        "metric": slo.metric,
        "statistic": slo.statistic,
        "scope": slo.scope,
        "limit_ms": tidy(1000.0 * here.limit),
        "achieved_ms": None if achieved is None else 1000.0 * achieved,
        "binding": achieved is not None and achieved >= (1.0 - BINDING_SLACK) * planned,
    }
    return {**content, "planned_limit_ms": tidy(1000.0 * planned)} if headroom else content


def _operating_points(
    demand: DemandInstance, one: RoutedCase, classes: Sequence[int]
) -> list[OperatingPoint]:
    """Where the requests of some classes go: lanes at their loads, and LLMs outside."""
    points = []
    for lane in one.lanes:
        llm = demand.instance.options[lane.option].llm
        work = np.array([entry.work[llm] for entry in demand.classes])
        load = float(lane.rates @ work) / lane.replicas
        points += [
            OperatingPoint(demand.curve(lane.option, c), float(lane.rates[c]), load)
            for c in classes
            if lane.rates[c] > 0
        ]
    for e, llm_outside in enumerate(demand.outside):
        latency = {key: np.array([value]) for key, value in llm_outside.latency.items()}
        curve = Curve(np.ones(1), latency, ("measured",))
        points += [
            OperatingPoint(curve, float(one.outside[c, e]), 1.0)
            for c in classes
            if one.outside[c, e] > 0
        ]
    return points
