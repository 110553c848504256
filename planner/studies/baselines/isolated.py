"""The isolated baseline: no GPU holds shards of two LLMs.

Option o is replaced by a *stack*, k_o replicas on the same t_o GPUs that nothing else may use,

    k_o = min(floor(1 / sigma_o), floor(room / m_o), max_replicas),    L_stack(r) = L_o(r / k_o),
    share 1, memory k_o m_o

so GPUs cut by MPS among replicas of one LLM stay possible; mixed stacks of two options do not.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from models.instance import Instance, Llm, Option
from planner.errors import VerificationError
from planner.solution import Shard, Solution
from planner.studies.baselines.gpu_division import FIT
from planner.studies.baselines.least_violation import least_violation, least_violation_result
from planner.studies.baselines.solver import BaselineResult, BaselineSolver, with_quota
from profiles.records import Curve

__all__ = ["isolated_baseline"]


def isolated_baseline(solver: BaselineSolver, instance: Instance) -> BaselineResult:
    """Every GPU serves one LLM alone."""
    count = _isolated_stack_sizes(instance)
    stacked = _isolated_stack_instance(instance, count)
    variant = "whole GPUs for each LLM" + (
        "; replicas of one LLM may be stacked on its GPUs" if (count > 1).any() else ""
    )
    nearest = least_violation(solver, stacked)
    if nearest.solution is not None:
        nearest = replace(nearest, solution=_unstack_isolated_result(nearest.solution, count))
    attempt = least_violation_result(solver, instance, "isolated", variant, nearest, [])
    if attempt.content is not None:
        _check_isolated(attempt.content["placement"])
    return attempt


def _isolated_stack_sizes(instance: Instance) -> np.ndarray:
    """(O,) replicas that fit together on one GPU; with a floor on replicas or utilisation
    just one, so that these stay exact.
    """
    count = np.ones(len(instance.options), dtype=int)
    for o, option in enumerate(instance.options):
        llm = instance.llms[option.llm]
        # A floor counts replicas or shares of GPUs, and a stack is one replica with share 1.
        if llm.min_replicas > 1 or instance.min_utilization > 0:
            continue
        room = instance.room(option.pool)
        taken = option.taken_memory(room)
        fitting = np.inf if taken <= 0 else room / taken
        most = np.inf if llm.max_replicas is None else llm.max_replicas
        count[o] = max(
            1, int(min(np.floor(1 / option.mps_share + FIT), np.floor(fitting + FIT), most))
        )
    return count


def _isolated_stack_instance(instance: Instance, count: np.ndarray) -> Instance:
    """Every option as a stack on whole GPUs; where utilisation counts, whole shares alone."""
    options = tuple(
        _isolated_stack_option(option, int(k))
        for option, k in zip(instance.options, count, strict=True)
    )
    of_llm = np.array([o.llm for o in instance.options])
    stacked = replace(
        instance,
        options=options,
        llms=tuple(Llm(llm.name, llm.min_replicas) for llm in instance.llms),
    )
    for i, llm in enumerate(instance.llms):
        if llm.max_replicas is not None:
            stacked = with_quota(
                stacked,
                f"replicas of {llm.name}",
                np.where(of_llm == i, count, 0).astype(float),
                float(llm.max_replicas),
            )
    if instance.min_utilization > 0:
        part = np.array([float(o.mps_share < 1 - FIT) for o in instance.options])
        stacked = with_quota(stacked, "options on parts of GPUs", part, 0.0)
    return stacked


def _isolated_stack_option(option: Option, count: int) -> Option:
    curve = Curve(
        option.curve.rates * count,
        option.curve.latency,
        option.curve.provenance,
        option.curve.source,
    )
    return replace(option, mps_share=1.0, memory=option.memory * count, curve=curve, mig=None)


def _unstack_isolated_result(solution: Solution, count: np.ndarray) -> Solution:
    """The plan in replicas of the options."""
    shards = [
        Shard(s.option, s.replica * int(count[s.option]) + k, s.shard, s.node, s.gpu)
        for s in solution.placement
        for k in range(count[s.option])
    ]
    return replace(solution, replicas=solution.replicas * count, placement=tuple(shards))


def _check_isolated(placement: list[Mapping[str, object]]) -> None:
    """Raise VerificationError where two LLMs share a GPU."""
    owner: dict[tuple[object, ...], object] = {}
    for shard in placement:
        place = (shard["pool"], shard["node"], shard["gpu"])
        if owner.setdefault(place, shard["llm"]) != shard["llm"]:
            raise VerificationError(
                [f"isolated: GPU {place} is shared by {owner[place]} and {shard['llm']}"]
            )
