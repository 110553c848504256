"""Baselines that fix how the GPUs are divided among the LLMs: equal split, and by size.

With compute_o = t_o * sigma_o the compute in GPUs that one replica of option o takes, G all
GPUs, size_i an LLM's weights in GiB:

    equal split         sum_{o of i} compute_o n_o <= G / M                         for every LLM i
    size-proportional   sum_{o of i} compute_o n_o <= G size_i / sum_j size_j

Within these limits replicas, options, placement and routing are the best there are, over all pools
together: an LLM may have its part in the pool that suits it best. Parts seldom fit the options, so
several ways to divide are tried and the best one counts (`planner.studies.baselines.gpu_division`).
"""

import numpy as np

from models.instance import Instance
from planner.studies.baselines.gpu_division import compute_per_replica, ways_to_divide_gpus
from planner.studies.baselines.least_violation import (
    LeastViolation,
    least_violation,
    least_violation_result,
)
from planner.studies.baselines.solver import BaselineResult, BaselineSolver, with_quota

__all__ = ["split_baseline"]


def split_baseline(
    solver: BaselineSolver, instance: Instance, name: str, sizes: np.ndarray, weights: np.ndarray
) -> BaselineResult:
    """Every LLM keeps to its part of the compute; all else is the best there is.

    The best of all ways to divide counts.
    """
    ways = {
        words: _limited_split(instance, part)
        for words, part in ways_to_divide_gpus(instance, sizes, weights).items()
    }
    tried = {words: LeastViolation(1.0, solver.solve(one)) for words, one in ways.items()}
    good = {
        words: one
        for words, one in tried.items()
        if one.solution is not None and one.solution.has_plan
    }
    if not good:
        tried = {words: least_violation(solver, one) for words, one in ways.items()}
        good = {words: one for words, one in tried.items() if one.solution is not None}
    notes = [f"best of {len(ways)} ways to divide"] if len(ways) > 1 else []
    if not good:
        return BaselineResult(
            name=name,
            variant=_split_words(instance, next(iter(ways.items()))),
            reason=next(iter(tried.values())).reason,
            notes=notes,
        )
    sign = -1.0 if instance.objective == "quality" else 1.0

    def split_order(words: str) -> tuple[float, float]:
        """The least violation comes first, then the best value."""
        solution = good[words].solution
        return good[words].factor, sign * (
            (solution.value if solution is not None else None) or 0.0
        )

    best = min(good, key=split_order)
    return least_violation_result(
        solver, ways[best], name, _split_words(instance, (best, ways[best])), good[best], notes
    )


def _limited_split(instance: Instance, part: np.ndarray) -> Instance:
    compute, of_llm = compute_per_replica(instance), np.array([o.llm for o in instance.options])
    for i, llm in enumerate(instance.llms):
        instance = with_quota(
            instance,
            f"compute of {llm.name}",
            np.where(of_llm == i, compute, 0.0),
            # Down to four decimals: a part printed is a part kept.
            np.floor(part[i] * 1e4 + 1e-6) / 1e4,
        )
    return instance


def _split_words(instance: Instance, division: tuple[str, Instance]) -> str:
    words, limited = division
    limits = limited.quotas[len(instance.quotas) :]
    listed = ", ".join(
        f"{llm.name} {limit.most:.4g}" for llm, limit in zip(instance.llms, limits, strict=True)
    )
    return f"compute in GPUs, {words}: {listed}"
