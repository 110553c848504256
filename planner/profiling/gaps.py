"""What to measure next: which options' curves matter to the decision, were they better or worse
than stated.

An option whose curve is estimated, calibrated or interpolated may be off by its stated error e. It
matters when

    better    every rate * (1 + e), every latency / (1 + e): the best plan gains, V(better) - V
    worse     every rate / (1 + e), every latency * (1 + e), for options in the plan: the plan's
              setup, kept, falls behind the best plan by V(worse) - V_keep(worse), or cannot keep
              the limits at all

V_keep is the best routing of the plan's own setup on the worse curve. The value of measuring an
option is the larger of both: what not knowing may cost, beyond what the gaps of the solves leave
open. Options not in the plan are taken in the order of what their better curve would earn at the
prices of the decomposition's relaxation, phi(alpha, beta) - pi u; those not reached in time are
counted.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from models.demand.headroom import with_headroom
from models.instance import Instance, Option
from models.quality import Quality
from planner.decomposition.best_setup import best_setup
from planner.decomposition.cheapest_setup import FLOOR_SLACK, cheapest_setup
from planner.decomposition.enumeration import Setups, TooManySetupsError, enumerate_setups
from planner.decomposition.lagrangian import (
    POINTS,
    LagrangianRelaxation,
    RelaxationTooLargeError,
)
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route_setup_by_policies
from planner.decomposition.spend_tables import spend_table
from planner.joint import solve as joint
from planner.settings import Progress, Settings
from planner.solution import Solution

__all__ = ["ERRORS", "CurveGap", "Gaps", "find_gaps"]

ERRORS: Mapping[str, float] = {"interpolated": 0.10, "calibrated": 0.12, "estimated": 0.33}
"""Stated error of a curve by its weakest provenance: 90th percentile of TPOT held out
(docs/accuracy.md); TTFT may be off more.
"""
SOLVE_SECONDS = 10.0
"""Longest single solve."""
ALL_SECONDS = 60.0
"""Time of all solves together."""
FEW_SETUPS = 1_000_000
"""Setups up to which the decomposition is taken; it is the quicker one then."""
FEWER_POINTS = 60
"""Even steps of a spend table when options are put in order."""


@dataclass(frozen=True, kw_only=True)
class CurveGap:
    """One option.

    error: assumed, 0..1; gain, regret: of the objective, 0 = none, None where not known.

    breaks: on the worse curve the plan's setup cannot keep the limits.
    """

    option: int
    provenance: str
    error: float
    in_plan: bool
    gain: float | None
    regret: float | None
    breaks: bool

    @property
    def value(self) -> float:
        """What not knowing may cost; infinite where the plan's setup cannot keep the SLOs on the
        worse curve.
        """
        return np.inf if self.breaks else max(self.gain or 0.0, self.regret or 0.0)


@dataclass(frozen=True)
class Gaps:
    """gaps: most valuable first; left: options not judged for lack of time."""

    plan: Solution
    gaps: tuple[CurveGap, ...]
    left: int


def weakest_provenance(option: Option) -> str:
    """The weakest provenance of an option's points."""
    order = ("measured", *ERRORS)
    return max(option.curve.provenance, key=order.index)


def gap_with_scaled_curve(instance: Instance, at: int, factor: float) -> Instance:
    """The instance with one option's rates times factor and latencies by it."""
    option = instance.options[at]
    curve = option.curve
    other = replace(
        curve, rates=curve.rates * factor, latency={c: v / factor for c, v in curve.latency.items()}
    )
    options = (*instance.options[:at], replace(option, curve=other), *instance.options[at + 1 :])
    return replace(instance, options=options)


def find_gaps(
    instance: Instance,
    settings: Settings,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Gaps:
    """Plan, then judge every option that was not measured, within ALL_SECONDS."""
    instance = with_headroom(instance)
    began, quality = time.perf_counter(), Quality(instance.scores)
    plan = joint.solve_joint(instance, settings, cancel=cancel, quality=quality, explain=False)
    deadline = time.perf_counter() + ALL_SECONDS
    # Many solves, each for one number: none may eat the time of the others.
    quick = replace(settings, time_limit=min(settings.time_limit, SOLVE_SECONDS))
    doubtful = [
        o for o, option in enumerate(instance.options) if weakest_provenance(option) != "measured"
    ]
    used = [o for o in doubtful if plan.has_plan and plan.replicas[o] > 0]
    queue = [*used, *_gaps_by_promise(instance, [o for o in doubtful if o not in used])]
    again = _GapPlannedAgain(instance, quick, quality, cancel)
    judged: list[CurveGap] = []
    for number, o in enumerate(queue):
        if time.perf_counter() > deadline or (cancel is not None and cancel.is_set()):
            break
        judged.append(_judged_gap(instance, plan, o, again))
        if progress is not None:
            left = (time.perf_counter() - began) / (number + 1) * (len(queue) - number - 1)
            progress(
                Progress(
                    time.perf_counter() - began,
                    f"{number + 1} of {len(queue)} options judged, {left:.0f} s left",
                )
            )
    judged.sort(key=lambda gap: (-gap.value, -(gap.gain or 0.0), gap.option))
    return Gaps(plan, tuple(judged), len(queue) - len(judged))


def _own_gap(plan: Solution) -> float:
    """What the plan's own bound leaves open."""
    return 0.0 if plan.value is None or plan.bound is None else abs(plan.bound - plan.value)


class _GapPlannedAgain:
    """The best value of an instance with one curve bent: by decomposition where all setups can be
    listed, else by the joint search.
    """

    def __init__(
        self,
        instance: Instance,
        settings: Settings,
        quality: Quality,
        cancel: threading.Event | None,
    ) -> None:
        self.settings, self.quality, self.cancel = settings, quality, cancel
        self.tolerance = settings.rel_gap * float(np.ptp(instance.scores.values))
        self.setups: Setups | None = None
        try:
            self.setups = enumerate_setups(instance, FEW_SETUPS)
        except TooManySetupsError:
            pass

    def value(self, instance: Instance) -> tuple[float | None, float]:
        """Value (None without a plan) and its gap."""
        if self.setups is None:
            solution = joint.solve_joint(
                instance,
                self.settings,
                cancel=self.cancel,
                quality=self.quality,
                explain=False,
                lean=False,
            )
            return solution.value, _own_gap(solution)
        go = best_setup if instance.objective == "quality" else cheapest_setup
        best = go(instance, tolerance=self.tolerance, setups=self.setups, cancel=self.cancel)
        return best.value, 0.0 if best.value is None else abs(best.bound - best.value)


def _judged_gap(instance: Instance, plan: Solution, o: int, again: _GapPlannedAgain) -> CurveGap:
    """Solve for the better and, where the plan uses the option, for the worse curve."""
    provenance = weakest_provenance(instance.options[o])
    error, in_plan = ERRORS[provenance], bool(plan.has_plan and plan.replicas[o] > 0)
    gain = _gained_by_gap(
        instance, plan, again.value(gap_with_scaled_curve(instance, o, 1.0 + error))[0]
    )
    regret, breaks = None, False
    if in_plan:
        # The setup stays, for it would be deployed before the curve is known: only routing adapts.
        worse = gap_with_scaled_curve(instance, o, 1.0 / (1.0 + error))
        kept = route_setup_by_policies(
            DecompositionState(worse),
            tuple((int(k), int(plan.replicas[k])) for k in np.flatnonzero(plan.replicas)),
            1e-5,
        )
        floor = (
            (instance.quality_floor or 0.0) - FLOOR_SLACK
            if instance.objective == "cost"
            else -np.inf
        )
        breaks = kept.value is None or kept.value < floor
        if instance.objective == "quality" and kept.value is not None:
            best, open_part = again.value(worse)
            regret = None if best is None else max(best - kept.value - open_part, 0.0)
    return CurveGap(
        option=o,
        provenance=provenance,
        error=error,
        in_plan=in_plan,
        gain=gain,
        regret=regret,
        breaks=breaks,
    )


def _gained_by_gap(instance: Instance, plan: Solution, better: float | None) -> float | None:
    """By how much the better plan is better, less what the plan's own gap leaves open; None where
    it is not known.
    """
    if better is None or plan.value is None:
        return None
    sign = 1.0 if instance.objective == "quality" else -1.0
    return max(sign * (better - plan.value) - _own_gap(plan), 0.0)


def _gaps_by_promise(instance: Instance, options: list[int]) -> list[int]:
    """Options by what one replica of theirs would earn with its better curve, beyond the price of
    what it takes; in their own order where the relaxation cannot price them.
    """
    state = DecompositionState(instance, points=POINTS)
    # Where no option can run at any rate, there is nothing to relax.
    if not options or not any(table.rates.size for table in state.tables):
        return options
    try:
        relaxation = LagrangianRelaxation(state)
    except RelaxationTooLargeError:
        return options
    if not relaxation.program.feasible():
        return options
    relaxation.climb(1e-4 * state.prompts.span, None, None)
    alpha, beta, _ = relaxation.prices[-1]
    promise = {}
    for o in options:
        option = gap_with_scaled_curve(
            instance, o, 1.0 + ERRORS[weakest_provenance(instance.options[o])]
        ).options[o]
        table = spend_table(option.curve, instance.slos, instance.arrival_rate, FEWER_POINTS)
        earned = alpha[option.llm] * table.rates / instance.arrival_rate - beta @ table.lower
        promise[o] = float(earned.max(initial=-np.inf)) - float(
            relaxation.limit_prices @ relaxation.usage[:, o]
        )
    return sorted(options, key=lambda o: (-promise[o], o))
