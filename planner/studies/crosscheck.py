"""The cross-check: what the joint road claims against what the second road finds, and a verdict.

Each road tells a plan's value and a bound on all plans; v and b of the joint road, v' and b' of the
second. Maximising, were both right, then v <= b' and v' <= b, whatever the sizes of the gaps. So

    disagree      v > b' or v' > b (beyond rounding), one road has a plan where the other proves
                  that there is none, a plan of either fails the verifier, or the second road's
                  routing exceeds its own bound or has another quality on the joint road
    agree         not so, every setup was gone through, and |v - v'| is at most the sum of both
                  gaps, each within its tolerance
    brackets      not so, and what the second road has is a bound and a plan (relaxation), or a
                  wider gap than its tolerance
    contradicts   as disagree, where the second road is a relaxation
    open          the joint road was stopped before it had a plan or a bound to compare

Minimising, the same with signs turned. Nothing but the instance is common to both; the second
road's plan is put through the verifier with router prices of the joint road's `Quality`, and the
quality that gives is compared too.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.instance import Instance
from models.quality import TIE_EPS, Quality
from planner.decomposition.best_setup import Best, best_setup
from planner.decomposition.cheapest_setup import cheapest_setup
from planner.decomposition.enumeration import Setups, TooManySetups, enumerate_setups, retained
from planner.decomposition.fleet import bracket_fleet
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route
from planner.errors import DataError, VerificationError
from planner.plans.content import checked_content
from planner.settings import CLOSE_ENOUGH
from planner.solution import Effort, Shard, Solution, Status, Termination, TieGroup
from profiles.io.faults import Fault

__all__ = [
    "CrossCheck",
    "DecompositionRun",
    "compare_runs",
    "run_decomposition",
    "seconds_per_setup",
]

TOLERANCE = 4e-5
"""Of the second road, in shares of the range of scores."""
ROUNDING = 2e-6
"""Shares of the range of scores (of the cost, relative) within which values and bounds of both
roads count as equal.
"""
SAMPLE = 500
NEGATIVE = ("disagree", "contradicts")

Tell = Callable[[str, float | None, float | None, float], None]


@dataclass(frozen=True)
class DecompositionRun:
    """What the second road says.

    complete: every setup was gone through. tolerance: the gap it may leave. best.value, .bound: as
    `Best`.

    retained: setups that first-fit decreasing places; both 0 where they were not enumerated; why
    says then what was done instead.
    """

    best: Best
    complete: bool
    tolerance: float
    retained: int
    seconds: float
    why: str
    setups: Setups | None = None


@dataclass(frozen=True)
class CrossCheck:
    """verdict: one word; reasons: sentences, what contradicts what; plan: the second road's,
    verified, or None.

    difference: v - v'.
    """

    verdict: str
    reasons: tuple[str, ...]
    second: DecompositionRun
    plan: Solution | None
    difference: float | None
    joint_gap: float | None
    second_gap: float | None

    @property
    def negative(self) -> bool:
        """Whether the roads contradict each other."""
        return self.verdict in NEGATIVE


def run_decomposition(
    instance: Instance, *, progress: Tell | None = None, cancel: threading.Event | None = None
) -> DecompositionRun:
    """Go the second road: through all setups where they can be enumerated, else by relaxation.

    DataError for what it does not support.
    """
    began = time.perf_counter()
    tolerance = TOLERANCE * (float(np.ptp(instance.scores.values)) or 1.0)
    try:
        setups = enumerate_setups(instance)
    except TooManySetups as error:
        if instance.objective == "cost":
            raise DataError([_unsupported(str(error))]) from error
        fleet = bracket_fleet(instance, tolerance=tolerance, progress=progress, cancel=cancel)
        best = Best(
            fleet.value,
            fleet.bound,
            fleet.deployed,
            fleet.seats,
            fleet.routed,
            0,
            fleet.routed_setups,
            0,
            0,
            False,
        )
        return DecompositionRun(
            best,
            False,
            tolerance,
            0,
            time.perf_counter() - began,
            f"{error}; a Lagrangian relaxation stands for them",
        )
    kept = int(retained(instance, setups).sum())
    go = cheapest_setup if instance.objective == "cost" else best_setup
    best = go(instance, tolerance=tolerance, setups=setups, progress=progress, cancel=cancel)
    return DecompositionRun(
        best, best.complete, tolerance, kept, time.perf_counter() - began, "", setups
    )


def _unsupported(why: str) -> Fault:
    fix = (
        "narrow setups.tp_degrees or setups.mps_shares_pct, limit max_replicas, or maximise quality"
    )
    return Fault(
        "scenario",
        "objective",
        "",
        f"the cross-check of a cost objective goes through all setups, and {why}",
        fix,
    )


def compare_runs(
    instance: Instance, joint: Solution, second: DecompositionRun, rel_gap: float
) -> CrossCheck:
    """Give the verdict. joint: as solved; rel_gap: the gap that it was asked to close."""
    sign = 1.0 if instance.objective == "quality" else -1.0
    span = float(np.ptp(instance.scores.values)) or 1.0
    best = second.best
    noise = ROUNDING * (
        span if sign > 0 else max(abs(joint.value or 0.0), abs(best.value or 0.0), 1.0)
    )
    reasons = _contradictions(joint, second, sign, noise, span)
    plan, problems = _checked_plan(instance, best, rel_gap)
    reasons += problems
    if joint.has_plan:
        try:
            checked_content(instance, joint, rel_gap)
        except VerificationError as error:
            reasons += [
                f"the joint plan fails the verifier: {problem}" for problem in error.problems
            ]
    gaps = [
        None if v is None or b is None or not np.isfinite(b) else abs(b - v)
        for v, b in ((joint.value, joint.bound), (best.value, best.bound))
    ]
    difference = None if joint.value is None or best.value is None else joint.value - best.value
    if reasons:
        verdict = "disagree" if second.complete else "contradicts"
    elif joint.status == "unknown":
        verdict = "open"
    elif second.complete and joint.status == "infeasible":
        verdict = "agree"
    elif (
        second.complete
        and gaps[1] is not None
        and gaps[1] <= 2 * second.tolerance
        and joint.status == "optimal"
    ):
        verdict = "agree"
    else:
        verdict = "brackets"
    return CrossCheck(verdict, tuple(reasons), second, plan, difference, gaps[0], gaps[1])


def _contradictions(
    joint: Solution, second: DecompositionRun, sign: float, noise: float, span: float
) -> list[str]:
    """What cannot be true on both roads."""
    best, found = second.best, []
    proved_none = (
        best.value is None and best.bound == -sign * np.inf and (second.complete or sign > 0)
    )
    if joint.has_plan and proved_none:
        found.append("the joint road has a plan, and the second road proves that there is none")
    if joint.status == "infeasible" and best.value is not None:
        found.append("the joint road says that nothing is feasible, and the second road has a plan")
    routed = best.routed
    if (
        routed is not None
        and routed.value is not None
        and routed.value > routed.bound + ROUNDING * span
    ):
        found.append(
            f"the second road routes its best setup at {routed.value:.9g}, above its own bound for"
            f" it, {routed.bound:.9g}"
        )
    claims = (
        ("joint", joint.value, "second", best.bound),
        ("second", best.value, "joint", joint.bound),
    )
    for road, value, other, bound in claims:
        if (
            value is not None
            and bound is not None
            and np.isfinite(bound)
            and sign * (value - bound) > noise
        ):
            found.append(
                f"the {road} road has a plan of {value:.9g}, and the {other} road's bound is"
                f" {bound:.9g}"
            )
    return found


def _checked_plan(
    instance: Instance, best: Best, rel_gap: float
) -> tuple[Solution | None, list[str]]:
    """The second road's plan with a router, and what the verifier or the joint road's quality has
    against it.
    """
    if best.value is None or best.routed is None:
        return None, []
    solution = decomposition_solution(instance, best, rel_gap)
    problems = []
    told = best.routed.value or 0.0
    span = float(np.ptp(instance.scores.values)) or 1.0
    if (solution.quality or 0.0) < told - ROUNDING * span:
        problems.append(
            f"the second road's routing has quality {told:.9g} there and {solution.quality:.9g} on"
            " the joint road"
        )
    try:
        checked_content(instance, solution, rel_gap)
    except VerificationError as error:
        problems += [
            f"the second road's plan fails the verifier: {problem}" for problem in error.problems
        ]
    return solution, problems


def decomposition_solution(instance: Instance, best: Best, rel_gap: float) -> Solution:
    """The second road's plan as a solution: its setup, seats and rates; exact quality, prices and
    ties of its fractions.
    """
    assert best.routed is not None  # noqa: S101 - the caller has a plan
    quality = Quality(instance.scores)
    settled = quality.settle(best.routed.fractions)
    replicas, rates = np.zeros(len(instance.options), dtype=int), np.zeros(len(instance.options))
    for (option, count), rate in zip(best.deployed, best.routed.rates, strict=True):
        replicas[option], rates[option] = count, rate
    shards = tuple(
        Shard(o, r, k, node, gpu)
        for o, r, node, gpus in sorted(best.seats)
        for k, gpu in enumerate(gpus)
    )
    value = settled.value if instance.objective == "quality" or best.value is None else best.value
    bound = float(
        max(best.bound, value) if instance.objective == "quality" else min(best.bound, value)
    )
    closed = abs(bound - value) <= max(
        rel_gap * max(abs(value), 1e-9), CLOSE_ENOUGH * float(np.ptp(instance.scores.values))
    )
    effort = Effort(termination=Termination.GAP if closed else Termination.STALLED)
    told = Solution(
        status=Status.OPTIMAL if closed else Status.FEASIBLE,
        value=float(value),
        bound=bound,
        effort=effort,
    )
    return replace(
        told,
        replicas=replicas,
        routed_rates=rates,
        fractions=best.routed.fractions,
        quality=settled.value,
        dual_prices=settled.prices,
        ties=tuple(TieGroup(tie.llms, tie.share, tie.split) for tie in settled.ties),
        tie_eps=TIE_EPS * quality.scale,
        placement=shards,
    )


def seconds_per_setup(
    instance: Instance, setups: Setups, cancel: threading.Event | None = None
) -> tuple[float, int]:
    """Seconds it takes to route one retained setup without any pruning, from a sample of SAMPLE,
    and how many are retained.
    """
    road = DecompositionState(instance)
    rows = np.flatnonzero(retained(instance, setups))
    sample = np.random.default_rng(0).permutation(rows)[:SAMPLE]
    tolerance = TOLERANCE * road.prompts.span
    began, done = time.perf_counter(), 0
    for setup in sample:
        if cancel is not None and cancel.is_set():
            break
        route(road, setups.deployed(int(setup)), tolerance)
        done += 1
    return (time.perf_counter() - began) / max(done, 1), rows.size
