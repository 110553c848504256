"""Cut loops over cells: the relaxation of several cases, cut and refined until it is as good as it
gets.

With the setup free it is the root relaxation of all cases. With a setup given it is the value of
one case on it, v^_t(n, e), whose duals make a cut for every setup (models.demand.case_cut).

Cuts of quality belong to the score table: every cell of every case gains by what another found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from models.demand.case_cut import case_replica_gains
from models.demand.cell_curves import CellPoints
from models.demand.cell_program import CellColumns, build_cell_program, cell_weight_columns
from models.demand.demand_model import DemandModel
from models.instance import ObjectiveKind
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import Answer, SolveSettings, StopReason
from planner.joint.solver.live_lp import LiveLp
from planner.settings import FLOOR_SLACK

__all__ = ["CellLoop", "CellPoint"]

MOST_ROUNDS = 60
"""Rounds of one cut loop."""

REFINEMENTS = 4
"""Times that a program is solved with curves refined at its own loads."""

NEWEST_CUTS = 12
"""Cuts of each table that the program of a setup begins with: the last ones were made near where it
will run.
"""

ROUGHER = 10.0
"""Times the tolerance: of a program that is not yet refined."""

ENTER, GAINS = 16, 1e-7
"""Options that enter at once at most, and what one replica of them must gain (objective)."""

NONE_MISSING = 1e-7
"""Unserved share, or score missing of a floor, that counts as none."""


@dataclass(frozen=True, kw_only=True)
class CellPoint:
    """An optimum of a loop's program.

    loss: minimised. estimates: of each cell's quality, 0..1 scale. fractions: (M + E,) by cell.
    outside: (E,) req/s by cell. replicas: (S, O), of a program with setups free. spend: USD/h
    outside, by case. time: (owners, cells) replicas that serve a cell; loads: the same, mean load
    of these. row_dual: (R,). column_dual: (C,). missing: whether something is missing.
    unserved: share of each cell.
    """

    loss: float
    estimates: tuple[float, ...]
    outside: tuple[np.ndarray, ...]
    fractions: tuple[np.ndarray, ...]
    replicas: np.ndarray
    spend: dict[int, float]
    time: np.ndarray
    loads: np.ndarray
    row_dual: np.ndarray
    column_dual: np.ndarray
    missing: bool
    unserved: tuple[float, ...] = ()


class CellLoop:
    """A live program of some cases.

    options: those that have columns to begin with; others enter by their reduced costs (the setup
    free), or when a setup uses them.
    """

    def __init__(
        self,
        model: DemandModel,
        cases: Sequence[int],
        clock: SearchClock,
        settings: SolveSettings,
        *,
        free_setup: bool,
        options: Iterable[int] = (),
        lanes: np.ndarray | None = None,
    ) -> None:
        self.model, self.clock = model, clock
        self.options: set[int] = set(options)
        program, self.layout = build_cell_program(model, cases, free_setup=free_setup, lanes=lanes)
        self.live = LiveLp(program, settings)
        self._cost = program.cost
        self._owner = np.zeros(0, dtype=int)
        self._cell = np.zeros(0, dtype=int)
        self._loads = np.zeros(0)
        self._held: list[set[int]] = [set() for _ in self.layout.cells]
        self._prices: list[np.ndarray | None] = [None for _ in self.layout.cells]
        self._missing = self._fixed = False
        self._on_lanes = lanes is not None
        for k, one in enumerate(self.layout.cells):
            self._add_points(k, self._points(one), self.options)
            # The first cuts cap every LLM alone: without them the program is unbounded.
            quality = model.qualities[one.cell.request_class]
            self._add_cuts(k, range(quality.llms + 1))
            if not free_setup:
                self._add_cuts(k, range(max(len(quality.cuts) - NEWEST_CUTS, 0), len(quality.cuts)))

    # -- columns and rows --------------------------------------------------------------------------

    def _points(self, one: CellColumns) -> CellPoints:
        """The points that a cell may run at."""
        return self.model.curves.points(one.cell)

    def _add_points(self, k: int, points: CellPoints, only: set[int]) -> None:
        """Weight columns of a cell for some options."""
        known = np.isin(points.owner, list(only))
        chosen = CellPoints(points.owner[known], points.loads[known], points.budgets[:, known])
        entries = cell_weight_columns(self.model, self.layout, self.layout.cells[k], chosen)
        entries.resize((chosen.owner.size, self.live.rows))
        zero = np.zeros(chosen.owner.size)
        self.live.add_columns(zero, zero, np.full(zero.size, np.inf), entries)
        self._owner = np.concatenate([self._owner, chosen.owner])
        self._cell = np.concatenate([self._cell, np.full(zero.size, k)])
        self._loads = np.concatenate([self._loads, chosen.loads])

    def _replace_points(self, k: int, options: set[int]) -> None:
        """New vertices of some options of a cell in place of those they had."""
        old = np.flatnonzero((self._cell == k) & np.isin(self._owner, list(options)))
        self.live.fix_to_zero(self.layout.first_weight + old)
        self._cell[old] = -1
        self._add_points(k, self._points(self.layout.cells[k]), options & self.options)

    def _add_cuts(self, k: int, positions: Sequence[int] | range) -> None:
        """Quality cuts (positions in the pool) for a cell that lacks them."""
        one = self.layout.cells[k]
        pool = self.model.qualities[one.cell.request_class].cuts
        news = [at for at in positions if at not in self._held[k]]
        if not news:
            return
        self._held[k].update(news)
        may = np.flatnonzero(one.fractions >= 0)
        rows = np.repeat(np.arange(len(news)), may.size + 1)
        columns = np.tile(np.concatenate([[one.quality], one.fractions[may]]), len(news))
        values = np.concatenate([np.ones((len(news), 1)), -pool.prices[news][:, may]], axis=1)
        data = values.ravel()
        data[np.abs(data) < 1e-9] = 0.0
        matrix = csr_matrix((data, (rows, columns)), shape=(len(news), self.live.columns))
        matrix.eliminate_zeros()
        self.live.add_rows(np.full(len(news), -np.inf), pool.base[news], matrix)

    def add_options(self, options: Iterable[int]) -> None:
        """Give some more options columns in every cell."""
        news = set(options) - self.options
        if news:
            self.options |= news
            for k, one in enumerate(self.layout.cells):
                self._add_points(k, self._points(one), news)

    def set_setup(self, replicas: np.ndarray, spend: dict[int, float] | None = None) -> None:
        """The sides of a program of one setup, (O,), that is given; spend: USD/h by case."""
        self.add_options(np.flatnonzero(replicas > 0).tolist())
        for t, rows in self.layout.cases.items():
            used = rows.replica_rows >= 0
            sides = (replicas * rows.share)[used]
            self.live.set_row_sides(rows.replica_rows[used], np.full(sides.size, -np.inf), sides)
            if rows.spend_row >= 0:
                most = np.inf if spend is None else spend.get(t, np.inf)
                self.live.set_row_sides(
                    np.array([rows.spend_row]), np.array([-np.inf]), np.array([most])
                )

    def fix_setups(self, replicas: np.ndarray, gpus_used: np.ndarray | None) -> None:
        """Fix the setups of a program that leaves them free: replicas (S, O); gpus_used: (S, P)
        GPUs, None for as few as capacity says.
        """
        self.add_options(np.flatnonzero((replicas > 0).any(axis=0)).tolist())
        has = self.layout.replicas >= 0
        whole = replicas[has].astype(float)
        self.live.set_bounds(self.layout.replicas[has], whole, whole)
        most = np.array([float(pool.gpus) for pool in self.model.instance.pools])
        high = np.broadcast_to(most, self.layout.gpus_used.shape)
        low = np.zeros_like(high)
        if gpus_used is not None:
            low = high = np.asarray(gpus_used, dtype=float)
        has = self.layout.gpus_used >= 0
        self.live.set_bounds(self.layout.gpus_used[has], low[has], high[has])
        self._fixed = True

    def set_budget(self, most: float) -> None:
        """USD/h that a program with its setups free may cost."""
        row = self.layout.budget_row
        if row >= 0:
            self.live.set_row_sides(np.array([row]), np.array([-np.inf]), np.array([most]))

    @property
    def measures_missing(self) -> bool:
        """Whether what is missing is minimised in place of the goal."""
        return self._missing

    def measure_missing(self, *, on: bool) -> None:
        """Minimise what is missing of service and floors, or go back to the goal."""
        if on == self._missing:
            return
        self._missing = on
        slack = [one.unserved for one in self.layout.cells]
        slack += [one.short for one in self.layout.cells if one.floor_row >= 0]
        slack += [rows.short for rows in self.layout.cases.values() if rows.floor_row >= 0]
        at, none = np.array(slack, dtype=int), np.zeros(len(slack))
        self.live.set_bounds(at, none, np.full(at.size, np.inf if on else 0.0))
        cost = np.zeros(self._cost.size) if on else self._cost.copy()
        cost[at] = 1.0 if on else 0.0
        self.live.set_costs(np.arange(cost.size), cost)

    # -- solving -----------------------------------------------------------------------------------

    def converge(self, tolerance: float, *, rough: bool = False) -> CellPoint | StopReason:
        """Cut until the quality of all cells is over-rated by no more than a tolerance (of the
        objective, score units), refining curves; the point, or why there is none.

        rough: begin with a larger tolerance.
        """
        # On coarse curves, and before all options have entered that gain, exact cuts would be made
        # at fractions that do not stay.
        point = self._converge_to(ROUGHER * tolerance, full=False) if rough else None
        if isinstance(point, StopReason) or (point is not None and self.clock.stopped()):
            return point
        return self._converge_to(tolerance, full=True)

    def _converge_to(self, tolerance: float, *, full: bool) -> CellPoint | StopReason:
        for attempt in range(REFINEMENTS + 1):
            answer = self._cut(tolerance, full=full)
            if isinstance(answer, StopReason):
                return answer
            point = self._point(answer)
            if self.clock.stopped() or attempt == REFINEMENTS or not self._refine(point):
                break
        return point

    def _add_promising(self, answer: Answer) -> bool:
        """With the setup free: options that would gain, by the duals of an optimum; whether there
        are any.
        """
        free = np.array([o for o in self.model.options if o not in self.options], dtype=int)
        if self._fixed or not free.size or not (self.layout.replicas >= 0).any():
            return False
        row_dual, column_dual = answer.row_dual, answer.column_dual
        assert row_dual is not None and column_dual is not None  # noqa: S101, PT018 - an optimal LP has them
        gains = np.zeros(self.layout.replicas.shape)
        for t in self.layout.cases:
            own = case_replica_gains(self.model, self.layout, t, row_dual)
            gains[self.model.demand.setup_of[t]] += own
        columns = self.layout.replicas[:, free]
        # In any one of the setups.
        left = np.where(columns >= 0, gains[:, free] - column_dual[columns], -np.inf)
        gain = left.max(axis=0)
        best = np.argsort(-gain, kind="stable")[:ENTER]
        news = free[best[gain[best] > GAINS]]
        self.add_options(news.tolist())
        return bool(news.size)

    def _cut(self, tolerance: float, *, full: bool) -> Answer | StopReason:
        # Columns and rows that were added after a solve are of no answer: the last step solves.
        for _ in range(MOST_ROUNDS):
            answer = self.live.solve()
            if answer.stop is not StopReason.OPTIMAL or answer.x is None:
                return answer.stop
            if self.clock.stopped():
                return answer
            added = self._add_violated(answer, tolerance / len(self.layout.cells), full=full)
            if not (self._add_promising(answer) or added):
                return answer
        answer = self.live.solve()
        return answer if answer.stop is StopReason.OPTIMAL else answer.stop

    def _add_violated(self, answer: Answer, tolerance: float, *, full: bool) -> bool:
        """Cut off estimates of quality that the scores do not allow; whether any was."""
        x, added = answer.x, False
        assert x is not None  # noqa: S101 - an optimal program has a point
        for k, one in enumerate(self.layout.cells):
            quality = self.model.qualities[one.cell.request_class]
            allowed = tolerance / self._importance(one)
            if self._floored(one):
                allowed = min(allowed, 0.3 * FLOOR_SLACK / quality.scale)
            estimate = float(x[one.quality])
            fractions = self._fractions(one, x)
            pool = quality.cuts
            if pool.at(fractions) < estimate - allowed:
                self._add_cuts(k, pool.tightest(fractions, 1).tolist())
                added = True
                continue
            if allowed >= 1.0:
                continue
            before = len(pool)
            self._prices[k], exact = quality.price(fractions, self._prices[k], full=full)
            if min(exact, pool.at(fractions)) < estimate - allowed and len(pool) > before:
                self._add_cuts(k, [len(pool) - 1])
                added = True
        return added

    def _importance(self, one: CellColumns) -> float:
        """How much an error in a cell's quality (0..1 scale) weighs."""
        c, t = one.cell.request_class, one.cell.case
        quality = self.model.qualities[c]
        # Lanes are routed for quality also where it does not count.
        weights = self.model.routed_weights(t) if self._on_lanes else self.model.weights[:, t]
        weight = float(weights[c]) * quality.scale
        # A floor binds however little its cell weighs in the objective.
        return max(weight, 1.0 if self._floored(one) else 1e-12)

    def _floored(self, one: CellColumns) -> bool:
        """Whether a floor of its class or case binds a cell."""
        return one.floor_row >= 0 or self.layout.cases[one.cell.case].floor_row >= 0

    def _fractions(self, one: CellColumns, x: np.ndarray) -> np.ndarray:
        """(M + E,) of a cell, a point of the simplex."""
        may = one.fractions >= 0
        fractions = np.where(may, np.maximum(x[one.fractions], 0.0), 0.0)
        total = fractions.sum()
        return fractions / total if total > 0 else may / may.sum()

    def _refine(self, point: CellPoint) -> bool:
        """Lines at the loads of an optimum; whether any curve rose."""
        curves = self.model.curves
        rose: dict[tuple[int, float], set[int]] = {}
        for k, one in enumerate(self.layout.cells):
            for o in np.flatnonzero(point.time[:, k] > 1e-9).tolist():
                if curves.refine(one.cell, o, float(point.loads[o, k])):
                    rose.setdefault(curves.key(one.cell), set()).add(o)
        for k, one in enumerate(self.layout.cells):
            options = rose.get(curves.key(one.cell), set())
            if options:
                self._replace_points(k, options)
        return bool(rose)

    def _point(self, answer: Answer) -> CellPoint:
        x, row_dual, column_dual = answer.x, answer.row_dual, answer.column_dual
        assert x is not None and row_dual is not None and column_dual is not None  # noqa: S101, PT018 - an optimal LP has them
        weight = np.maximum(x[self.layout.first_weight :], 0.0)
        owners, cells = self.layout.options.size, len(self.layout.cells)
        time, work = np.zeros((owners, cells)), np.zeros((owners, cells))
        alive = self._cell >= 0
        at = self._owner[alive], self._cell[alive]
        np.add.at(time, at, weight[alive])
        np.add.at(work, at, weight[alive] * self._loads[alive])
        replicas = np.zeros(self.layout.replicas.shape)
        has = self.layout.replicas >= 0
        replicas[has] = x[self.layout.replicas[has]]
        spend = {
            t: float(self._spend(t, x)) for t in self.layout.cases if self.model.demand.outside
        }
        return CellPoint(
            loss=answer.value,
            estimates=tuple(float(x[one.quality]) for one in self.layout.cells),
            outside=tuple(
                np.where(one.outside >= 0, np.maximum(x[one.outside], 0.0), 0.0) * self.model.unit
                for one in self.layout.cells
            ),
            fractions=tuple(self._fractions(one, x) for one in self.layout.cells),
            replicas=replicas,
            spend=spend,
            time=time,
            loads=np.divide(work, time, out=np.zeros_like(work), where=time > 1e-12),
            row_dual=row_dual,
            column_dual=column_dual,
            unserved=tuple(max(float(x[one.unserved]), 0.0) for one in self.layout.cells),
            missing=self._missing and answer.value > NONE_MISSING,
        )

    def floor_dual(self, point: CellPoint) -> float:
        """Dual of the mean floor of a program with the setup free, 0 without one."""
        row = self.layout.floor_row
        return max(float(point.row_dual[row]), 0.0) if row >= 0 else 0.0

    def money_dual(self, point: CellPoint) -> float:
        """What 1 USD/h outside, averaged over the hours, is worth in a program with the setup free:
        1 where cost is minimised, the dual of the budget, 0 without either.
        """
        if self.model.instance.objective == ObjectiveKind.COST:
            return 1.0
        row = self.layout.budget_row
        return max(-float(point.row_dual[row]), 0.0) if row >= 0 else 0.0

    def _spend(self, case: int, x: np.ndarray) -> float:
        """USD/h of a case outside."""
        total = 0.0
        for one in self.layout.cells:
            if one.cell.case == case:
                for e in np.flatnonzero(one.outside >= 0):
                    usd = self.model.demand.classes[one.cell.request_class].outside_usd[e]
                    total += 3600.0 * usd * self.model.unit * float(x[one.outside[e]])
        return total
