"""The best routing of one setup on its exact curves.

With the replicas fixed, placement is settled and what is left is continuous: rates and fractions.
Around the present rates every curve is replaced by a polyline that never lies below it
(models.latency.safe_latency_points), so whatever the linear program finds is feasible on the raw
curves; it is repeated around the rates of its optimum until nothing improves: successive inner
approximation (Marks and Wright, Operations Research 26, 1978). On convex curves that is the optimum
of the setup; elsewhere it is a good plan, and the bound of the joint program says how good.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from models.formulation import Formulation, allowance
from models.latency import LatencyPieces, safe_latency_points
from models.quality import UNROUTED, Quality
from planner.joint.setups.cut_loop import MANY_LLMS, CutLoop, RelaxationPoint
from planner.joint.solver.highs import SolveSettings, StopReason

SPARES = (1e-9, 1e-8, 1e-7, 1e-6)
"""Shares of the budgets that are kept back, one after the other, while the solver's tolerance lets
a plan exceed one.
"""

FLOAT_NOISE = 1e-12
"""An SLO exceeded by this share is kept: rounding."""

BESIDE_A_KNOT = 1e-6
"""A rate this close (relative) to a knot of its curve is meant to be on it."""

LOOSER = 4.0
"""Times the tolerance: what routing may leave where the estimate of its quality stands still."""

PASSES = 8
"""Most recentrings; three are usual."""

MOVES = 4
"""Most moves towards rates that keep the budgets."""

MOST_CUTS = 60
"""Rounds of one cut loop."""


@dataclass(frozen=True)
class RoutingLimits:
    """tolerance: how much quality (0..1 scale) a cut loop may leave. stopped: polled once a round;
    what is routed then is taken. fractions: (M,) that routing keeps, None: it may choose.
    """

    tolerance: float
    stopped: Callable[[], bool] = lambda: False
    fractions: np.ndarray | None = None


@dataclass(frozen=True)
class RoutedSetup:
    """A feasible operating point of a setup.

    replicas: (O,) whole. rates: (O,) req/s routed to each option. fractions: (M,). quality: near
    Q(fractions), 0..1 scale. spent: largest spent part of the budgets; NaN where nobody asks.
    """

    replicas: np.ndarray
    rates: np.ndarray
    fractions: np.ndarray
    quality: float
    spent: float = np.nan


def route_setup(
    form: Formulation,
    quality: Quality,
    pieces: Mapping[int, LatencyPieces],
    replicas: np.ndarray,
    rates: np.ndarray,
    settings: SolveSettings,
    limits: RoutingLimits,
) -> RoutedSetup | None:
    """The best routing near the given rates for a setup; None when none keeps the SLOs.

    form: instance, SLOs, unit and goal: the best quality, or the most room at a quality (its cuts
    are replaced by the pool's). pieces: exact curves by options. replicas: (O,) whole. rates: (O,)
    req/s to begin with. Cuts are added to the pool of `quality`.
    """
    if not np.any(replicas > 0):
        return None
    return _SetupProgram(form, quality, pieces, replicas, settings, limits).route(rates)


def worth_of_routed_budgets(
    form: Formulation,
    quality: Quality,
    pieces: Mapping[int, LatencyPieces],
    routed: RoutedSetup,
    settings: SolveSettings,
) -> float:
    """By how much quality (0..1 scale) a routed setup rises near its rates for all budgets again:
    the slope of its linear program, by the duals.
    """
    program = _SetupProgram(form, quality, pieces, routed.replicas, settings, RoutingLimits(0.0))
    per_replica = routed.rates / np.maximum(routed.replicas, 1)
    return max(program.worth_of_budgets(per_replica, side) for side in (-1, 1))


class _SetupProgram:
    """The linear program of one setup, rebuilt around every operating point."""

    def __init__(
        self,
        form: Formulation,
        quality: Quality,
        pieces: Mapping[int, LatencyPieces],
        replicas: np.ndarray,
        settings: SolveSettings,
        limits: RoutingLimits,
    ) -> None:
        self.form, self.quality, self.pieces = form, quality, pieces
        self.replicas, self.settings = replicas, settings
        self.tolerance, self.stopped = limits.tolerance, limits.stopped
        self.kept = limits.fractions
        self.deployed = np.flatnonzero(replicas > 0)

    def route(self, rates: np.ndarray) -> RoutedSetup | None:
        """The best routing near some rates (O,)."""
        replicas, deployed = self.replicas, self.deployed
        per_replica = np.zeros(replicas.size)
        per_replica[deployed] = rates[deployed] / replicas[deployed]
        best: RelaxationPoint | None = None
        side, stale = -1, 0
        for _ in range(PASSES):
            point = self.solve_around(per_replica, side)
            if point.stop is not StopReason.OPTIMAL:
                break
            gain = np.inf if best is None else best.loss - point.loss
            if best is None or gain > 0:
                best = point
            # At a knot the polyline spans the piece on one side only: a pass without gain is
            # repeated on the other side before it counts as the end.
            stale = 0 if gain > self.tolerance else stale + 1
            side = -side
            if stale >= 2 or self.stopped():
                break
            per_replica[deployed] = best.rates[deployed] / replicas[deployed]
        if best is None:
            return None
        best, exact = self._within_budgets(best, per_replica, -side)
        llm = np.array([o.llm for o in self.form.instance.options])
        count = len(self.form.instance.llms)
        fractions = np.bincount(llm, weights=exact, minlength=count) / exact.sum()
        return RoutedSetup(replicas, exact, fractions, best.quality, self._spent(exact))

    def _within_budgets(
        self, best: RelaxationPoint, per_replica: np.ndarray, side: int
    ) -> tuple[RelaxationPoint, np.ndarray]:
        """A point whose rates (O,) keep every budget to the last digits."""
        exact = self._exact_rates(best)
        # HiGHS keeps rows to 1e-7, the verifier an SLO to 1e-7 of its limit: a plan that uses a
        # budget up lands on either side. Keeping a growing trace of it back settles that without
        # a visible loss of quality.
        for spare in SPARES:
            if self._spent(exact) <= 1 + FLOAT_NOISE:
                break
            kept_back = self.solve_around(per_replica, side, spare)
            if kept_back.stop is StopReason.OPTIMAL:
                best, exact = kept_back, self._exact_rates(kept_back)
        return best, exact

    def _spent(self, rates: np.ndarray) -> float:
        """The largest spent part of a budget on the raw curves; above 1 where one does not hold."""
        form = self.form
        spent = np.zeros(len(form.shared_slos))
        for o in self.deployed.tolist():
            spent += self.replicas[o] * self.pieces[o].spend(float(rates[o] / self.replicas[o]))
        allowed = np.array([allowance(slo) for slo in form.shared_slos])
        allowed = allowed * form.instance.arrival_rate
        return float(np.max(spent / allowed, initial=0.0))

    def worth_of_budgets(self, per_replica: np.ndarray, side: int) -> float:
        """What all budgets again would bring at the slope near rates per replica (O,)."""
        loop = self._loop_around(per_replica, side)
        point = loop.converge(self.tolerance, 1)
        if point.stop is not StopReason.OPTIMAL:
            return 0.0
        budgets = point.row_dual[loop.where.budget_row : loop.where.replica_row]
        return -float(budgets.sum()) * self.form.demand

    def _loop_around(
        self,
        per_replica: np.ndarray,
        side: int,
        spare: float = 0.0,
        *,
        measure_excess: bool = False,
    ) -> CutLoop:
        """The linear program around rates per replica (O,), with all cuts of the pool."""
        cuts = self.quality.cuts
        points = {
            int(o): [safe_latency_points(self.pieces[int(o)], float(per_replica[o]), side)]
            for o in self.deployed
        }
        loop = CutLoop(
            replace(self.form, cut_prices=cuts.prices, cut_base=cuts.base),
            self.quality,
            points,
            self.settings,
            self.replicas,
            measure_excess=measure_excess,
            spare=0.0 if measure_excess else spare,
        )
        if self.kept is not None:
            loop.fix_fractions(self.kept)
        return loop

    def solve_around(
        self, per_replica: np.ndarray, side: int, spare: float = 0.0
    ) -> RelaxationPoint:
        """One linear program around the present rates (moved in place); when it is infeasible,
        first move to where the budgets are exceeded least.
        """

        def loop(*, measure_excess: bool = False) -> CutLoop:
            return self._loop_around(per_replica, side, spare, measure_excess=measure_excess)

        if len(self.form.instance.llms) > MANY_LLMS and not self.form.goal.room:
            point = loop().converge(
                self.tolerance,
                MOST_CUTS,
                in_out=True,
                near=self.quality.best_answers(),
                loose=LOOSER * self.tolerance,
                stopped=self.stopped,
            )
        else:
            point = loop().converge(self.tolerance, MOST_CUTS, stopped=self.stopped)
        if point.stop is not StopReason.INFEASIBLE:
            return point
        # The relaxation's rates lie on under-estimates of the curves, so the exact budgets may be
        # exceeded there. A first phase moves to where they are exceeded least, as in the simplex
        # method; the polylines are rebuilt at each step, since they are exact at one rate only.
        for _ in range(MOVES):
            excess = loop(measure_excess=True).converge(self.tolerance, 1)
            if excess.stop is not StopReason.OPTIMAL:
                return excess
            moved = excess.rates / np.maximum(self.replicas, 1)
            settled = np.allclose(moved, per_replica, rtol=1e-6)
            per_replica[:] = moved
            if excess.loss <= 1e-9:
                return loop().converge(self.tolerance, MOST_CUTS)
            if settled:
                side = -side  # stuck at a knot: the piece beyond it may be the way out
        return point

    def _exact_rates(self, point: RelaxationPoint) -> np.ndarray:
        """Rates (O,) within the curves' ranges that sum to the arrival rate.

        The solver's tolerance is taken out: a rate next to a knot is moved onto it (a budget may
        jump or bend there), and what is then missing or too much goes to options between knots,
        where there is room.
        """
        instance, replicas = self.form.instance, self.replicas
        rates, most = np.zeros(replicas.size), np.zeros(replicas.size)
        between = np.zeros(replicas.size, dtype=bool)
        for o in self.deployed.tolist():
            curve = self.pieces[o]
            low, high = float(curve.low[0]), float(curve.high[-1])
            knots = np.concatenate([curve.low, curve.high])
            rate = min(max(float(point.rates[o]) / replicas[o], low), high)
            knot = float(knots[np.argmin(np.abs(knots - rate))])
            between[o] = abs(knot - rate) > BESIDE_A_KNOT * max(rate, knot)
            most[o] = replicas[o] * high
            rates[o] = replicas[o] * (rate if between[o] else knot)
        # What carries a billionth of the requests carries none: its prompts would only make ties.
        llm = np.array([o.llm for o in instance.options])
        carried = np.bincount(llm, weights=rates, minlength=len(instance.llms))
        rates[(carried < UNROUTED * instance.arrival_rate)[llm]] = 0.0
        for takes in (between, np.ones_like(between)):
            short = instance.arrival_rate - rates.sum()
            slack = np.where(takes & (rates > 0), most - rates if short > 0 else rates, 0.0)
            if slack.sum() > abs(short):
                rates += short * slack / slack.sum()
        return rates
