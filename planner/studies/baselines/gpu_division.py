"""Ways to divide the GPUs of a cluster among its LLMs, in proportion to their sizes."""

import numpy as np

from models.instance import Instance

__all__ = ["FIT", "compute_per_replica", "ways_to_divide_gpus"]


FIT = 1e-9
"""Compute (in GPUs) by which a part may fall short: rounding."""


def compute_per_replica(instance: Instance) -> np.ndarray:
    """(O,) compute of one replica, in GPUs."""
    return np.array([o.tp_degree * o.mps_share for o in instance.options])


def _gpus_needed(instance: Instance) -> np.ndarray:
    """(M,) compute of the smallest option of every LLM, in GPUs; inf without one."""
    need = np.full(len(instance.llms), np.inf)
    for option, compute in zip(instance.options, compute_per_replica(instance), strict=True):
        need[option.llm] = min(need[option.llm], compute)
    return need


def ways_to_divide_gpus(
    instance: Instance, sizes: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Ways to divide by size, each (M,) compute in GPUs: in words -> parts.

    weights: (M,) decide whose remainder is rounded up.

    In proportion: an LLM whose part holds none of its options leaves (the one that lacks most
    first) and the others share its part. At least the smallest option: no LLM leaves; one that
    would lack gets what its smallest option takes, the rest is in proportion. Whole GPUs: the
    latter rounded to whole GPUs, largest remainder first; equal remainders to the largest LLMs or
    to the smallest.
    """
    need = _gpus_needed(instance)
    ways = {"in proportion": _fitting_gpu_division(instance, sizes, need)}
    least = _gpus_at_least(instance, sizes, need)
    if least is not None:
        ways["at least the smallest option of each"] = least
        for words, order in (("larger LLMs first", -weights), ("smaller LLMs first", weights)):
            whole = _whole_gpu_division(instance, least, need, order)
            if whole is not None:
                ways[f"in whole GPUs, {words}"] = whole
    distinct: dict[str, np.ndarray] = {}
    for words, part in ways.items():
        if not any(np.allclose(part, other) for other in distinct.values()):
            distinct[words] = part
    return distinct


def _fitting_gpu_division(instance: Instance, sizes: np.ndarray, need: np.ndarray) -> np.ndarray:
    """In proportion to size among those whose part holds one of their options."""
    must = np.array([llm.min_replicas > 0 for llm in instance.llms])
    inside = np.isfinite(need)
    while True:
        part = np.where(inside, instance.gpus * sizes / sizes[inside].sum(), 0.0)
        lack = np.where(inside & ~must & (part < need - FIT), need - part, 0.0)
        if not lack.any() or inside.sum() == 1:
            return part
        # One at a time: what it leaves to the others may be enough for the next one.
        inside[int(np.argmax(lack))] = False


def _gpus_at_least(instance: Instance, sizes: np.ndarray, need: np.ndarray) -> np.ndarray | None:
    """In proportion, but no LLM gets less than the smallest option takes; None where that is more
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
        # Held at their smallest option they reduce the rest, and others may then lack compute.
        held |= lack


def _whole_gpu_division(
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
    # Rounded, so that remainders equal but for floating point go by `order`.
    remainder = np.where(able, np.round(part - base, 6), -np.inf)
    for i in np.lexsort((order, -remainder))[:left]:
        base[i] += 1.0
    return base
