"""The best routing of one case on a given setup: lanes, their rates, and what is sent outside, on
the exact curves.

A lane of one class runs its replicas at one load; around it every curve is replaced by a polyline
that never lies below it (models.latency.safe_latency_points), so that whatever the linear program
finds is feasible on the raw curves: successive inner approximation (Marks and Wright, Operations
Research 26, 1978). A lane of several classes has one load for all of them, and x_c b(load) is not
convex: it gets a largest load, at whose latencies all its requests count. Latencies do not fall
with the load, so that is feasible, and the load is then moved to where its prices say.
"""

from collections.abc import Sequence

import numpy as np

from models.demand.cell_curves import budget_latency, may_run_at, outside_budgets
from models.demand.cell_program import HOUR
from models.demand.demand_model import DemandModel
from planner.cell_solution import Lane, RoutedCase
from planner.cells.cell_loop import CellPoint
from planner.cells.lane_loop import LaneLoop
from planner.cells.lane_shapes import LaneShape
from planner.joint.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings, StopReason
from planner.settings import FLOOR_SLACK

__all__ = ["route_lanes"]

PASSES, MOVES = 12, 6
"""Most recentrings of a routing, and most moves towards loads that keep the budgets."""

SPARES = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5)
"""Shares of the budgets that are kept back, one after the other, while the solver's tolerance lets
a routing exceed one.
"""

FLOOR_TRIES = 3
"""Times that a routing a trace below a floor is repeated with the exact cut."""

FLOAT_NOISE = 1e-12
"""A budget exceeded by this share is kept: rounding."""

BESIDE_A_KNOT = 1e-6
"""A load this close (relative) to a knot of its curve is meant to be on it."""

HARDLY_ANY = 1e-6
"""Fractions of a class below this are not routed."""

STEPS = (1.0, 0.5, 0.2)
"""Parts of the way to the loads that prices ask for."""

NO_GAIN = 1e-9
"""Gains (score units) of loads that differ by no more are the same."""


def route_lanes(
    model: DemandModel,
    case: int,
    shapes: Sequence[LaneShape],
    most_spend: float,
    clock: SearchClock,
    settings: SolveSettings,
    tolerance: float,
) -> RoutedCase | None:
    """The best routing near the loads of lanes; None when none keeps the limits.

    most_spend: USD/h outside. tolerance: what the estimate of quality may be off, score units.
    """
    return _LaneProgram(model, case, shapes, most_spend, clock, settings, tolerance).route()


class _LaneProgram:
    """The programs of one division into lanes, rebuilt around every point."""

    def __init__(
        self,
        model: DemandModel,
        case: int,
        shapes: Sequence[LaneShape],
        most_spend: float,
        clock: SearchClock,
        settings: SolveSettings,
        tolerance: float,
    ) -> None:
        self.model, self.case = model, case
        self.shapes = [shape for shape in shapes if shape.classes]
        self.idle = [shape for shape in shapes if not shape.classes]
        self.most_spend, self.clock, self.settings = most_spend, clock, settings
        self.tolerance = tolerance
        self.cells = list(model.demand.cells(case))
        self._loop: LaneLoop | None = None

    def route(self) -> RoutedCase | None:
        """Recentre while the value rises, then settle exactly."""
        if not self.cells:
            return self._settle(None, np.zeros(0), -1)
        loads = np.array([shape.load for shape in self.shapes])
        side, stale, best = -1, 0, None
        at = loads
        for _ in range(PASSES):
            point, loop = self._solve_around(loads, side)
            if point is None:
                break
            if best is None or point.loss < best.loss - self.tolerance:
                stale = 0
            else:
                stale += 1
            if best is None or point.loss < best.loss:
                best, at = point, loads
            side = -side
            if stale >= 2 or self.clock.stopped():
                break
            loads = self._next_loads(loop, best, at, STEPS[min(stale, len(STEPS) - 1)])
        return None if best is None else self._settle(best, at, -side)

    def _solve_around(
        self, loads: np.ndarray, side: int, spare: float = 0.0
    ) -> tuple[CellPoint | None, LaneLoop]:
        """One program around loads; where it is infeasible, first towards loads that are not."""
        loop = self._loop_around(loads, side, spare)
        point = loop.converge_once(self.tolerance)
        if point is not StopReason.INFEASIBLE:
            return (None if isinstance(point, StopReason) else point), loop
        moved = loads
        for _ in range(MOVES if spare == 0.0 else 0):
            loop.measure_missing(on=True)
            missing = loop.converge_once(self.tolerance)
            if isinstance(missing, StopReason):
                return None, loop
            if not missing.missing:
                loop.measure_missing(on=False)
                point = loop.converge_once(self.tolerance)
                return (None if isinstance(point, StopReason) else point), loop
            moved = self._next_loads(loop, missing, moved, 1.0)
            side = -side
            loop = self._loop_around(moved, side, spare)
            loop.measure_missing(on=False)
        return None, loop

    def _loop_around(self, loads: np.ndarray, side: int, spare: float) -> LaneLoop:
        """The live program, around some loads."""
        if self._loop is None:
            self._loop = LaneLoop(
                self.model, self.case, self.shapes, loads, side, self.clock, self.settings
            )
        else:
            self._loop.measure_missing(on=False)
            self._loop.move(loads, side)
        self._loop.set_lanes(self.most_spend, spare)
        return self._loop

    def _next_loads(
        self, loop: LaneLoop, point: CellPoint, loads: np.ndarray, step: float
    ) -> np.ndarray:
        """Loads of one class as the program ran them; of several, towards the load at which one
        replica with the same mix would gain most by the program's prices.
        """
        moved = loads.copy()
        for j, shape in enumerate(self.shapes):
            work = point.time[j] * point.loads[j]
            if len(shape.classes) == 1:
                moved[j] = work.sum() / shape.replicas
            elif work.sum() > 0:
                wanted = self._dearest_load(loop, point, shape.option, work / work.sum(), loads[j])
                moved[j] = loads[j] + step * (wanted - loads[j])
            else:
                moved[j] = loads[j]
        return moved

    def _dearest_load(
        self, loop: LaneLoop, point: CellPoint, option: int, mix: np.ndarray, load: float
    ) -> float:
        """The load at which a replica of an option with a mix of work (cells,) gains most; of
        several the nearest to its present one.
        """
        (rows,) = loop.layout.cases.values()
        top = np.maximum(-point.row_dual[rows.slo_rows], 0.0)
        known = [
            (part, one, self.model.curves.pieces(one.cell)[option])
            for part, one in zip(mix, loop.layout.cells, strict=True)
            if part > 0
        ]
        high = min(float(pieces.high[-1]) for _, _, pieces in known)
        grid = np.unique(
            np.concatenate([np.linspace(0.02, 1.0, 50) * high, *(p.high for _, _, p in known)])
        )
        grid = grid[(grid > 0) & (grid <= high)]
        gain = np.zeros(grid.size)
        llm = self.model.llm[option]
        for part, one, pieces in known:
            beta = np.concatenate([np.maximum(-point.row_dual[one.slo_rows], 0.0), top])
            price = float(point.row_dual[one.llm_rows[llm]])
            spent = np.array([budget_latency(pieces, float(r))[0] for r in grid])
            with np.errstate(invalid="ignore"):
                cost = spent @ (beta / one.allowances) if beta.size else np.zeros(grid.size)
            cost[[not may_run_at(pieces, float(r)) for r in grid]] = np.inf
            work = self.model.demand.classes[one.cell.request_class].work[llm]
            gain += part * grid / work * (price - np.nan_to_num(cost, nan=np.inf, posinf=np.inf))
        # Where nothing is scarce all prices are 0: the load stays.
        most = grid[gain >= gain.max() - NO_GAIN]
        if most[0] <= load <= most[-1]:
            return load
        return float(most[int(np.argmin(np.abs(most - load)))])

    # -- exact ends --------------------------------------------------------------------------------

    def _settle(self, point: CellPoint | None, loads: np.ndarray, side: int) -> RoutedCase | None:
        """A routing that keeps every budget to the last digits, with its exact quality."""
        rates, outside = self._exact_rates(point)
        # HiGHS keeps rows to 1e-7: a growing trace of the budgets is kept back until the raw
        # curves keep them.
        for spare in SPARES:
            if self._keeps_limits(rates, outside):
                break
            kept, _ = self._solve_around(loads, side, spare)
            if kept is not None:
                rates, outside = self._exact_rates(kept)
        if not self._keeps_limits(rates, outside):
            return None
        routed = self._routed(rates, outside)
        # The program's estimate of quality may be a trace above it; settling has left the exact
        # cut, with which the floors are kept the next time.
        for _ in range(FLOOR_TRIES):
            if self._keeps_floors(routed):
                return routed
            kept, _ = self._solve_around(loads, side, spare)
            if kept is None:
                return None
            rates, outside = self._exact_rates(kept)
            if self._keeps_limits(rates, outside):
                routed = self._routed(rates, outside)
        return routed if self._keeps_floors(routed) else None

    def _keeps_floors(self, routed: RoutedCase) -> bool:
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

    def _exact_rates(self, point: CellPoint | None) -> tuple[np.ndarray, np.ndarray]:
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
                    most[j, c] = own / work
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

    def _keeps_limits(self, rates: np.ndarray, outside: np.ndarray) -> bool:
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

    def _routed(self, rates: np.ndarray, outside: np.ndarray) -> RoutedCase:
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
