"""The baseline of the best single LLM: one LLM answers everything, on its best setup."""

from dataclasses import replace

import numpy as np

from models.instance import Instance
from planner.studies.baselines.least_violation import (
    LeastViolation,
    least_violation,
    least_violation_result,
)
from planner.studies.baselines.solver import BaselineResult, BaselineSolver, with_quota

__all__ = ["single_llm_baseline"]


def single_llm_baseline(solver: BaselineSolver, instance: Instance) -> BaselineResult:
    """The best of the LLMs that can serve everything alone within the SLOs; else the one that
    misses them by least.
    """
    means = instance.scores.values @ instance.scores.weights
    able = {o.llm for o in instance.options}
    order = [int(i) for i in np.argsort(-means, kind="stable") if int(i) in able]
    floor = instance.quality_floor if instance.objective == "cost" else None
    good = [i for i in order if floor is None or means[i] >= floor]
    if not good:
        best = instance.llms[order[0]].name
        reason = (
            f"no LLM alone reaches the required quality; the best, {best}, has"
            f" {means[order[0]]:.5f}"
        )
        return BaselineResult(name="best single LLM", variant="", reason=reason)
    met = []
    for i in good:
        alone = _single_llm_instance(instance, i)
        solution = solver.solve(alone)
        if solution.has_plan:
            met.append(
                _single_llm_attempt(solver, instance, alone, i, LeastViolation(1.0, solution))
            )
            # They come by their mean score, which is the quality alone: the first one is the best.
            if instance.objective == "quality":
                break
    if met:
        by_cost = sorted(
            met, key=lambda attempt: np.inf if attempt.value is None else attempt.value
        )
        return by_cost[0] if instance.objective == "cost" else met[0]
    return _single_llm_missing_least(solver, instance, good)


def _single_llm_instance(instance: Instance, i: int) -> Instance:
    """The instance with LLM i alone; no other need be deployed."""
    llms = tuple(
        llm if k == i else replace(llm, min_replicas=0) for k, llm in enumerate(instance.llms)
    )
    others = np.array([float(o.llm != i) for o in instance.options])
    return with_quota(replace(instance, llms=llms), "replicas of the other LLMs", others, 0.0)


def _single_llm_attempt(
    solver: BaselineSolver, instance: Instance, alone: Instance, i: int, nearest: LeastViolation
) -> BaselineResult:
    lifted = any(llm.min_replicas > 0 for k, llm in enumerate(instance.llms) if k != i)
    notes = ["min_replicas of the other LLMs is waived"] if lifted else []
    return least_violation_result(
        solver, alone, "best single LLM", alone.llms[i].name, nearest, notes
    )


def _single_llm_missing_least(
    solver: BaselineSolver, instance: Instance, llms: list[int]
) -> BaselineResult:
    """Of LLMs that all miss the SLOs the one that misses them by least."""
    attempts: list[BaselineResult] = []
    for i in llms:
        if attempts and solver.stopped():
            break
        alone = _single_llm_instance(instance, i)
        attempts.append(
            _single_llm_attempt(solver, instance, alone, i, least_violation(solver, alone))
        )
    return min(attempts, key=lambda attempt: (attempt.content is None, attempt.allowed))
