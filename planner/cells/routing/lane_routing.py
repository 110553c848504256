"""The best routing of one case on a given setup: lanes, their rates, and what is sent outside, on
the exact curves.

A lane of one class runs its replicas at one load; around it every curve is replaced by a polyline
that never lies below it (models.latency.safe_latency_points), so that whatever the linear program
finds is feasible on the raw curves: successive inner approximation (Marks and Wright, Operations
Research 26, 1978). A lane of several classes has one load for all of them, and x_c b(load) is not
convex: its load is given, and moved where that gains to first order
(planner.cells.routing.lane_moves) as long as the program at the new loads does gain.
"""

import numpy as np

from planner.cell_solution import RoutedCase
from planner.cells.routing.cell_loop import CellPoint
from planner.cells.routing.lane_loop import LaneLoop
from planner.cells.routing.lane_rates import LaneRates
from planner.cells.routing.lane_shapes import LaneShape
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings, StopReason

__all__ = ["route_lanes"]

RECENTRINGS, MOVES = 12, 30
"""Most programs around other loads."""

SPARES = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5)
"""Shares of the budgets that are kept back, one after the other, while the solver's tolerance lets
a routing exceed one.
"""

FLOOR_TRIES = 3
"""Times that a routing a trace below a floor is repeated with the exact cut."""

REACH, LONGEST, SHORTEST = 0.3, 0.6, 2e-3
"""Parts of a load that it may move by at once: at first, at most, and where moving ends."""

KEEPS, LENGTHENS, SHORTENS = 0.1, 0.6, 0.35
"""A move that gains this part of what it promised is kept, one that gains that much lets the next
be twice as long, and one that is not kept shortens it to this part.
"""


def route_lanes(
    rates: LaneRates,
    clock: SearchClock,
    settings: SolveSettings,
    tolerance: float,
    *,
    seek: bool = True,
) -> RoutedCase | None:
    """The best routing near the loads of lanes; None when none keeps the limits.

    tolerance: what the estimate of quality may be off, score units.
    seek: where none keeps the limits at the loads of the shapes, look for other loads.
    """
    if not rates.cells:
        return rates.routed(*rates.exact_rates(None))
    return _LaneProgram(rates, clock, settings, tolerance).route(seek=seek)


def _first_load(rates: LaneRates, shape: LaneShape) -> float:
    """The load that a lane begins with: a mixed one that would be idle has half of its largest, at
    which it may be used.
    """
    if shape.load > 0 or len(shape.classes) == 1:
        return shape.load
    return 0.5 * min(
        float(rates.model.curves.pieces(cell)[shape.option].high[-1])
        for cell in rates.cells
        if cell.request_class in shape.classes
    )


class _LaneProgram:
    """The programs of one division into lanes, rebuilt around every point.

    loads: (lanes,) of the best point so far; side: that of knots there (models.latency).
    """

    def __init__(
        self, rates: LaneRates, clock: SearchClock, settings: SolveSettings, tolerance: float
    ) -> None:
        self.rates, self.clock, self.tolerance = rates, clock, tolerance
        self.loads, self.side = np.array([_first_load(rates, one) for one in rates.shapes]), -1
        self._mixed = np.array([len(shape.classes) > 1 for shape in rates.shapes], dtype=bool)
        self._replicas = np.array([shape.replicas for shape in rates.shapes], dtype=float)
        self._loop = LaneLoop(
            rates.model, rates.case, rates.shapes, self.loads, self.side, clock, settings
        )

    def route(self, *, seek: bool) -> RoutedCase | None:
        """Move the loads while that gains, then settle exactly."""
        point = self._solve_around(self.loads)
        if point is None and seek:
            point = self._find_feasible()
        return None if point is None else self._settle(self._improve(point))

    def _find_feasible(self) -> CellPoint | None:
        """An optimum at loads at which nothing is missing; None where none are found."""
        self._loop.measure_missing(on=True)
        point = self._solve_around(self.loads)
        missing = point is None or self._improve(point).missing
        self._loop.measure_missing(on=False)
        return None if missing else self._solve_around(self.loads)

    def _improve(self, point: CellPoint) -> CellPoint:
        """The last of optima that get better, from one at `loads` and `side`."""
        point = self._recentre(point)
        return self._move(point) if self._mixed.any() else point

    def _solve_around(self, loads: np.ndarray, spare: float = 0.0) -> CellPoint | None:
        """The optimum of the program around loads; None where it has none."""
        self._loop.move(loads, self.side)
        self._loop.set_lanes(self.rates.most_spend, spare)
        point = self._loop.converge_once(self.tolerance)
        return None if isinstance(point, StopReason) else point

    def _recentre(self, best: CellPoint) -> CellPoint:
        """Put the polylines, and the largest loads of mixed lanes, where the lanes ran."""
        stale = 0
        for _ in range(RECENTRINGS):
            if stale >= 2 or self._done(best):
                break
            point = self._try_at(self._loads_of(best), -self.side, best.loss)
            stale = stale + 1 if point is None or point.loss > best.loss - self.tolerance else 0
            best = point or best
        return best

    def _move(self, best: CellPoint) -> CellPoint:
        """Move the loads of mixed lanes, at most by `reach`, while that gains."""
        reach, stale = REACH, 0
        for _ in range(MOVES):
            if stale >= 2 or reach < SHORTEST or self._done(best):
                break
            self._loop.move(self.loads, self.side)
            promised, loads = self._loop.look_ahead(best, reach, self.tolerance)
            promised = best.loss - promised
            if promised <= self.tolerance:
                # A knot of a curve may be left to either side.
                self.side, stale = -self.side, stale + 1
                continue
            point = self._try_at(loads, self.side, best.loss - KEEPS * promised)
            if point is None:
                reach *= SHORTENS
                continue
            if best.loss - point.loss > LENGTHENS * promised:
                reach = min(2.0 * reach, LONGEST)
            best, stale = point, 0
        return best

    def _done(self, point: CellPoint) -> bool:
        """Whether to look no further: time is up, or nothing is missing any more."""
        return self.clock.stopped() or (self._loop.measures_missing and not point.missing)

    def _try_at(self, loads: np.ndarray, side: int, below: float) -> CellPoint | None:
        """The optimum at other loads, which are kept where its loss is below a value."""
        before = self.side
        self.side = side
        point = self._solve_around(loads)
        if point is None or point.loss >= below:
            self.side = before
            return None
        self.loads = loads
        return point

    def _loads_of(self, point: CellPoint) -> np.ndarray:
        """(lanes,) loads as the program ran the lanes; of those that ran nothing as before."""
        ran = (point.time * point.loads).sum(axis=1) / self._replicas
        return np.where(self._mixed & (ran <= 0), self.loads, ran)

    def _settle(self, point: CellPoint) -> RoutedCase | None:
        """A routing that keeps every budget to the last digits, with its exact quality."""
        rates, outside = self.rates.exact_rates(point)
        # HiGHS keeps rows to 1e-7: a growing trace of the budgets is kept back until the raw
        # curves keep them.
        for spare in SPARES:
            if self.rates.keeps_limits(rates, outside):
                break
            kept = self._solve_around(self.loads, spare)
            if kept is not None:
                rates, outside = self.rates.exact_rates(kept)
        if not self.rates.keeps_limits(rates, outside):
            return None
        routed = self.rates.routed(rates, outside)
        # The program's estimate of quality may be a trace above it; settling has left the exact
        # cut, with which the floors are kept the next time.
        for _ in range(FLOOR_TRIES):
            if self.rates.keeps_floors(routed):
                return routed
            kept = self._solve_around(self.loads, spare)
            if kept is None:
                return None
            rates, outside = self.rates.exact_rates(kept)
            if self.rates.keeps_limits(rates, outside):
                routed = self.rates.routed(rates, outside)
        return routed if self.rates.keeps_floors(routed) else None
