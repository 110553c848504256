"""What every baseline rests on: bounded solves by the joint search, and a verified result.

A baseline is an instance derived from the scenario's: the same curves, scores and GPUs with less
freedom. Its plan is placed, routed exactly and checked by the verifier as every plan is.

Effort is limited in work, nodes x columns of mixed-integer programs (`planner.settings.Settings`),
so that a baseline is the same on every machine. The scenario's time limit holds for each solve; a
baseline of which it (or Ctrl-C) ended one is unfinished, and is shown without a value.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from models.cascade import CascadeMix
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

SOLVE_WORK = 1_000_000.0
"""Work of a single solve of a baseline at most: about 10 s of a core of 2024 (80,000 to 200,000
nodes x columns a second on the examples).
"""

BASELINE_WORK = 2_000_000.0
"""Work of one baseline, all its solves together; no further solve begins after it."""


@dataclass(kw_only=True)
class BaselineSolver:
    """How baselines are solved.

    so_far: value and bound of the joint plan, for the progress. left, late: work that the present
    baseline has left, and whether the time limit ended one of its solves.
    """

    settings: Settings
    quality: Quality
    cancel: threading.Event | None = None
    progress: Callable[[Progress], None] | None = None
    so_far: tuple[float | None, float | None] = (math.nan, None)
    name: str = ""
    left: float = BASELINE_WORK
    late: bool = False
    began: float = field(default_factory=time.perf_counter)

    def begin(self, name: str) -> None:
        """Begin the next baseline, with all its work."""
        self.name, self.left, self.late = name, BASELINE_WORK, False

    def stopped(self) -> bool:
        """Whether no further solve of the baseline is to begin: its work is done, or it is
        unfinished.
        """
        return self.left <= 0 or self.unfinished()

    def unfinished(self) -> bool:
        """Whether Ctrl-C or the time limit has ended a solve of the baseline."""
        return self.late or self.interrupted()

    def interrupted(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self.cancel is not None and self.cancel.is_set()

    def solve(
        self,
        instance: Instance,
        quality: Quality | None = None,
        *,
        gap: float | None = None,
        work: float | None = None,
    ) -> Solution:
        """The joint search on a derived instance, without repairs.

        quality: of its scores (the scenario's). gap: other than the settings', for an
        intermediate step, whose plan need not be lean. work: at most, whatever is left of the
        baseline's; SOLVE_WORK or what is left where None.
        """
        settings = replace(
            self.settings,
            work=min(SOLVE_WORK, max(self.left, 0.0)) if work is None else work,
            rel_gap=self.settings.rel_gap if gap is None else gap,
        )
        if self.progress is not None:
            self.progress(
                Progress(time.perf_counter() - self.began, f"joint plan, {self.name}", *self.so_far)
            )
        began = time.perf_counter()
        solution = joint.solve_joint(
            instance,
            settings,
            cancel=self.cancel,
            quality=quality or self.quality,
            explain=False,
            lean=gap is None,
        )
        self.left -= solution.effort.work
        # The clock, not the termination: a closed gap says nothing of the search for the leanest
        # plan after it.
        self.late |= time.perf_counter() - began >= settings.time_limit
        return solution

    def has_plan(self, instance: Instance) -> Solution | None:
        """Any plan of the instance; None when there is none or its work is done."""
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
    quality: mean score of the answers given. notes: sentences. solution: of the plan, in the
    instance's positions. unfinished: Ctrl-C or the time limit ended it, `reason` has the rest.
    mix: how a cascade answers; None for plans, which answer by their prices.
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
    solution: Solution | None = None
    unfinished: bool = False
    mix: CascadeMix | None = None

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
        solution=solution,
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
