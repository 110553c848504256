"""What every baseline rests on: bounded solves by the joint search, and a verified result.

A baseline is an instance derived from the scenario's: the same curves, scores and GPUs with less
freedom. Its plan is placed, routed exactly and checked by the verifier as every plan is.
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
from planner.plans.schema import SolvedContent
from planner.plans.solved_content import solved_content
from planner.settings import Progress, Settings
from planner.solution import Solution

__all__ = [
    "BaselineResult",
    "BaselineSolver",
    "baseline_violation_factor",
    "baseline_with_scaled_limits",
    "planned_baseline_result",
    "with_quota",
]

ROUGH_GAP = 1e9
"""A gap that any plan closes: only whether there is a plan matters."""

SOLVE_SECONDS = 10.0
"""Longest single solve of a baseline; shorter where the scenario's time limit is."""

BASELINE_SECONDS = 20.0
"""Time of one baseline, all its solves together."""


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
        """Whether Ctrl-C was pressed or the baseline's time is over."""
        return self.interrupted() or time.perf_counter() >= self.deadline

    def interrupted(self) -> bool:
        """Whether Ctrl-C was pressed."""
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

        quality: of its scores (the scenario's). gap: other than the settings', for an
        intermediate step, whose plan need not be lean.
        """
        limit = min(
            self.settings.time_limit, seconds, max(self.deadline - time.perf_counter(), 0.05)
        )
        settings = replace(
            self.settings, time_limit=limit, rel_gap=self.settings.rel_gap if gap is None else gap
        )
        if self.progress is not None:
            self.progress(
                Progress(time.perf_counter() - self.began, f"joint plan, {self.name}", *self.so_far)
            )
        return joint.solve_joint(
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


@dataclass(frozen=True, kw_only=True)
class BaselineResult:
    """The result of one baseline.

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


def planned_baseline_result(
    solver: BaselineSolver,
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
    content = solver.content(baseline_with_scaled_limits(checked, allowed), solution)
    objective = content["objective"]
    return BaselineResult(
        name=name,
        variant=variant,
        content=content,
        value=objective["value"],
        bound=objective["bound"],
        quality=content["quality"],
        factor=baseline_violation_factor(content, checked.slos),
        allowed=allowed,
        notes=notes,
    )


def baseline_with_scaled_limits(instance: Instance, factor: float) -> Instance:
    """The instance with every SLO's limit multiplied by the factor."""
    if factor == 1.0:
        return instance
    return replace(
        instance, slos=tuple(replace(slo, limit=slo.limit * factor) for slo in instance.slos)
    )


def with_quota(instance: Instance, what: str, weight: np.ndarray, most: float) -> Instance:
    """The instance with one more limit sum_o weight_o * replicas_o <= most. weight: (O,)."""
    return replace(instance, quotas=(*instance.quotas, Quota(what, tuple(weight.tolist()), most)))


def baseline_violation_factor(content: Mapping[str, Any], slos: Sequence[Slo]) -> float | None:
    """Worst achieved / limit over the SLOs (whose limits are taken from `slos`); None without SLOs,
    inf where one is never achieved.
    """
    parts = [
        np.inf if entry["achieved_ms"] is None else entry["achieved_ms"] / (1e3 * slo.limit)
        for entry, slo in zip(content["slo"], slos, strict=True)
    ]
    return max(parts) if parts else None
