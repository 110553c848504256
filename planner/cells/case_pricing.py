"""Pricing: what every case is worth on a setup at most, and the cut that says so of every setup.

Each case has one live program whose replicas are given; it grows by the options that setups use.
"""

import time

import numpy as np

from models.demand.case_cut import case_cut
from models.demand.demand_model import DemandModel
from planner.cells.cell_goal import CellGoal
from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.joint.solver.highs import StopReason

__all__ = ["CasePricing"]


class CasePricing:
    """Programs of all cases on given setups; cuts go to the goal."""

    def __init__(self, goal: CellGoal) -> None:
        self.goal = goal
        self._loops: dict[int, CellLoop] = {}
        self._known: dict[tuple[int, bytes], CellPoint | None] = {}

    def forget(self) -> None:
        """Drop the live programs, whose time may be over; cuts stay."""
        self._loops.clear()
        self._known.clear()

    def price(self, replicas: np.ndarray, spend: dict[int, float]) -> dict[int, CellPoint] | None:
        """The relaxation of every case on its setup, replicas (S, O), with its cut; None where a
        case fails on it, or where it cannot beat the best plan.
        """
        demand = self.goal.model.demand
        own = [self.price_setup(s, replicas[s], spend) for s in range(len(demand.setups))]
        if any(points is None for points in own):
            return None
        priced = {t: point for points in own if points is not None for t, point in points.items()}
        return {t: priced[t] for t in sorted(priced)}

    def price_setup(
        self, setup: int, replicas: np.ndarray, spend: dict[int, float]
    ) -> dict[int, CellPoint] | None:
        """The relaxation of every case of one setup, replicas (O,); None as of all."""
        began = time.perf_counter()
        points: dict[int, CellPoint] = {}
        failed = False
        for t in self.goal.heaviest_first(self.goal.model.demand.setups[setup]):
            if self.goal.clock.stopped() or self._cannot_win(replicas):
                failed = True
                break
            point = self._priced(t, replicas, self.goal.spend_limit(spend, t))
            if point is None or point.missing:
                failed = True
            else:
                points[t] = point
        self.goal.clock.spend("price", began)
        return None if failed else points

    def _cannot_win(self, replicas: np.ndarray) -> bool:
        """Whether the cuts already say that no plan on the only setup, (O,), beats the best one:
        the master then does not ask for it again.
        """
        goal = self.goal
        others = goal.by_cost or goal.limits_spend or len(goal.model.demand.setups) > 1
        if others or goal.best is None:
            return False
        return self.relaxed_value(replicas[None, :]) <= goal.best.value

    def _priced(self, case: int, replicas: np.ndarray, most: float) -> CellPoint | None:
        """One case on its setup (O,). A setup of a cycle comes again beside others: what it is
        worth is then known, where money does not matter.
        """
        if np.isfinite(most) or len(self.goal.model.demand.setups) == 1:
            return self.price_case(case, replicas.astype(float), most)
        key = (case, replicas.tobytes())
        if key not in self._known:
            self._known[key] = self.price_case(case, replicas.astype(float), most)
        return self._known[key]

    def price_case(
        self, case: int, replicas: np.ndarray, spend: float, *, cut: bool = True
    ) -> CellPoint | None:
        """One case on a setup (O,): the point, and a cut into the pool."""
        if not any(self.goal.model.demand.cells(case)):
            return _nothing_to_serve(self.goal.model)
        loop = self._loops.get(case)
        if loop is None:
            loop = CellLoop(
                self.goal.model,
                [case],
                self.goal.clock,
                self.goal.solve_settings(),
                free_setup=False,
            )
            self._loops[case] = loop
        loop.set_setup(replicas, {case: spend})
        tolerance = self.goal.case_tolerance(case)
        point = loop.converge(tolerance)
        must = point is StopReason.INFEASIBLE
        if must:
            loop.measure_missing(on=True)
            point = loop.converge(tolerance)
        if cut and not isinstance(point, StopReason):
            self.goal.cuts.append(
                case_cut(self.goal.model, loop.layout, case, point.row_dual, must=must)
            )
        loop.measure_missing(on=False)
        return None if isinstance(point, StopReason) or must else point

    def case_value(self, case: int, point: CellPoint) -> float:
        """Weighted quality of a case's cells at an optimum of its relaxation, score units."""
        model = self.goal.model
        offset = sum(
            float(model.weights[c, case]) * quality.offset
            for c, quality in enumerate(model.qualities)
        )
        return offset - point.loss

    def relaxed_value(self, replicas: np.ndarray) -> float:
        """Value of setups (S, O) by the cuts at them, which are exact there."""
        if self.goal.by_cost:
            return self.goal.bound or 0.0
        return sum(self.relaxed_values(replicas).values())

    def relaxed_values(self, replicas: np.ndarray) -> dict[int, float]:
        """The same of every case that has cuts of its value, score units."""
        values: dict[int, float] = {}
        for cut in self.goal.cuts:
            if not cut.must:
                own = cut.at(replicas[self.goal.model.demand.setup_of[cut.case]])
                values[cut.case] = min(own, values.get(cut.case, own))
        return values

    def served_share(self, case: int) -> float | None:
        """Largest share of a case's requests that the setup priced last can serve within the
        limits, where it cannot serve all; None where that is not known.
        """
        loop = self._loops[case]
        loop.measure_missing(on=True)
        missing = loop.converge(self.goal.case_tolerance(case))
        loop.measure_missing(on=False)
        if isinstance(missing, StopReason):
            return None
        rates = np.array([one.cell.rate for one in loop.layout.cells])
        return 1.0 - float(rates @ np.array(missing.unserved)) / float(rates.sum())


def _nothing_to_serve(model: DemandModel) -> CellPoint:
    """The point of a case without requests."""
    none = np.zeros((len(model.instance.options), 0))
    setups = len(model.demand.setups)
    return CellPoint(
        loss=0.0,
        estimates=(),
        outside=(),
        fractions=(),
        replicas=np.zeros((setups, len(model.instance.options))),
        spend={},
        time=none,
        loads=none,
        row_dual=np.zeros(0),
        column_dual=np.zeros(0),
        missing=False,
    )
