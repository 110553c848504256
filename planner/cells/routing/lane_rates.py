"""The exact end of a routing: rates that sum to each class's rate, every limit kept on the raw
curves, and the exact quality.
"""

from collections.abc import Sequence

import numpy as np

from models.demand.cell_curves import budget_latency, may_run_at, outside_budgets
from models.demand.cell_program import HOUR
from models.demand.demand_model import DemandModel
from planner.cell_solution import Lane, RoutedCase
from planner.cells.routing.cell_loop import CellPoint
from planner.cells.routing.lane_shapes import LaneShape
from planner.settings import FLOOR_SLACK

__all__ = ["LaneRates"]

FLOAT_NOISE = 1e-12
"""A budget exceeded by this share is kept: rounding."""

BESIDE_A_KNOT = 1e-6
"""A load this close (relative) to a knot of its curve is meant to be on it."""

TRACE = 1e-7
"""What the solver leaves of a row: where the budgets bear it a mixed lane may run beyond its
largest load by this share.
"""

HARDLY_ANY = 1e-6
"""Fractions of a class below this are not routed."""


class LaneRates:
    """Rates of one division of a case's setup into lanes.

    shapes: lanes that serve classes; idle: lanes that serve none. most_spend: USD/h outside.
    """

    def __init__(
        self, model: DemandModel, case: int, shapes: Sequence[LaneShape], most_spend: float
    ) -> None:
        self.model, self.case = model, case
        self.shapes = [shape for shape in shapes if shape.classes]
        self.idle = [shape for shape in shapes if not shape.classes]
        self.most_spend = most_spend
        self.cells = list(model.demand.cells(case))

    def keeps_floors(self, routed: RoutedCase) -> bool:
        """Whether the exact quality reaches the floors of classes and case."""
        demand = self.model.demand
        floors = [
            (routed.settled[cell.request_class].value, demand.classes[cell.request_class])
            for cell in self.cells
        ]
        floor = demand.cases[self.case].quality_floor
        if self.cells and floor is not None and routed.quality < floor - FLOOR_SLACK:
            return False
        return all(
            entry.quality_floor is None or value >= entry.quality_floor - FLOOR_SLACK
            for value, entry in floors
        )

    def exact_rates(self, point: CellPoint | None) -> tuple[np.ndarray, np.ndarray]:
        """(lanes, C) and (C, E) req/s that sum to each class's rate.

        A load next to a knot is moved onto it; what is then missing or too much goes to lanes
        between knots, and outside.
        """
        demand = self.model.demand
        rates = np.zeros((len(self.shapes), len(demand.classes)))
        outside = np.zeros((len(demand.classes), len(demand.outside)))
        if point is None:
            return rates, outside
        most = np.zeros_like(rates)
        between = np.zeros(rates.shape, dtype=bool)
        for k, cell in enumerate(self.cells):
            c, pieces = cell.request_class, self.model.curves.pieces(cell)
            outside[c] = point.outside[k]
            for j, shape in enumerate(self.shapes):
                if c not in shape.classes:
                    continue
                work = demand.classes[c].work[self.model.llm[shape.option]]
                own = float(point.time[j, k] * point.loads[j, k])
                curve = pieces[shape.option]
                high = float(curve.high[-1])
                if len(shape.classes) == 1:
                    load = min(max(own / shape.replicas, float(curve.low[0])), high)
                    knots = np.concatenate([curve.low, curve.high])
                    knot = float(knots[np.argmin(np.abs(knots - load))])
                    between[j, c] = abs(knot - load) > BESIDE_A_KNOT * max(load, knot)
                    own = (load if between[j, c] else knot) * shape.replicas
                    most[j, c] = shape.replicas * high / work
                else:
                    most[j, c] = own / work * (1 + TRACE)
                rates[j, c] = own / work
        for cell in self.cells:
            self._close(rates, most, between, outside, cell.request_class, cell.rate)
        return rates, outside

    def _close(
        self,
        rates: np.ndarray,
        most: np.ndarray,
        between: np.ndarray,
        outside: np.ndarray,
        c: int,
        rate: float,
    ) -> None:
        """Make the rates of a class sum to its own, in place."""
        # What carries a millionth of the requests, ten times the solver's tolerance, carries none:
        # its prompts would only make ties, of which exact prices take minutes to make sense.
        options = np.array([shape.option for shape in self.shapes], dtype=int)
        llm = self.model.llm[options]
        carried = np.bincount(llm, weights=rates[:, c], minlength=len(self.model.demand.served))
        rates[(carried < HARDLY_ANY * rate)[llm], c] = 0.0
        outside[c, outside[c] < HARDLY_ANY * rate] = 0.0
        for takes in (between[:, c], np.ones(len(self.shapes), dtype=bool)):
            short = rate - rates[:, c].sum() - outside[c].sum()
            room = most[:, c] - rates[:, c] if short > 0 else rates[:, c]
            slack = np.where(takes & (rates[:, c] > 0), np.maximum(room, 0.0), 0.0)
            if slack.sum() > abs(short):
                rates[:, c] += short * slack / slack.sum()
        short = rate - rates[:, c].sum() - outside[c].sum()
        if outside[c].sum() > abs(short):
            outside[c] *= 1 + short / outside[c].sum()

    def keeps_limits(self, rates: np.ndarray, outside: np.ndarray) -> bool:
        """Whether rates (lanes, C) and (C, E) keep every limit on the raw curves."""
        model, demand = self.model, self.model.demand
        case = demand.cases[self.case]
        top = sum(slo.scope == "all" for slo in demand.instance.slos)
        spent_by_all, allowed_by_all = np.zeros(top), np.zeros(top)
        loads = self._loads(rates)
        for cell in self.cells:
            c, pieces = cell.request_class, model.curves.pieces(cell)
            allowances = model.curves.allowances(cell)
            spent = np.zeros(allowances.size)
            for j in np.flatnonzero(rates[:, c] > 0).tolist():
                known = pieces[self.shapes[j].option]
                load = min(loads[j], float(known.high[-1]))
                if loads[j] > float(known.high[-1]) * (1 + 1e-9):
                    return False
                if not may_run_at(known, load):
                    return False
                spent += rates[j, c] * budget_latency(known, load)[0]
            per_request, may_leave = outside_budgets(demand, cell)
            if np.any(outside[c, ~may_leave] > 0):
                return False
            spent += per_request @ outside[c]
            own = allowances.size - top
            if np.any(spent[:own] > allowances[:own] * cell.rate * (1 + FLOAT_NOISE)):
                return False
            served = rates[:, c].sum() + outside[c].sum()
            if abs(served - cell.rate) > 1e-9 * cell.rate:
                return False
            spent_by_all += spent[own:]
            allowed_by_all += allowances[own:] * case.rates[c]
        if np.any(spent_by_all > allowed_by_all * (1 + FLOAT_NOISE)):
            return False
        most = [np.inf if llm.max_rate is None else llm.max_rate for llm in demand.outside]
        if np.any(outside.sum(axis=0) > np.array(most) * (1 + 1e-9)):
            return False
        return self._spend(outside) <= self.most_spend * (1 + 1e-9)

    def _loads(self, rates: np.ndarray) -> np.ndarray:
        """(lanes,) load of one replica."""
        classes = self.model.demand.classes
        return np.array(
            [
                sum(
                    rates[j, c] * entry.work[self.model.llm[shape.option]]
                    for c, entry in enumerate(classes)
                )
                / shape.replicas
                for j, shape in enumerate(self.shapes)
            ]
        )

    def _spend(self, outside: np.ndarray) -> float:
        """USD/h."""
        usd = [entry.outside_usd for entry in self.model.demand.classes]
        return HOUR * float((outside * np.array(usd)).sum()) if outside.size else 0.0

    def routed(self, rates: np.ndarray, outside: np.ndarray) -> RoutedCase:
        """The routing with its exact quality."""
        model, demand = self.model, self.model.demand
        llms = len(demand.instance.llms)
        options = np.array([shape.option for shape in self.shapes], dtype=int)
        fractions, settled, value = {}, {}, 0.0
        for cell in self.cells:
            c = cell.request_class
            sent = np.bincount(model.llm[options], weights=rates[:, c], minlength=llms)
            whole = np.concatenate([sent, outside[c]])
            fractions[c] = whole / whole.sum()
            settled[c] = model.qualities[c].settle(fractions[c])
            value += float(model.weights[c, self.case]) * settled[c].value
        lanes = [
            Lane(shape.option, shape.replicas, rates[j]) for j, shape in enumerate(self.shapes)
        ]
        none = np.zeros(len(demand.classes))
        lanes += [Lane(shape.option, shape.replicas, none) for shape in self.idle]
        shares = demand.case_weights(self.case)
        return RoutedCase(
            case=self.case,
            lanes=tuple(lanes),
            outside=outside,
            fractions=fractions,
            settled=settled,
            value=value,
            quality=float(sum(shares[c] * one.value for c, one in settled.items())),
            spend=self._spend(outside),
        )
