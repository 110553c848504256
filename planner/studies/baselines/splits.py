"""Baselines that fix how the GPUs are divided: equal split, by size, isolated, and one LLM alone.

With compute_o = t_o * sigma_o the GPUs' worth of SMs that one replica of option o takes, G all
GPUs, size_i an LLM's weights in GiB:

    equal split         sum_{o of i} compute_o n_o <= G / M                         for every LLM i
    size-proportional   sum_{o of i} compute_o n_o <= G size_i / sum_j size_j
    isolated            no GPU holds shards of two LLMs
    best single LLM     only options of one LLM; the LLM of best quality that keeps the SLOs

Within these limits replicas, options, placement and routing are the best there are, over all pools
together: an LLM may have its part in the pool that suits it best. Parts seldom fit the options, so
several ways to divide are tried and the best one counts (`ways_to_divide`).

Isolated: option o is replaced by a *stack*, k_o replicas on the same t_o GPUs that nothing else may
use,

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
from planner.studies.baselines.trial import (
    BaselineResult,
    BaselineSolver,
    LeastViolation,
    least_violation,
    planned_result,
    with_quota,
)
from profiles.records import Curve

__all__ = ["isolated_baseline", "single_llm_baseline", "split_baseline", "ways_to_divide"]

FIT = 1e-9


def compute_per_replica(instance: Instance) -> np.ndarray:
    """(O,) GPUs' worth of SMs of one replica."""
    return np.array([o.tp_degree * o.mps_share for o in instance.options])


def _needs(instance: Instance) -> np.ndarray:
    """(M,) GPUs' worth of the smallest option of every LLM, inf without one."""
    need = np.full(len(instance.llms), np.inf)
    for option, worth in zip(instance.options, compute_per_replica(instance), strict=True):
        need[option.llm] = min(need[option.llm], worth)
    return need


def ways_to_divide(
    instance: Instance, sizes: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Ways to divide by size, each (M,) GPUs' worth of compute: in words -> parts.

    weights: (M,) decide whose remainder is rounded up.

    In proportion: an LLM whose part holds none of its options leaves (the one that lacks most
    first) and the others share its part. At least the smallest option: nobody leaves; who would
    lack gets what its smallest option takes, the rest is in proportion. Whole GPUs: the latter
    rounded to whole GPUs, largest remainder first; equal remainders to the largest LLMs or to the
    smallest.
    """
    need = _needs(instance)
    ways = {"in proportion": _who_fits(instance, sizes, need)}
    least = _at_least(instance, sizes, need)
    if least is not None:
        ways["at least the smallest option of each"] = least
        for words, order in (("larger LLMs first", -weights), ("smaller LLMs first", weights)):
            whole = _whole(instance, least, need, order)
            if whole is not None:
                ways[f"in whole GPUs, {words}"] = whole
    distinct: dict[str, np.ndarray] = {}
    for words, part in ways.items():
        if not any(np.allclose(part, other) for other in distinct.values()):
            distinct[words] = part
    return distinct


def _who_fits(instance: Instance, sizes: np.ndarray, need: np.ndarray) -> np.ndarray:
    """In proportion to size among those whose part holds one of their options."""
    must = np.array([llm.min_replicas > 0 for llm in instance.llms])
    inside = np.isfinite(need)
    while True:
        part = np.where(inside, instance.gpus * sizes / sizes[inside].sum(), 0.0)
        lack = np.where(inside & ~must & (part < need - FIT), need - part, 0.0)
        if not lack.any() or inside.sum() == 1:
            return part
        inside[int(np.argmax(lack))] = False


def _at_least(instance: Instance, sizes: np.ndarray, need: np.ndarray) -> np.ndarray | None:
    """In proportion, but nobody gets less than the smallest option takes; None where that is more
    than there is.
    """
    able = np.isfinite(need)
    held = np.zeros(sizes.size, dtype=bool)
    while True:
        rest = instance.gpus - need[held].sum()
        free = able & ~held
        if rest < -FIT or (not free.any() and not held.any()):
            return None
        part = np.where(held, need, 0.0)
        if free.any():
            part[free] = rest * sizes[free] / sizes[free].sum()
        lack = free & (part < need - FIT)
        if not lack.any():
            return part
        held |= lack


def _whole(
    instance: Instance, part: np.ndarray, need: np.ndarray, order: np.ndarray
) -> np.ndarray | None:
    """Parts in whole GPUs; None where every LLM cannot have enough.

    order: (M,) smallest first among equal remainders.
    """
    able = np.isfinite(need)
    base = np.zeros(part.size)
    base[able] = np.maximum(np.floor(part[able] + FIT), np.ceil(need[able] - FIT))
    left = int(instance.gpus - base.sum())
    if left < 0:
        return None
    remainder = np.where(able, np.round(part - base, 6), -np.inf)
    for i in np.lexsort((order, -remainder))[:left]:
        base[i] += 1.0
    return base


def split_baseline(
    trial: BaselineSolver, instance: Instance, name: str, sizes: np.ndarray, weights: np.ndarray
) -> BaselineResult:
    """Every LLM keeps to its part of the compute; all else is the best there is.

    The best of all ways to divide counts.
    """
    ways = {
        words: _limited(instance, part)
        for words, part in ways_to_divide(instance, sizes, weights).items()
    }
    tried = {words: LeastViolation(1.0, trial.solve(one)) for words, one in ways.items()}
    good = {
        words: one
        for words, one in tried.items()
        if one.solution is not None and one.solution.has_plan
    }
    if not good:
        tried = {words: least_violation(trial, one) for words, one in ways.items()}
        good = {words: one for words, one in tried.items() if one.solution is not None}
    notes = [f"best of {len(ways)} ways to divide"] if len(ways) > 1 else []
    if not good:
        return BaselineResult(
            name=name,
            variant=_divided_words(instance, next(iter(ways.items()))),
            reason=next(iter(tried.values())).reason,
            notes=notes,
        )
    sign = -1.0 if instance.objective == "quality" else 1.0

    def order(words: str) -> tuple[float, float]:
        """What is missed least comes first, then what is worth most."""
        solution = good[words].solution
        return good[words].factor, sign * (
            (solution.value if solution is not None else None) or 0.0
        )

    best = min(good, key=order)
    return _attempt(
        trial, ways[best], name, _divided_words(instance, (best, ways[best])), good[best], notes
    )


def _limited(instance: Instance, part: np.ndarray) -> Instance:
    worth, of_llm = compute_per_replica(instance), np.array([o.llm for o in instance.options])
    for i, llm in enumerate(instance.llms):
        instance = with_quota(
            instance,
            f"compute of {llm.name}",
            np.where(of_llm == i, worth, 0.0),
            np.floor(part[i] * 1e4 + 1e-6) / 1e4,
        )
    return instance


def _divided_words(instance: Instance, way: tuple[str, Instance]) -> str:
    words, limited = way
    limits = limited.quotas[len(instance.quotas) :]
    listed = ", ".join(
        f"{llm.name} {limit.most:.4g}" for llm, limit in zip(instance.llms, limits, strict=True)
    )
    return f"GPUs' worth of compute, {words}: {listed}"


def _attempt(
    trial: BaselineSolver,
    checked: Instance,
    name: str,
    variant: str,
    nearest: LeastViolation,
    notes: list[str],
) -> BaselineResult:
    """The outcome, verified against the instance at the factor that it was granted."""
    if nearest.solution is None:
        return BaselineResult(name=name, variant=variant, reason=nearest.reason, notes=notes)
    return planned_result(
        trial,
        checked,
        nearest.solution,
        name=name,
        variant=variant,
        allowed=nearest.factor,
        notes=[*notes, *nearest.notes],
    )


def isolated_baseline(trial: BaselineSolver, instance: Instance) -> BaselineResult:
    """Every GPU serves one LLM alone."""
    count = _stack_sizes(instance)
    stacked = _stacked(instance, count)
    variant = "whole GPUs for each LLM" + (
        "; replicas of one LLM may be stacked on its GPUs" if (count > 1).any() else ""
    )
    nearest = least_violation(trial, stacked)
    if nearest.solution is not None:
        nearest = replace(nearest, solution=_unstacked(nearest.solution, count))
    attempt = _attempt(trial, instance, "isolated", variant, nearest, [])
    if attempt.content is not None:
        _check_isolated(attempt.content["placement"])
    return attempt


def _stack_sizes(instance: Instance) -> np.ndarray:
    """(O,) replicas that fit one GPU beside each other; with a floor on replicas or utilisation
    just one, so that these stay exact.
    """
    count = np.ones(len(instance.options), dtype=int)
    for o, option in enumerate(instance.options):
        llm = instance.llms[option.llm]
        if llm.min_replicas > 1 or instance.min_utilization > 0:
            continue
        room = np.inf if option.memory <= 0 else instance.room(option.pool) / option.memory
        most = np.inf if llm.max_replicas is None else llm.max_replicas
        count[o] = max(
            1, int(min(np.floor(1 / option.mps_share + FIT), np.floor(room + FIT), most))
        )
    return count


def _stacked(instance: Instance, count: np.ndarray) -> Instance:
    """Every option as a stack on whole GPUs; where utilisation counts, whole shares alone."""
    options = tuple(
        _stack(option, int(k)) for option, k in zip(instance.options, count, strict=True)
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


def _stack(option: Option, count: int) -> Option:
    curve = Curve(
        option.curve.rates * count,
        option.curve.latency,
        option.curve.provenance,
        option.curve.source,
    )
    return replace(option, mps_share=1.0, memory=option.memory * count, curve=curve)


def _unstacked(solution: Solution, count: np.ndarray) -> Solution:
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


def single_llm_baseline(trial: BaselineSolver, instance: Instance) -> BaselineResult:
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
        alone = _alone(instance, i)
        solution = trial.solve(alone)
        if solution.has_plan:
            met.append(_alone_attempt(trial, instance, alone, i, LeastViolation(1.0, solution)))
            if instance.objective == "quality":
                break
    if met:
        by_cost = sorted(
            met, key=lambda attempt: np.inf if attempt.value is None else attempt.value
        )
        return by_cost[0] if instance.objective == "cost" else met[0]
    return _least_missed(trial, instance, good)


def _alone(instance: Instance, i: int) -> Instance:
    """The instance with LLM i alone; no other need be deployed."""
    llms = tuple(
        llm if k == i else replace(llm, min_replicas=0) for k, llm in enumerate(instance.llms)
    )
    others = np.array([float(o.llm != i) for o in instance.options])
    return with_quota(replace(instance, llms=llms), "replicas of the other LLMs", others, 0.0)


def _alone_attempt(
    trial: BaselineSolver, instance: Instance, alone: Instance, i: int, nearest: LeastViolation
) -> BaselineResult:
    lifted = any(llm.min_replicas > 0 for k, llm in enumerate(instance.llms) if k != i)
    notes = ["min_replicas of the other LLMs is waived"] if lifted else []
    return _attempt(trial, alone, "best single LLM", alone.llms[i].name, nearest, notes)


def _least_missed(trial: BaselineSolver, instance: Instance, llms: list[int]) -> BaselineResult:
    """Of LLMs that all miss the SLOs the one that misses them by least."""
    attempts: list[BaselineResult] = []
    for i in llms:
        if attempts and trial.stopped():
            break
        alone = _alone(instance, i)
        attempts.append(_alone_attempt(trial, instance, alone, i, least_violation(trial, alone)))
    return min(attempts, key=lambda attempt: (attempt.content is None, attempt.allowed))
