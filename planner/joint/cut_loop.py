"""The cut loop: a linear program over weights of operating points, whose estimate of quality is cut
down until it is exact and whose curves are refined.

One `CutLoop` holds one live simplex object. `converge` alternates: solve; price the fractions
(models.quality), which yields a valid cut; add it. That is Kelley's cutting-plane method on the
concave Q(f) (SIAM J. 8, 1960), with Q's minimising dual prices as subgradients, as in Benders
decomposition. On the whole relaxation it is stabilised in-out (Ben-Ameur and Neto, Networks 49,
2007): cuts are made between the program's fractions and the best ones so far.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from models.formulation import Formulation
from models.quality import Quality
from models.relaxation import (
    Points,
    relax_program,
    relaxation_cut_rows,
    relaxation_weight_rows,
    stack_relaxation_points,
)
from planner.joint.solver.highs import Answer, SolveSettings, StopReason
from planner.joint.solver.live_lp import LiveLp

IN_OUT = 0.4
"""Weight of the best fractions so far in the point that is cut at (in-out stabilisation)."""


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
        self._retired = np.zeros(self.owner.size, dtype=bool)
        self._prices: np.ndarray | None = None

    def converge(
        self,
        tolerance: float,
        max_rounds: int,
        *,
        in_out: bool = False,
        full: bool = True,
        stopped: Callable[[], bool] | None = None,
    ) -> RelaxationPoint:
        """Cut until the estimate of quality exceeds the exact Q of the program's fractions by at
        most `tolerance` (0..1 scale).

        in_out: cut between these fractions and the best ones so far. full: price on all prompts,
        not on a sample. stopped: polled once a round; it and max_rounds end the loop with what
        there is. Returns the last point; raises SolverError when HiGHS fails.
        """
        inner: np.ndarray | None = None
        inner_quality = -np.inf
        rounds = 0
        while True:
            answer = self.live.solve()
            rounds += 1
            if answer.stop is not StopReason.OPTIMAL or answer.x is None:
                return _cut_loop_nowhere(answer.stop, rounds)
            # The simplex may leave a fraction at -1e-10 and their sum at 1 + 1e-9 (HiGHS's
            # feasibility tolerance is 1e-7); pricing wants a point of the simplex.
            fractions = np.maximum(answer.x[self.where.fractions], 0.0)
            fractions = fractions / fractions.sum()
            if self.measure_excess:
                return self._point(answer, fractions, rounds, 0.0)
            estimate = float(answer.x[self.where.quality])
            halted = rounds >= max_rounds or (stopped is not None and stopped())
            if in_out and inner is not None and not halted:
                # Kelley's point jumps between vertices of a still coarse model. A cut nearer to the
                # best point is deeper where the optimum is; if it cuts the program's point off too,
                # that point needs no separate pricing, which halves the work of a round.
                between = IN_OUT * inner + (1 - IN_OUT) * fractions
                self._prices, quality = self.quality.price(between, self._prices, full=full)
                if quality > inner_quality:
                    inner, inner_quality = between, quality
                if self.quality.cuts.at(fractions) < estimate - max(tolerance, 1e-9):
                    self._add_new_cuts()
                    continue
            # Prices of the last point are a warm start of Newton's method: neighbouring fractions
            # have neighbouring prices.
            self._prices, exact = self.quality.price(fractions, self._prices, full=full)
            if exact > inner_quality:
                inner, inner_quality = fractions, exact
            # `exact` over-rates Q by what the prices lack; an older cut may be tighter here.
            error = estimate - min(exact, self.quality.cuts.at(fractions))
            if error <= tolerance or halted:
                return self._point(answer, fractions, rounds, error)
            self._add_new_cuts()

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

    def _add_new_cuts(self) -> None:
        cuts = self.quality.cuts
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
