"""The best routing of one setup on its exact curves.

With the replicas fixed, placement is settled and what is left is continuous: rates and fractions.
Around the present rates every curve is replaced by a polyline that never lies below it
(models.latency.safe_points), so whatever the linear program finds is feasible on the raw curves; it
is repeated around what was found until nothing improves. On convex curves that is the optimum of
the setup; elsewhere it is a good plan, and the bound of the joint program says how good.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.formulation import Formulation, allowance
from models.latency import Pieces, safe_points
from models.quality import UNROUTED, Quality
from planner.joint.cut_loop import CutLoop, RelaxationPoint
from planner.joint.highs import SolveSettings, StopReason

SPARES = (1e-9, 1e-8, 1e-7, 1e-6)
"""Shares of the budgets that are kept back, one after the other, while the solver's tolerance lets
a plan exceed one.
"""

FLOAT_NOISE = 1e-12
"""An SLO exceeded by this share is kept: rounding."""

BESIDE_A_KNOT = 1e-6
"""A rate this close (relative) to a knot of its curve is meant to be on it."""

PASSES = 8
"""Most recentrings; three are usual."""


@dataclass(frozen=True)
class RoutedSetup:
    """A feasible operating point of a setup. rates: (O,) req/s routed to each option.

    quality: near Q(fractions), 0..1 scale.
    """

    replicas: np.ndarray
    rates: np.ndarray
    fractions: np.ndarray
    quality: float
    rounds: int


def route_setup(
    form: Formulation,
    quality: Quality,
    pieces: Sequence[Pieces | None],
    replicas: np.ndarray,
    rates: np.ndarray,
    settings: SolveSettings,
    tolerance: float,
) -> RoutedSetup | None:
    """The best routing near the given rates (O,) for the setup; None when none was found.

    tolerance: how much quality (0..1 scale) the cut loop may leave.
    """
    deployed = np.flatnonzero(replicas > 0)
    if deployed.size == 0:
        return None
    per_replica = np.zeros(replicas.size)
    per_replica[deployed] = rates[deployed] / replicas[deployed]
    best: RelaxationPoint | None = None
    side = -1
    stale = 0
    rounds = 0
    for _ in range(PASSES):
        point = _solve_around(
            form, quality, pieces, replicas, per_replica, side, settings, tolerance
        )
        rounds += point.rounds
        if point.stop is not StopReason.OPTIMAL:
            break
        gain = np.inf if best is None else point.quality - best.quality
        if gain > 0:
            best = point
        stale = 0 if gain > tolerance else stale + 1
        side = -side
        if stale >= 2:
            break
        per_replica[deployed] = best.rates[deployed] / replicas[deployed]  # type: ignore[union-attr]
    if best is None:
        return None
    exact = _exact_rates(form, pieces, replicas, best)
    for spare in SPARES:
        if _exceeded(form, pieces, replicas, exact) <= 0:
            break
        kept_back = _solve_around(
            form, quality, pieces, replicas, per_replica, -side, settings, tolerance, spare
        )
        if kept_back.stop is StopReason.OPTIMAL:
            best, exact = kept_back, _exact_rates(form, pieces, replicas, kept_back)
    llm = np.array([o.llm for o in form.instance.options])
    fractions = np.bincount(llm, weights=exact, minlength=len(form.instance.llms)) / exact.sum()
    return RoutedSetup(replicas, exact, fractions, best.quality, rounds)


def _exceeded(
    form: Formulation, pieces: Sequence[Pieces | None], replicas: np.ndarray, rates: np.ndarray
) -> float:
    """By what share the most exceeded budget is exceeded on the raw curves, beyond floating point;
    <= 0 when all hold.
    """
    spent = np.zeros(len(form.shared_slos))
    for o in np.flatnonzero(replicas > 0).tolist():
        curve = pieces[o]
        if curve is not None:
            spent += replicas[o] * curve.spend(float(rates[o] / replicas[o]))
    allowed = np.array([allowance(slo) for slo in form.shared_slos]) * form.instance.arrival_rate
    return float(np.max(spent / allowed - 1.0, initial=-1.0)) - FLOAT_NOISE


def _solve_around(
    form: Formulation,
    quality: Quality,
    pieces: Sequence[Pieces | None],
    replicas: np.ndarray,
    per_replica: np.ndarray,
    side: int,
    settings: SolveSettings,
    tolerance: float,
    spare: float = 0.0,
) -> RelaxationPoint:
    """One linear program around the present rates; when it is infeasible, first move to where the
    budgets are exceeded least.
    """

    def points() -> dict[int, list[tuple[np.ndarray, np.ndarray]]]:
        curves = {int(o): pieces[int(o)] for o in np.flatnonzero(replicas > 0)}
        return {
            o: [safe_points(curve, float(per_replica[o]), side)]
            for o, curve in curves.items()
            if curve is not None
        }

    cuts = quality.cuts
    with_cuts = replace(form, cut_prices=cuts.prices, cut_base=cuts.base)
    point = CutLoop(with_cuts, quality, points(), settings, replicas, spare=spare).converge(
        tolerance, 60
    )
    if point.stop is not StopReason.INFEASIBLE:
        return point
    for _ in range(4):
        excess = CutLoop(
            with_cuts, quality, points(), settings, replicas, measure_excess=True
        ).converge(tolerance, 1)
        if excess.stop is not StopReason.OPTIMAL:
            return excess
        moved = excess.rates / np.maximum(replicas, 1)
        settled = np.allclose(moved, per_replica, rtol=1e-6)
        per_replica[:] = moved
        if excess.loss <= 1e-9:
            return CutLoop(with_cuts, quality, points(), settings, replicas, spare=spare).converge(
                tolerance, 60
            )
        if settled:
            side = -side
    return point


def _exact_rates(
    form: Formulation, pieces: Sequence[Pieces | None], replicas: np.ndarray, point: RelaxationPoint
) -> np.ndarray:
    """Rates (O,) within the curves' ranges that sum to the arrival rate.

    The solver's tolerance is taken out: a rate beside a knot is put on it (a budget may jump or
    bend there), and what is then missing or too much goes to options between knots, where there is
    room.
    """
    rates = np.zeros(replicas.size)
    most = np.zeros(replicas.size)
    between = np.zeros(replicas.size, dtype=bool)
    for o in np.flatnonzero(replicas > 0).tolist():
        curve = pieces[o]
        assert curve is not None  # noqa: S101 - deployed options have a domain
        knots = np.concatenate([curve.low, curve.high])
        rate = min(
            max(float(point.rates[o]) / replicas[o], float(curve.low[0])), float(curve.high[-1])
        )
        knot = float(knots[np.argmin(np.abs(knots - rate))])
        between[o] = abs(knot - rate) > BESIDE_A_KNOT * max(rate, knot)
        most[o] = replicas[o] * float(curve.high[-1])
        rates[o] = replicas[o] * (rate if between[o] else knot)
    llm = np.array([o.llm for o in form.instance.options])
    carried = np.bincount(llm, weights=rates, minlength=len(form.instance.llms))
    rates[(carried < UNROUTED * form.instance.arrival_rate)[llm]] = 0.0
    for takes in (between, np.ones_like(between)):
        short = form.instance.arrival_rate - rates.sum()
        room = np.where(takes & (rates > 0), most - rates if short > 0 else rates, 0.0)
        if room.sum() > abs(short):
            rates += short * room / room.sum()
    return rates
