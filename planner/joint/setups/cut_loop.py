"""The cut loop: a linear program over weights of operating points, whose estimate of quality is cut
down until it is exact and whose curves are refined.

One `CutLoop` holds one live simplex object. `converge` alternates: solve; price the fractions
(models.quality), which yields a valid cut; add it. That is Kelley's cutting-plane method on the
concave Q(f) (SIAM J. 8, 1960), with Q's minimising dual prices as subgradients, as in Benders
decomposition. On the whole relaxation it is stabilised in-out (Ben-Ameur and Neto, Networks 49,
2007): cuts are made between the program's fractions and the best ones so far.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix, hstack

from models.formulation import Formulation, GoalKind
from models.openings.opening_cuts import opened_llms, opening_loads
from models.quality import Quality
from models.relaxation import (
    Points,
    relax_program,
    relaxation_cut_rows,
    relaxation_opening_rows,
    relaxation_weight_rows,
    stack_relaxation_points,
)
from planner.joint.solver.highs import Answer, SolveSettings, StopReason
from planner.joint.solver.live_lp import PRIMAL, LiveLp

IN_OUT = 0.4
"""Least weight of the best point so far in the point that is cut at (in-out stabilisation)."""

MANY_LLMS = 12
"""With more LLMs than this, loops begin near the fractions of the best answers, move the point they
cut at, and end loosely once the estimate stands still: at light load Kelley's method wanders on a
face of that many dimensions. With fewer its rounds are cheap, and integer programs need their cuts.
"""

MOST_WEIGHT = 0.98
"""Largest weight of the best point: a cut at that point itself says nothing new."""

STALLED, SAME = 6, 1e-7
"""Rounds in which an estimate of quality that moves by no more stands still."""

NEARER, FARTHER = 0.6, 1.5
"""What the rest of that weight is multiplied by after a point that was no better, or better, than
the best so far. With a fixed weight, 60 rounds at 20 LLMs and light load, where nearly all of the
relaxation is one flat face, left 3e-3 of quality; so 7e-4.
"""


@dataclass(frozen=True, kw_only=True)
class RelaxationPoint:
    """Where the loop ended; without an optimum (stop) everything else is empty.

    loss: the minimised objective (-quality on the 0..1 scale, USD/h, or lean weight), a lower bound
    of the true one. fractions: (M,). quality: the program's estimate, 0..1 scale. rates (O,) req/s
    and replicas (O,), not whole, of all options. column_loss: (O,) least reduced cost of running
    one replica. row_dual: (R,) d loss / d right-hand side; gpus_used_dual: (P,) reduced costs of
    the used GPUs. rounds: solves. estimate_error: by how much the estimate may exceed Q, 0..1.
    """

    stop: StopReason
    loss: float
    fractions: np.ndarray
    quality: float
    rates: np.ndarray
    replicas: np.ndarray
    column_loss: np.ndarray
    row_dual: np.ndarray
    gpus_used_dual: np.ndarray
    rounds: int
    estimate_error: float


NEAR = 1e-3
"""Largest difference of a fraction from given ones that is near."""


class CutLoop:
    """A live relaxation (fixed is None), or the live program of one setup (fixed: (O,) replicas).

    points: rates and budgets of each option's operating points. measure_excess: minimise what the
    budgets are exceeded by. spare: share of the budgets that is kept back.
    """

    def __init__(
        self,
        form: Formulation,
        quality: Quality,
        points: Mapping[int, Sequence[Points]],
        settings: SolveSettings,
        fixed: np.ndarray | None = None,
        *,
        measure_excess: bool = False,
        spare: float = 0.0,
    ) -> None:
        self.form, self.quality = form, quality
        linear, self.where, self.owner = relax_program(
            form, points, fixed, measure_excess=measure_excess, spare=spare
        )
        self.point_rates = stack_relaxation_points(points, len(form.shared_slos))[1]
        self.live = LiveLp(linear, settings)
        self.measure_excess = measure_excess
        self._cuts = form.cut_base.size
        self._openings = 0 if form.openings is None else len(form.openings)
        self._llm = np.array([o.llm for o in form.instance.options])
        self._loads = opening_loads(
            len(form.instance.llms),
            self._llm[self.owner],
            self.point_rates,
            form.instance.arrival_rate,
        )
        self._retired = np.zeros(self.owner.size, dtype=bool)
        self._prices: np.ndarray | None = None
        self._estimate, self._rounds_alike = np.inf, 0
        self.many, self._leans = len(form.instance.llms) > MANY_LLMS, fixed is None

    @property
    def _ends_at_best(self) -> bool:
        """Whether loops end at their best point, not at the last vertex."""
        return self.many and self.form.goal.of == GoalKind.QUALITY

    def converge(
        self,
        tolerance: float,
        max_rounds: int,
        *,
        in_out: bool = False,
        near: np.ndarray | None = None,
        loose: float = 0.0,
        full: bool = True,
        stopped: Callable[[], bool] | None = None,
    ) -> RelaxationPoint:
        """Cut until the estimate of quality exceeds the exact Q of the program's fractions by at
        most `tolerance` (0..1 scale), or, where quality is the goal, that of the best point.

        in_out: cut between these fractions and the best ones so far. near: (M,) fractions near
        which the best point is sought first. loose: a tolerance for the best point once the
        estimate stands still. full: price on all prompts, not on a sample. stopped: polled once a
        round; it and max_rounds end the loop with what there is. Returns the last point, with the
        program's loss and duals; raises SolverError when HiGHS fails.
        """
        best = self._best_near(near) if in_out and near is not None else None
        rounds = 0
        while True:
            answer = self.live.solve()
            rounds += 1
            if answer.stop is not StopReason.OPTIMAL or answer.x is None:
                return _cut_loop_nowhere(answer.stop, rounds)
            # The simplex may leave a fraction at -1e-10 and their sum at 1 + 1e-9 (HiGHS's
            # feasibility tolerance is 1e-7); pricing wants a point of the simplex.
            fractions = simplex_fractions(answer.x[self.where.fractions])
            if self.measure_excess:
                return self._point(answer, fractions, rounds, 0.0)
            estimate = float(answer.x[self.where.quality])
            stalled = self._stalls(estimate)
            halted = rounds >= max_rounds or (stopped is not None and stopped())
            if best is not None and not halted:
                self._cut_between(best, answer.x, full=full)
                # The best point keeps all rows but the cuts, as a mean of points that do: where its
                # quality meets the estimate, no point of the program is better.
                met = estimate - best.quality <= (max(loose, tolerance) if stalled else tolerance)
                if met and self._ends_at_best:
                    return self._best_point(best, answer, rounds)
                if self._cuts_at(answer.x) < estimate - max(tolerance, 1e-9):
                    self._add_new_cuts()
                    continue
            exact = self._price_at(answer.x, full=full)
            best = self._better_of(best, answer.x, exact) if in_out else None
            # `exact` over-rates Q by what the prices lack; an older cut may be tighter here.
            error = estimate - min(exact, self._cuts_at(answer.x))
            if error <= tolerance or (halted and not (best and self._ends_at_best)):
                return self._point(answer, fractions, rounds, error)
            if halted and best is not None:
                # Of a loop that is cut short the vertex of a coarse program is no setup to round.
                return self._best_point(best, answer, rounds)
            self._add_new_cuts()

    def _best_at(self, x: np.ndarray, quality: float) -> "_BestInside":
        """A first best point, x (columns,), of a quality on the 0..1 scale."""
        return _BestInside(self.where.fractions, x, quality, moving=self.many)

    def _better_of(
        self, best: "_BestInside | None", x: np.ndarray, quality: float
    ) -> "_BestInside":
        """The best point after one (columns,) of a quality on the 0..1 scale."""
        if best is None:
            return self._best_at(x, quality)
        if quality > best.quality:
            best.x, best.quality = x, quality
        return best

    def _best_point(self, best: "_BestInside", answer: Answer, rounds: int) -> RelaxationPoint:
        """The best point, with the duals of the program's answer."""
        assert answer.x is not None  # noqa: S101 - the caller has looked
        estimate = float(answer.x[self.where.quality])
        error = estimate - min(best.quality, self._cuts_at(best.x))
        return self._point(replace(answer, x=best.x), best.fractions, rounds, error)

    def _best_near(self, near: np.ndarray) -> "_BestInside | None":
        """A point near some fractions (M,), None where the program has none."""
        x = self._feasible_near(near)
        if x is None:
            return None
        quality = self._price_at(x)
        self._add_new_cuts()
        return self._best_at(x, quality)

    def _opened_at(self, x: np.ndarray) -> np.ndarray | None:
        """(M,) how far LLMs are open at a point (columns,), None where the program does not say, or
        every LLM is open.
        """
        if not self.where.opened:
            return None
        fractions = simplex_fractions(x[self.where.fractions])
        weight = np.maximum(x[self.where.first_weight :], 0.0)
        replicas = np.bincount(self._llm[self.owner], weights=weight, minlength=fractions.size)
        opened = opened_llms(replicas, fractions)
        return None if np.all(opened >= 1.0) else opened

    def _price_at(self, x: np.ndarray, *, full: bool = True) -> float:
        """Add the cut at a point (columns,); returns the upper estimate of its quality."""
        fractions, opened = simplex_fractions(x[self.where.fractions]), self._opened_at(x)
        # Prices of the last point are a warm start of Newton's method: neighbouring fractions
        # have neighbouring prices.
        if opened is None:
            self._prices, quality = self.quality.price(fractions, self._prices, full=full)
        else:
            self._prices, quality = self.quality.price_openings(
                fractions, opened, self._loads, self._prices, full=full
            )
        return quality

    def _cuts_at(self, x: np.ndarray) -> float:
        """The estimate of all cuts at a point (columns,)."""
        fractions, opened = simplex_fractions(x[self.where.fractions]), self._opened_at(x)
        plain = self.quality.cuts.at(fractions)
        return plain if opened is None else min(plain, self.quality.openings.at(fractions, opened))

    def _cut_between(self, best: "_BestInside", x: np.ndarray, *, full: bool) -> None:
        """Price between the best point and the program's optimum x.

        Kelley's point jumps between vertices of a still coarse model. A cut nearer to the best
        point is deeper where the optimum is; if it cuts the program's point off too, that point
        needs no separate pricing, which halves the work of a round.
        """
        between = best.towards(x)
        best.learn(between, self._price_at(between, full=full))

    def _stalls(self, estimate: float) -> bool:
        """Whether the program's estimate has stood still for STALLED rounds, earlier loops on this
        program included.
        """
        still = abs(estimate - self._estimate) <= SAME
        self._rounds_alike = self._rounds_alike + 1 if still else 0
        self._estimate = estimate
        return self._rounds_alike >= STALLED

    def _feasible_near(self, fractions: np.ndarray) -> np.ndarray | None:
        """A point (columns,) of the program with fractions near the given ones, None where there is
        none.
        """
        if self._needs_more_gpus(np.maximum(fractions - NEAR, 0.0)):
            self._leans = False
            return None
        where = self.where.fractions
        columns = np.arange(where.start, where.stop)
        free = np.zeros(columns.size), np.ones(columns.size)
        # From the basis of the free program: without one the dual simplex of HiGHS 1.16 did 138
        # iterations in 15 s on 100 LLMs and 24,000 columns, where this takes 0.7 s in all.
        self.live.solve()
        low, high = np.maximum(fractions - NEAR, 0.0), np.minimum(fractions + NEAR, 1.0)
        self.live.set_bounds(columns, low, high)
        # By the primal simplex: where no point is near, the dual one took 6 to 19 s over a hundred
        # iterations of that program, the primal one mostly 1 to 4 s, and once 19 s, too.
        x = self.live.solve(PRIMAL).x
        # Where the first fractions, those of the best answers, are out of reach, points on few GPUs
        # are no nearer to a plan than others, and the loop takes longer.
        self._leans &= x is not None
        if self._leans:
            lean = self._lean_and_open(fractions).x
            x = x if lean is None else lean
        self.live.set_bounds(columns, *free)
        return x

    def _lean_and_open(self, fractions: np.ndarray) -> Answer:
        """The program with a whole replica at least of every LLM that fractions (M,) are routed to,
        on few GPUs.

        Of all points with these fractions that is the one nearest to a plan: what is rounded in it
        is little, opening cuts hold, and GPUs are left to round up.
        """
        used = np.flatnonzero(fractions > NEAR)
        rows = self.live.rows + np.arange(used.size)
        counted = csr_matrix((used[:, None] == self._llm[self.owner][None, :]).astype(float))
        before = csr_matrix((used.size, self.where.first_weight))
        unlimited = np.full(used.size, np.inf)
        self.live.add_rows(np.ones(used.size), unlimited, csr_matrix(hstack([before, counted])))
        gpus = np.arange(self.where.gpus_used.start, self.where.gpus_used.stop)
        each = 1.0 / self.form.instance.gpus
        self.live.set_costs(gpus, np.full(gpus.size, each))
        answer = self.live.solve()
        self.live.set_costs(gpus, np.zeros(gpus.size))
        self.live.set_row_sides(rows, -unlimited, unlimited)
        return answer

    def _needs_more_gpus(self, fractions: np.ndarray) -> bool:
        """Whether requests of at least these fractions (M,) need more GPUs than there are, even at
        each LLM's most requests per GPU. The simplex may take 20 s to see that.
        """
        instance = self.form.instance
        if self.form.goal.of == GoalKind.KNOB:  # GPUs may be what it moves
            return False
        gpus = np.array([option.tp_degree * option.mps_share for option in instance.options])
        most = np.zeros(len(instance.llms))
        np.maximum.at(most, self._llm[self.owner], self.point_rates / gpus[self.owner])
        used = fractions > 0
        if np.any(most[used] <= 0):
            return True
        return float((fractions[used] / most[used]).sum()) * instance.arrival_rate > instance.gpus

    def replace_points(self, points: Mapping[int, Sequence[Points]]) -> None:
        """Give some options (keys) new points in place of those they had."""
        owner, rates, budgets = stack_relaxation_points(points, len(self.form.shared_slos))
        old = np.flatnonzero(np.isin(self.owner, list(points)) & ~self._retired)
        # Columns are fixed to zero, not deleted: deleting would renumber the columns and drop the
        # basis that the next solve starts from.
        self.live.fix_to_zero(self.where.first_weight + old)
        self._retired[old] = True
        entries = relaxation_weight_rows(self.form, self.where, owner, rates, budgets)
        entries.resize((owner.size, self.live.rows))
        zero = np.zeros(owner.size)
        self.live.add_columns(zero, zero, np.full(owner.size, np.inf), csr_matrix(entries))
        self.owner = np.concatenate([self.owner, owner])
        self.point_rates = np.concatenate([self.point_rates, rates])
        self._retired = np.concatenate([self._retired, np.zeros(owner.size, dtype=bool)])

    def fix_fractions(self, fractions: np.ndarray) -> None:
        """Fix the routing fractions (M,)."""
        columns = np.arange(self.where.fractions.start, self.where.fractions.stop)
        self.live.set_bounds(columns, fractions, fractions)

    def fix_replicas(self, replicas: Mapping[int, int]) -> None:
        """Fix the replicas of some options (keys) to whole numbers."""
        rows, columns = [], []
        for row, o in enumerate(replicas):
            own = np.flatnonzero((self.owner == o) & ~self._retired)
            rows += [row] * own.size
            columns += (self.where.first_weight + own).tolist()
        sides = np.array(list(replicas.values()), dtype=float)
        shape = (len(replicas), self.live.columns)
        matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        self.live.add_rows(sides, sides, matrix)

    def _add_new_cuts(self) -> None:
        cuts, openings = self.quality.cuts, self.quality.openings
        if self.where.opened and len(openings) > self._openings:
            late = openings.only(slice(self._openings, None))
            self.live.add_rows(*relaxation_opening_rows(late, self.where, self.live.columns))
            self._openings = len(openings)
        if len(cuts) == self._cuts:
            return
        new = slice(self._cuts, None)
        self.live.add_rows(
            *relaxation_cut_rows(cuts.prices[new], cuts.base[new], self.live.columns)
        )
        self._cuts = len(cuts)

    def _point(
        self, answer: Answer, fractions: np.ndarray, rounds: int, error: float
    ) -> RelaxationPoint:
        """The program's answer, by options."""
        x, column_dual, row_dual = answer.x, answer.column_dual, answer.row_dual
        assert x is not None and column_dual is not None and row_dual is not None  # noqa: S101, PT018 - an optimal LP has them
        weight = np.maximum(x[self.where.first_weight :], 0.0)
        options = len(self.form.instance.options)
        loss = np.full(options, np.inf)
        alive = ~self._retired
        np.minimum.at(loss, self.owner[alive], column_dual[self.where.first_weight :][alive])
        return RelaxationPoint(
            stop=StopReason.OPTIMAL,
            loss=answer.value,
            fractions=fractions,
            quality=float(x[self.where.quality]),
            rates=np.bincount(self.owner, weights=weight * self.point_rates, minlength=options),
            replicas=np.bincount(self.owner, weights=weight, minlength=options),
            # A reduced cost below zero is the simplex's dual tolerance: no option gains the bound.
            column_loss=np.maximum(loss, 0.0),
            row_dual=row_dual,
            gpus_used_dual=column_dual[self.where.gpus_used],
            rounds=rounds,
            estimate_error=error,
        )


def simplex_fractions(fractions: np.ndarray) -> np.ndarray:
    """(M,) without what the simplex method leaves below zero, with the sum 1."""
    inside = np.maximum(fractions, 0.0)
    return np.asarray(inside / inside.sum())


class _BestInside:
    """The point of best quality that a cut loop has seen, and where to cut next.

    where: columns of the fractions. x: (columns,), a mean of optima of the program, so that it
    keeps every row but the cuts. quality: 0..1 scale. moving: whether the weight moves.
    """

    def __init__(self, where: slice, x: np.ndarray, quality: float, *, moving: bool) -> None:
        self._where, self._weight, self._moving = where, IN_OUT, moving
        self.x, self.quality = x, quality

    @property
    def fractions(self) -> np.ndarray:
        """(M,) of the best point."""
        return self.fractions_of(self.x)

    def fractions_of(self, x: np.ndarray) -> np.ndarray:
        """(M,) of a point (columns,)."""
        return simplex_fractions(x[self._where])

    def towards(self, x: np.ndarray) -> np.ndarray:
        """The point to cut at, between the best one and the program's optimum."""
        return np.asarray(self._weight * self.x + (1 - self._weight) * x)

    def learn(self, x: np.ndarray, quality: float) -> None:
        """Take the quality of the point that was cut at: nearer next time where it is no better,
        if the weight moves.
        """
        if quality > self.quality:
            self.x, self.quality = x, quality
            self._weight = max(IN_OUT, 1 - FARTHER * (1 - self._weight))
        elif self._moving:
            self._weight = min(1 - NEARER * (1 - self._weight), MOST_WEIGHT)


def _cut_loop_nowhere(stop: StopReason, rounds: int) -> RelaxationPoint:
    """A loop that ended without an optimum."""
    nothing = np.zeros(0)
    return RelaxationPoint(
        stop=stop,
        loss=np.inf,
        fractions=nothing,
        quality=np.nan,
        rates=nothing,
        replicas=nothing,
        column_loss=nothing,
        row_dual=nothing,
        gpus_used_dual=nothing,
        rounds=rounds,
        estimate_error=np.inf,
    )
