"""The least violation of the SLOs with which a baseline has a plan.

Where no plan of a baseline keeps the SLOs, all limits are multiplied by one factor phi >= 1, and
the least phi with a plan is sought:

    achieved_s <= phi * limit_s  for every SLO s        missed by phi - 1

by bisection to PRECISION; then the best plan at that phi counts. One factor for all limits, so that
baselines compare by one number.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.instance import Instance
from planner.joint.repairs.infeasibility import infeasible_status_at_gap
from planner.plans.setup_content import setup_content
from planner.solution import Solution, Termination
from planner.studies.baselines.solver import (
    BaselineResult,
    BaselineSolver,
    baseline_violation_factor,
    baseline_with_scaled_limits,
    planned_baseline_result,
)

__all__ = [
    "LeastViolation",
    "least_violation",
    "least_violation_result",
]


PRECISION = 2e-3
"""Relative precision of the least violation."""


WIDEST = 1e4
"""Limits this many times as long are tried at most."""


NO_PLAN_KNOWN = "no plan was found with its effort, and it is not proved that there is none"


@dataclass(frozen=True)
class LeastViolation:
    """The plan of a baseline at the least factor on the SLOs' limits.

    solution: None where `reason` says why there is none. excluded: a factor at which there was no
    plan; the least one lies between the two.
    """

    factor: float
    solution: Solution | None
    reason: str = ""
    excluded: float = 1.0

    @property
    def notes(self) -> list[str]:
        """What its work did not suffice for."""
        if self.factor <= self.excluded * (1 + PRECISION) or self.solution is None:
            return []
        return [
            "its effort ended the search for the least violation: down to"
            f" {100 * (self.excluded - 1):.1f} % it may be less"
        ]


def least_violation(
    solver: BaselineSolver, instance: Instance, solve: Callable[[Instance], Solution] | None = None
) -> LeastViolation:
    """The best plan of a derived instance, at the least factor on its SLOs' limits where none keeps
    them.
    """
    solve = solve or solver.solve
    first = solve(instance)
    if first.has_plan:
        return LeastViolation(1.0, first)
    if first.status == "unknown":
        return LeastViolation(1.0, None, NO_PLAN_KNOWN)
    # Without any plan for infinite limits no factor helps: one solve saves the whole bisection.
    free = solver.has_plan(replace(instance, slos=()))
    if free is None:
        reason = "no plan even without SLOs: the GPUs it leaves cannot hold or carry the load"
        return LeastViolation(1.0, None, NO_PLAN_KNOWN if solver.stopped() else reason)
    least = _least_violation_factor(solver, instance)
    if least is None:
        reason = f"no plan within {WIDEST:,.0f} times the SLOs' limits"
        return LeastViolation(1.0, None, NO_PLAN_KNOWN if solver.stopped() else reason)
    # The plan of the bisection is any plan; its work may not suffice for the best at this factor.
    solution = solve(baseline_with_scaled_limits(instance, least[0]))
    solution = (
        solution
        if solution.has_plan
        else infeasible_status_at_gap(
            least[1], solver.settings, solver.quality, Termination.STALLED
        )
    )
    return LeastViolation(least[0], solution, excluded=least[2])


def _least_violation_factor(
    solver: BaselineSolver, instance: Instance
) -> tuple[float, Solution, float] | None:
    """The least factor with a plan, a plan, and the factor below that had none.

    None without one up to WIDEST.
    """
    # Steps that square, for factors are of any size: 1.25, 1.56, 2.4, 6, 36, ...
    bad, step = 1.0, 1.25
    plan = solver.has_plan(baseline_with_scaled_limits(instance, step))
    while plan is None:
        if step >= WIDEST or solver.stopped():
            return None
        bad, step = step, min(step**2, WIDEST)
        plan = solver.has_plan(baseline_with_scaled_limits(instance, step))
    good = _least_violation_granted(solver, instance, plan, step)
    while good > bad * (1 + PRECISION) and not solver.stopped():
        # The geometric mean halves the relative distance, which is what PRECISION is of.
        middle = np.sqrt(good * bad)
        tried = solver.has_plan(baseline_with_scaled_limits(instance, float(middle)))
        if tried is not None:
            plan, good = tried, _least_violation_granted(solver, instance, tried, float(middle))
        elif solver.stopped():
            break
        else:
            bad = float(middle)
    return good, plan, bad


def _least_violation_granted(
    solver: BaselineSolver, instance: Instance, plan: Solution, factor: float
) -> float:
    """The factor that a plan needs itself, four decimals up; never more than `factor`, at which it
    was solved. It is how far the next step may go at once.
    """
    needed = baseline_violation_factor(
        setup_content(baseline_with_scaled_limits(instance, factor), plan), instance.slos
    )
    return factor if needed is None else float(min(factor, np.ceil(needed * 1e4) / 1e4))


def least_violation_result(
    solver: BaselineSolver,
    checked: Instance,
    name: str,
    variant: str,
    nearest: LeastViolation,
    notes: list[str],
) -> BaselineResult:
    """The result of the least violation, verified against `checked` at its factor."""
    if nearest.solution is None:
        return BaselineResult(name=name, variant=variant, reason=nearest.reason, notes=notes)
    return planned_baseline_result(
        solver,
        checked,
        nearest.solution,
        name=name,
        variant=variant,
        allowed=nearest.factor,
        notes=[*notes, *nearest.notes],
    )
