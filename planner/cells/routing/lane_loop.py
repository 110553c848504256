"""The live program of one case on lanes, around their loads."""

from collections.abc import Iterator, Sequence

import numpy as np

from models.demand.cell_curves import CellPoints, budget_latency, may_run_at
from models.demand.cell_program import CellColumns
from models.demand.demand_model import DemandModel
from models.latency import safe_latency_points
from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.cells.routing.lane_moves import lane_moves
from planner.cells.routing.lane_shapes import LaneShape
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings, StopReason

__all__ = ["LaneLoop"]


class LaneLoop(CellLoop):
    """The program of one case on lanes, around their loads."""

    def __init__(
        self,
        model: DemandModel,
        case: int,
        shapes: Sequence[LaneShape],
        loads: np.ndarray,
        side: int,
        clock: SearchClock,
        settings: SolveSettings,
    ) -> None:
        self._shapes, self._lane_loads, self._side = shapes, loads, side
        lanes = np.array([shape.option for shape in shapes], dtype=int)
        super().__init__(
            model,
            [case],
            clock,
            settings,
            free_setup=False,
            options=range(len(shapes)),
            lanes=lanes,
        )

    def _points(self, one: CellColumns) -> CellPoints:
        return CellPoints.of_owners(one.allowances.size, self._lane_points(one))

    def _lane_points(self, one: CellColumns) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
        """Of every lane that a cell may use: its points, of a mixed one that at its load."""
        pieces = self.model.curves.pieces(one.cell)
        for j, shape in enumerate(self._shapes):
            if one.cell.request_class not in shape.classes:
                continue
            known, load = pieces[shape.option], float(self._lane_loads[j])
            if len(shape.classes) == 1:
                yield j, safe_latency_points(known, load, self._side)
            elif load > 0 and may_run_at(known, load):
                spent = load * budget_latency(known, load)[0][:, None]
                if np.all(np.isfinite(spent)):
                    yield j, (np.array([load]), spent)

    def move(self, loads: np.ndarray, side: int) -> None:
        """Put the points of all lanes around other loads; cuts and basis stay."""
        self._lane_loads, self._side = loads, side
        for k in range(len(self.layout.cells)):
            self._replace_points(k, set(range(len(self._shapes))))

    def set_lanes(self, most_spend: float, spare: float) -> None:
        """Sides of the lanes' rows and budgets; spare: share of the budgets that is kept back."""
        (rows,) = self.layout.cases.values()
        count = np.array([shape.replicas for shape in self._shapes], dtype=float)
        # All replicas of a lane run at one load, so those of one class are all in use; a lane of
        # several may stay below its largest load.
        single = np.array([len(shape.classes) == 1 for shape in self._shapes])
        least = np.where(single, count, -np.inf)
        self.live.set_row_sides(rows.replica_rows, least, count)
        if rows.spend_row >= 0:
            self.live.set_row_sides(
                np.array([rows.spend_row]),
                np.array([-np.inf]),
                np.array([most_spend * (1 - spare)]),
            )
        sides = [(one.slo_rows, one.cell.rate) for one in self.layout.cells]
        sides.append((rows.slo_rows, sum(one.cell.rate for one in self.layout.cells)))
        for at, rate in sides:
            limit = np.full(at.size, rate / self.model.unit * (1 - spare))
            self.live.set_row_sides(at, np.full(at.size, -np.inf), limit)

    def converge_once(self, tolerance: float) -> CellPoint | StopReason:
        """Cut until quality is right to a tolerance; curves stay as they are."""
        answer = self._cut(tolerance, full=True)
        return answer if isinstance(answer, StopReason) else self._point(answer)

    def look_ahead(
        self, point: CellPoint, reach: float, tolerance: float
    ) -> tuple[float, np.ndarray]:
        """The loss (minimised) to first order, and the loads, where mixed lanes may move too.

        point: an optimum at the present loads. reach: longest move, part of a load. tolerance: what
        the estimate of quality may be off, score units.
        """
        moves = lane_moves(
            self.model, self.layout, self._shapes, self._lane_loads, point.time, reach, self._side
        )
        count = moves.lane.size
        columns = self.layout.first_weight + self._owner.size + np.arange(count)
        moves.entries.resize((count, self.live.rows))
        self.live.add_columns(np.zeros(count), np.zeros(count), moves.most, moves.entries)
        # They are of no cell, so nothing else reads them.
        self._owner = np.concatenate([self._owner, moves.lane])
        self._cell = np.concatenate([self._cell, np.full(count, -1)])
        self._loads = np.concatenate([self._loads, np.zeros(count)])
        answer = self._cut(tolerance, full=True)
        loads = self._lane_loads.copy()
        if isinstance(answer, StopReason) or answer.x is None:
            self.live.fix_to_zero(columns)
            return point.loss, loads
        np.add.at(loads, moves.lane, moves.sign * answer.x[columns])
        ahead = self._point(answer)
        for j, shape in enumerate(self._shapes):
            if len(shape.classes) == 1:
                loads[j] = ahead.time[j] @ ahead.loads[j] / shape.replicas
        self.live.fix_to_zero(columns)
        return answer.value, loads
