"""The cross-check: what the joint search claims against what the decomposition claims.

Each of the two gives a plan's value and a bound on all plans: v and b of the joint search, v' and
b' of the decomposition. Maximising, were both right, then v <= b' and v' <= b, regardless of the
sizes of the gaps. So

    disagree      v > b' or v' > b (beyond rounding), one has a plan where the other proves that
                  there is none, a plan of either fails the verifier, or the decomposition's routing
                  exceeds its own bound or has another quality when computed exactly
    agree         not so, every setup was examined, and |v - v'| is at most the sum of both
                  gaps, each within its tolerance
    brackets      not so, and what the decomposition has is a bound and a plan (relaxation), or a
                  wider gap than its tolerance
    contradicts   as disagree, where the decomposition is a relaxation
    open          the joint search was stopped before it had a plan or a bound to compare

Minimising, the same with signs turned. Nothing but the instance is common to both; the
decomposition's plan is put through the verifier with router prices from `models.quality`, and the
quality that gives is compared too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from models.instance import Instance, ObjectiveKind
from planner.decomposition.best_setup import BestSetup
from planner.errors import VerificationError
from planner.joint import solve as joint
from planner.plans.solved_content import solved_content
from planner.settings import Settings
from planner.solution import Solution, Status
from planner.studies.decomposition_run import (
    DecompositionRun,
    decomposition_seconds_per_setup,
    decomposition_solution,
    run_decomposition,
)
from planner.studies.setup_study import setup_study_progress

__all__ = ["CheckVerdict", "CrossCheck", "crosscheck_plans", "crosscheck_runs"]

ROUNDING = 2e-6
"""Shares of the range of scores (of the cost, relative) within which values and bounds of both
count as equal.
"""


class CheckVerdict(StrEnum):
    """What the comparison says; see the module."""

    AGREE = "agree"
    BRACKETS = "brackets"
    DISAGREE = "disagree"
    CONTRADICTS = "contradicts"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class CrossCheck:
    """reasons: sentences, what contradicts what; plan: the decomposition's, verified, or None.

    difference: v - v'. joint_gap, decomposition_gap: |bound - value|. All three in the objective's
    unit, None where one of the two numbers is missing.
    """

    verdict: CheckVerdict
    reasons: tuple[str, ...]
    decomposition: DecompositionRun
    plan: Solution | None
    difference: float | None
    joint_gap: float | None
    decomposition_gap: float | None

    @property
    def negative(self) -> bool:
        """Whether the two contradict each other."""
        return self.verdict in (CheckVerdict.DISAGREE, CheckVerdict.CONTRADICTS)


def crosscheck_runs(
    instance: Instance, joint: Solution, decomposition: DecompositionRun, rel_gap: float
) -> CrossCheck:
    """Give the verdict.

    joint: as solved; rel_gap: the gap it was to close.
    """
    sign = 1.0 if instance.objective == ObjectiveKind.QUALITY else -1.0
    span = float(np.ptp(instance.scores.values)) or 1.0
    best = decomposition.best
    noise = ROUNDING * (
        span if sign > 0 else max(abs(joint.value or 0.0), abs(best.value or 0.0), 1.0)
    )
    plan, problems = _crosschecked_plan(instance, best, rel_gap)
    reasons = [
        *_crosscheck_contradictions(joint, decomposition, sign, noise, span),
        *problems,
        *_crosscheck_joint_problems(instance, joint, rel_gap),
    ]
    own_gap = _gap(best.value, best.bound)
    return CrossCheck(
        verdict=_crosscheck_verdict(joint, decomposition, own_gap, reasons),
        reasons=tuple(reasons),
        decomposition=decomposition,
        plan=plan,
        difference=(
            None if joint.value is None or best.value is None else joint.value - best.value
        ),
        joint_gap=_gap(joint.value, joint.bound),
        decomposition_gap=own_gap,
    )


def _gap(value: float | None, bound: float | None) -> float | None:
    return None if value is None or bound is None or not np.isfinite(bound) else abs(bound - value)


def _crosscheck_verdict(
    joint: Solution, decomposition: DecompositionRun, own_gap: float | None, reasons: Sequence[str]
) -> CheckVerdict:
    if reasons:
        return CheckVerdict.DISAGREE if decomposition.complete else CheckVerdict.CONTRADICTS
    if joint.status == Status.UNKNOWN:
        return CheckVerdict.OPEN
    if not decomposition.complete:
        return CheckVerdict.BRACKETS
    # Twice the tolerance: the exact quality of the decomposition's plan replaces its own estimate,
    # and either may be off by the tolerance.
    closed = own_gap is not None and own_gap <= 2 * decomposition.tolerance
    if joint.status == Status.INFEASIBLE or (closed and joint.status == Status.OPTIMAL):
        return CheckVerdict.AGREE
    return CheckVerdict.BRACKETS


def _crosscheck_joint_problems(instance: Instance, joint: Solution, rel_gap: float) -> list[str]:
    """What the verifier has against the joint plan."""
    if not joint.has_plan:
        return []
    try:
        solved_content(instance, joint, rel_gap)
    except VerificationError as error:
        return [f"the joint plan fails the verifier: {problem}" for problem in error.problems]
    return []


def _crosscheck_contradictions(
    joint: Solution, decomposition: DecompositionRun, sign: float, noise: float, span: float
) -> list[str]:
    """Claims of the two that cannot both be true."""
    best, problems = decomposition.best, []
    proved_none = (
        best.value is None and best.bound == -sign * np.inf and (decomposition.complete or sign > 0)
    )
    if joint.has_plan and proved_none:
        problems.append(
            "the joint search has a plan, and the decomposition proves that there is none"
        )
    if joint.status == Status.INFEASIBLE and best.value is not None:
        problems.append(
            "the joint search says that nothing is feasible, and the decomposition has a plan"
        )
    routed = best.routed
    if (
        routed is not None
        and routed.value is not None
        and routed.value > routed.bound + ROUNDING * span
    ):
        problems.append(
            f"the decomposition routes its best setup at {routed.value:.9g}, above its own bound"
            f" for it, {routed.bound:.9g}"
        )
    claims = (
        ("joint search", joint.value, "decomposition", best.bound),
        ("decomposition", best.value, "joint search", joint.bound),
    )
    for one, value, other, bound in claims:
        if (
            value is not None
            and bound is not None
            and np.isfinite(bound)
            and sign * (value - bound) > noise
        ):
            problems.append(
                f"the {one} has a plan of {value:.9g}, and the {other}'s bound is {bound:.9g}"
            )
    return problems


def _crosschecked_plan(
    instance: Instance, best: BestSetup, rel_gap: float
) -> tuple[Solution | None, list[str]]:
    """The decomposition's plan with a router, and what the verifier or its exact quality has
    against it.
    """
    if best.value is None or best.routed is None:
        return None, []
    solution = decomposition_solution(instance, best, rel_gap)
    problems = []
    claimed = best.routed.value or 0.0
    span = float(np.ptp(instance.scores.values)) or 1.0
    if (solution.quality or 0.0) < claimed - ROUNDING * span:
        problems.append(
            f"the decomposition claims quality {claimed:.9g} for its routing, and computed exactly"
            f" it is {solution.quality:.9g}"
        )
    try:
        solved_content(instance, solution, rel_gap)
    except VerificationError as error:
        problems += [
            f"the decomposition's plan fails the verifier: {problem}" for problem in error.problems
        ]
    return solution, problems


def crosscheck_plans(
    instance: Instance,
    settings: Settings,
    *,
    progress: Callable[..., None] | None = None,
    cancel: Any = None,
) -> tuple[Solution, CrossCheck, tuple[float, int] | None]:
    """Plan an instance by joint search and by decomposition, and compare the two.

    Returns the joint plan, the comparison, and (seconds that a setup takes unpruned, retained
    setups) where the decomposition went through all setups.

    The decomposition comes first: what it does not support is refused before anything long is done.
    """
    decomposition = run_decomposition(
        instance, progress=setup_study_progress(progress), cancel=cancel
    )
    solution = joint.solve_joint(
        instance, settings, progress=progress, cancel=cancel, explain=False
    )
    check = crosscheck_runs(instance, solution, decomposition, settings.rel_gap)
    sampled = None
    if (
        decomposition.setups is not None
        and decomposition.complete
        and instance.objective == "quality"
    ):
        sampled = decomposition_seconds_per_setup(instance, decomposition.setups, cancel)
    return solution, check, sampled
