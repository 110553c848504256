"""The live program of one case on a setup whose replicas are divided over arms: intervals of loads.

    replicas of arm a, an interval of the loads of one option:   sum_ck weight_cak = count_a
                                                     (<= where the interval begins at no load)

In the program of a setup (planner.cells.routing.cell_loop) every class runs its part of a replica
at a load of its own. All classes of a lane share one load, so a lane lies in one arm with all its
points: the classes' loads then differ by no more than the interval is long. Every plan on the setup
is a point of the program of some division of its replicas over the arms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.demand.cell_curves import COARSE_ERROR, SAME_BUDGET, CellPoints, add_line_from_origin
from models.demand.cell_program import CellColumns
from models.demand.demand_model import DemandModel
from models.envelope import EnvelopeArm
from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings, StopReason

__all__ = ["ArmCurves", "ArmLoop", "LoadArm"]


@dataclass(frozen=True)
class LoadArm:
    """count replicas of an option that run at loads of [low, high], req/s."""

    option: int
    low: float
    high: float
    count: int


class ArmCurves:
    """Envelopes of all cells on intervals of loads, refined in place."""

    def __init__(self, model: DemandModel) -> None:
        self.model = model
        self._known: dict[tuple[int, float, int, float, float], EnvelopeArm | None] = {}

    def at(self, one: CellColumns, arm: LoadArm) -> EnvelopeArm | None:
        """The envelope of a cell on an arm; None where it may run at none of its loads."""
        curves = self.model.curves
        key = (*curves.key(one.cell), arm.option, arm.low, arm.high)
        if key not in self._known:
            pieces = curves.pieces(one.cell).get(arm.option)
            self._known[key] = None
            if pieces is not None:
                low = max(arm.low, float(pieces.low[0]))
                high = min(arm.high, float(pieces.high[-1]))
                if low <= high:
                    envelope = EnvelopeArm(pieces, low, high)
                    envelope.coarse(COARSE_ERROR * one.allowances)
                    if arm.low <= 0:
                        add_line_from_origin(envelope)
                    self._known[key] = envelope
        return self._known[key]


class ArmLoop(CellLoop):
    """The program of one case on arms."""

    def __init__(
        self,
        curves: ArmCurves,
        case: int,
        arms: Sequence[LoadArm],
        clock: SearchClock,
        settings: SolveSettings,
    ) -> None:
        self._curves, self.arms = curves, arms
        super().__init__(
            curves.model,
            [case],
            clock,
            settings,
            free_setup=False,
            options=range(len(arms)),
            lanes=np.array([arm.option for arm in arms], dtype=int),
        )
        (rows,) = self.layout.cases.values()
        count = np.array([float(arm.count) for arm in arms])
        least = np.where([arm.low > 0 for arm in arms], count, -np.inf)
        self.live.set_row_sides(rows.replica_rows, least, count)
        if rows.spend_row >= 0:
            unlimited = np.array([np.inf])
            self.live.set_row_sides(np.array([rows.spend_row]), -unlimited, unlimited)

    def converge_roughly(self, tolerance: float) -> CellPoint | StopReason:
        """As `converge`, but quality is not priced to the last prompt: a bound in any case."""
        return self._converge_to(tolerance, full=False)

    def _points(self, one: CellColumns) -> CellPoints:
        envelopes = [self._curves.at(one, arm) for arm in self.arms]
        known = ((j, own.points()) for j, own in enumerate(envelopes) if own is not None)
        return CellPoints.of_owners(one.allowances.size, known)

    def _refine(self, point: CellPoint) -> bool:
        rose: dict[int, set[int]] = {}
        for k, one in enumerate(self.layout.cells):
            for j in np.flatnonzero(point.time[:, k] > 1e-9).tolist():
                envelope, load = self._curves.at(one, self.arms[j]), float(point.loads[j, k])
                if envelope is None or not envelope.holds(load):
                    continue
                gap = envelope.hull(load) - envelope.under(load)
                far = np.any(gap > SAME_BUDGET * one.allowances * max(load, 1e-9))
                if far and envelope.touch(load):
                    rose.setdefault(k, set()).add(j)
        for k, arms in rose.items():
            self._replace_points(k, arms)
        return bool(rose)
