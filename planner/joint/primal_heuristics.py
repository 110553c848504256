"""TODO: planner.joint.primal_heuristics."""

import numpy as np

from models.placement import Packing, pack_most
from planner.joint.cut_loop import RelaxationPoint
from planner.joint.search_state import SearchState


def thinned(
    state: SearchState, replicas: np.ndarray
) -> tuple[np.ndarray, tuple[Packing, ...]] | None:
    """What of a setup first-fit can place, and its packings; None when the floors on replicas or
    utilisation are missed then.
    """
    left = np.zeros_like(replicas)
    packings = []
    for p, pool in enumerate(state.instance.pools):
        packing = pack_most(
            state.items(p, replicas), pool.nodes, pool.gpus_per_node, state.instance.room(p)
        )
        for key, *_ in packing.seats:
            left[key] += 1
        packings.append(packing)
    return (left, tuple(packings)) if left.any() and meets_floors(state, left) else None


def rounded(state: SearchState, point: RelaxationPoint) -> tuple[np.ndarray, np.ndarray] | None:
    """Whole replicas near a relaxation, and rates: its whole parts, then one more where a fraction
    is left, while capacity holds.

    LLMs that would be left without a replica come first. None when the floors on replicas or
    utilisation are missed.
    """
    instance = state.instance
    llm = np.array([o.llm for o in instance.options])
    replicas = np.minimum(np.floor(point.replicas + 1e-6), state.upper)
    rest = point.replicas - replicas
    bare = np.flatnonzero(
        (np.bincount(llm, weights=replicas, minlength=len(instance.llms)) == 0)
        & (point.fractions > 1e-6)
    )
    largest = {
        int(np.flatnonzero(llm == i)[np.argmax(point.replicas[llm == i])]): float(
            point.fractions[i]
        )
        for i in bare
    }
    others = [int(o) for o in np.flatnonzero(rest > 1e-6) if int(o) not in largest]
    for o in [*sorted(largest, key=lambda o: -largest[o]), *sorted(others, key=lambda o: -rest[o])]:
        replicas[o] += 1
        if not _holds(state, replicas, llm):
            replicas[o] -= 1
    if not meets_floors(state, replicas):
        return None
    rate = np.divide(
        point.rates, point.replicas, out=np.zeros_like(point.rates), where=point.replicas > 0
    )
    return replicas.astype(int), rate * replicas


def meets_floors(state: SearchState, replicas: np.ndarray) -> bool:
    """Whether the LLMs have their least replicas and the GPUs their least utilisation."""
    instance = state.instance
    options = instance.options
    used = float(
        sum(
            options[o].tp_degree * options[o].mps_share * replicas[o]
            for o in np.flatnonzero(replicas)
        )
    )
    held = np.bincount([o.llm for o in options], weights=replicas, minlength=len(instance.llms))
    enough = all(count >= llm.min_replicas for count, llm in zip(held, instance.llms, strict=True))
    return enough and used >= instance.min_utilization * instance.gpus * (1 - 1e-9)


def _holds(state: SearchState, replicas: np.ndarray, llm: np.ndarray) -> bool:
    """Whether the capacity rows, the quotas and the LLMs' limits allow so many replicas."""
    instance = state.instance
    for row in state.capacity:
        pool = instance.pools[row.pool]
        if row.weight @ replicas > (pool.nodes if row.per_node else pool.gpus) + 1e-6:
            return False
    if any(
        np.array(quota.weight) @ replicas > quota.most * (1 + 1e-9) for quota in instance.quotas
    ):
        return False
    most = [np.inf if limit.max_replicas is None else limit.max_replicas for limit in instance.llms]
    return bool(np.all(np.bincount(llm, weights=replicas, minlength=len(most)) <= most))
