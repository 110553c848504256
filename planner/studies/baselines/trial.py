"""What every baseline rests on: bounded solves by the joint search, the least violation where an
SLO is missed, and a verified outcome.

A baseline is an instance derived from the scenario's: the same curves, scores and GPUs with less
freedom. Its plan is placed, routed exactly and checked by the verifier as every plan is.

Where no plan of a baseline keeps the SLOs, all limits are multiplied by one factor phi >= 1, and
the least phi with a plan is sought:

    achieved_s <= phi * limit_s  for every SLO s        missed by phi - 1

by bisection to PRECISION; then the best plan at that phi counts. A plan has a phi of its own
(the worst achieved / limit), which is how far the next step may go.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from models.instance import Instance, Quota, Slo
from models.quality import Quality
from planner.joint import solve as joint
from planner.joint.infeasibility import with_status_at_gap
from planner.plans.schema import SolvedContent
from planner.plans.setup_content import setup_content
from planner.plans.solved_content import solved_content
from planner.settings import Progress, Settings
from planner.solution import Solution

__all__ = [
    "BaselineResult",
    "BaselineSolver",
    "LeastViolation",
    "least_violation",
    "planned_result",
    "violation_factor",
    "with_quota",
    "with_scaled_limits",
]

SOLVE_SECONDS = 10.0
"""Longest single solve of a baseline; shorter where the scenario's time limit is."""

BASELINE_SECONDS = 20.0
"""Time of one baseline, all its solves together."""

PRECISION = 2e-3
"""Relative precision of the least violation."""

WIDEST = 1e4
"""Limits this many times as long are tried at most."""

ROUGH_GAP = 1e9
"""A gap that any plan closes: only whether there is a plan matters."""


@dataclass(kw_only=True)
class BaselineSolver:
    """How baselines are solved.

    so_far: value and bound of the joint plan, for the progress. deadline: of the present
    baseline.
    """

    settings: Settings
    quality: Quality
    cancel: threading.Event | None = None
    progress: Callable[[Progress], None] | None = None
    so_far: tuple[float | None, float | None] = (math.nan, None)
    name: str = ""
    deadline: float = field(default_factory=lambda: time.perf_counter() + BASELINE_SECONDS)
    began: float = field(default_factory=time.perf_counter)

    def begin(self, name: str) -> None:
        """Start the clock of the next baseline."""
        self.name, self.deadline = name, time.perf_counter() + BASELINE_SECONDS

    def stopped(self) -> bool:
        """Whether Ctrl-C was heard or the baseline's time is over."""
        return self.interrupted() or time.perf_counter() >= self.deadline

    def interrupted(self) -> bool:
        """Whether Ctrl-C was heard."""
        return self.cancel is not None and self.cancel.is_set()

    def solve(
        self,
        instance: Instance,
        quality: Quality | None = None,
        *,
        gap: float | None = None,
        seconds: float = SOLVE_SECONDS,
    ) -> Solution:
        """The joint search on a derived instance, without repairs.

        quality: of its scores (the scenario's). gap: other than the settings', for a step on the
        way, whose plan need not be lean.
        """
        limit = min(
            self.settings.time_limit, seconds, max(self.deadline - time.perf_counter(), 0.05)
        )
        settings = replace(
            self.settings, time_limit=limit, rel_gap=self.settings.rel_gap if gap is None else gap
        )
        if self.progress is not None:
            self.progress(
                Progress(
                    time.perf_counter() - self.began, f"joint plan beside {self.name}", *self.so_far
                )
            )
        return joint.solve(
            instance,
            settings,
            cancel=self.cancel,
            quality=quality or self.quality,
            explain=False,
            lean=gap is None,
        )

    def has_plan(self, instance: Instance) -> Solution | None:
        """Any plan of the instance; None when there is none or the time is over."""
        solution = self.solve(instance, gap=ROUGH_GAP)
        return solution if solution.has_plan else None

    def content(self, instance: Instance, solution: Solution) -> SolvedContent:
        """The plan's content, verified against the instance."""
        return solved_content(instance, solution, self.settings.rel_gap)


@dataclass(frozen=True)
class LeastViolation:
    """The plan of a baseline at the least factor on the SLOs' limits.

    solution: None where `reason` says why there is none.

    excluded: no plan was found at this factor.
    """

    factor: float
    solution: Solution | None
    reason: str = ""
    excluded: float = 1.0

    @property
    def notes(self) -> list[str]:
        """What the time did not suffice for."""
        if self.factor <= self.excluded * (1 + PRECISION) or self.solution is None:
            return []
        return [
            "the time ended the search for the least violation: down to"
            f" {100 * (self.excluded - 1):.1f} % it may be less"
        ]


@dataclass(frozen=True, kw_only=True)
class BaselineResult:
    """What one baseline came to.

    name, variant: in words. content: the verified plan (keys of plan.json) or None with a reason.
    value, bound: of the objective.
    factor: worst achieved / limit over the SLOs, None without SLOs; allowed: the factor on the
    limits that its plan was granted (1 = met).
    quality: mean score of the answers given. notes: sentences.
    """

    name: str
    variant: str
    content: Mapping[str, Any] | None = None
    value: float | None = None
    bound: float | None = None
    quality: float | None = None
    factor: float | None = None
    allowed: float = 1.0
    reason: str = ""
    notes: Sequence[str] = ()

    @property
    def met(self) -> bool:
        """Whether the plan keeps every SLO as the scenario has it."""
        return self.content is not None and self.allowed == 1.0


def planned_result(
    trial: BaselineSolver,
    checked: Instance,
    solution: Solution,
    *,
    name: str,
    variant: str,
    allowed: float = 1.0,
    notes: Sequence[str] = (),
) -> BaselineResult:
    """The result of a plan, verified against `checked` with its limits multiplied by `allowed`.

    VerificationError (a bug) where it does not pass.
    """
    content = trial.content(with_scaled_limits(checked, allowed), solution)
    objective = content["objective"]
    return BaselineResult(
        name=name,
        variant=variant,
        content=content,
        value=objective["value"],
        bound=objective["bound"],
        quality=content["quality"],
        factor=violation_factor(content, checked.slos),
        allowed=allowed,
        notes=notes,
    )


def with_scaled_limits(instance: Instance, factor: float) -> Instance:
    """The instance with every SLO's limit multiplied by the factor."""
    if factor == 1.0:
        return instance
    return replace(
        instance, slos=tuple(replace(slo, limit=slo.limit * factor) for slo in instance.slos)
    )


def with_quota(instance: Instance, what: str, weight: np.ndarray, most: float) -> Instance:
    """The instance with one more limit sum_o weight_o * replicas_o <= most. weight: (O,)."""
    return replace(instance, quotas=(*instance.quotas, Quota(what, tuple(weight.tolist()), most)))


def violation_factor(content: Mapping[str, Any], slos: Sequence[Slo]) -> float | None:
    """Worst achieved / limit over the SLOs (whose limits are taken from `slos`); None without SLOs,
    inf where one is never achieved.
    """
    parts = [
        np.inf if entry["achieved_ms"] is None else entry["achieved_ms"] / (1e3 * slo.limit)
        for entry, slo in zip(content["slo"], slos, strict=True)
    ]
    return max(parts) if parts else None


def least_violation(
    trial: BaselineSolver, instance: Instance, solve: Callable[[Instance], Solution] | None = None
) -> LeastViolation:
    """The best plan of a derived instance, at the least factor on its SLOs' limits where none keeps
    them.
    """
    solve = solve or trial.solve
    first = solve(instance)
    if first.has_plan:
        return LeastViolation(1.0, first)
    if first.status == "unknown":
        reason = (
            "stopped before a plan was found"
            if trial.interrupted()
            else "no plan was found in its time, nor that there is none"
        )
        return LeastViolation(1.0, None, reason)
    free = trial.has_plan(replace(instance, slos=()))
    if free is None:
        reason = "no plan even without SLOs: the GPUs it leaves cannot hold or carry the load"
        return LeastViolation(
            1.0, None, "stopped before a plan was found" if trial.stopped() else reason
        )
    least = _least_factor(trial, instance)
    if least is None:
        return LeastViolation(1.0, None, f"no plan within {WIDEST:,.0f} times the SLOs' limits")
    solution = solve(with_scaled_limits(instance, least[0]))
    solution = (
        solution
        if solution.has_plan
        else with_status_at_gap(least[1], trial.settings, trial.quality)
    )
    return LeastViolation(least[0], solution, excluded=least[2])


def _least_factor(
    trial: BaselineSolver, instance: Instance
) -> tuple[float, Solution, float] | None:
    """The least factor with a plan, a plan, and the factor below that had none.

    None without one up to WIDEST.
    """
    bad, step = 1.0, 1.25
    plan = trial.has_plan(with_scaled_limits(instance, step))
    while plan is None:
        if step >= WIDEST or trial.stopped():
            return None
        bad, step = step, min(step**2, WIDEST)
        plan = trial.has_plan(with_scaled_limits(instance, step))
    good = _granted(trial, instance, plan, step)
    while good > bad * (1 + PRECISION) and not trial.stopped():
        middle = np.sqrt(good * bad)
        tried = trial.has_plan(with_scaled_limits(instance, float(middle)))
        if tried is not None:
            plan, good = tried, _granted(trial, instance, tried, float(middle))
        elif trial.stopped():
            break
        else:
            bad = float(middle)
    return good, plan, bad


def _granted(trial: BaselineSolver, instance: Instance, plan: Solution, factor: float) -> float:
    """The factor that a plan found at `factor` needs itself, four decimals up; never more than
    `factor`.
    """
    needed = violation_factor(
        setup_content(with_scaled_limits(instance, factor), plan), instance.slos
    )
    return factor if needed is None else float(min(factor, np.ceil(needed * 1e4) / 1e4))
