"""A plan that runs beside a new one: where its replicas sit, and the new plan on seats that keep
what may stay.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.instance import Instance
from models.placement import Item, Packing, Verdict
from planner.plans.diff import replicas_of
from planner.plans.numbers import percent
from planner.plans.seating import Seat, seats_near
from planner.solution import Shard, Solution, shards_of

__all__ = ["Running", "packing_of", "running_of", "seated_near", "seats_of"]


@dataclass(frozen=True)
class Running:
    """A plan that runs, in the instance's positions.

    seats: (option, node, GPUs) of what the instance knows; gone: replicas of the rest.
    """

    seats: tuple[Seat, ...]
    gone: int = 0

    def replicas(self, options: int) -> np.ndarray:
        """(O,) replicas of each option."""
        return np.bincount([seat[0] for seat in self.seats], minlength=options)


def running_of(instance: Instance, content: Mapping[str, Any]) -> Running:
    """Find the replicas of a plan (content of plan.json with a setup) among the instance's
    options.
    """
    options = instance.options
    named = [
        (instance.llms[o.llm].name, instance.pools[o.pool].name, o.tp_degree, percent(o.mps_share))
        for o in options
    ]
    known = {key: position for position, key in enumerate(named)}
    replicas = replicas_of(content)
    seats = tuple((known[r.key], r.node, r.gpus) for r in replicas if r.key in known)
    return Running(seats, len(replicas) - len(seats))


def seats_of(placement: Sequence[Shard]) -> list[Seat]:
    """The seats of a placement, replica by replica."""
    gpus: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for shard in placement:
        gpus[shard.option, shard.replica, shard.node].append(shard.gpu)
    return [(option, node, tuple(sorted(held))) for (option, _, node), held in sorted(gpus.items())]


def seated_near(
    instance: Instance, solution: Solution, running: Running, *, more_gpus: bool = False
) -> Solution:
    """The same setup and routing on seats that keep what may stay of a plan that runs; as it was
    where none were found.

    more_gpus: whether it may stand on more GPUs for that.
    """
    placement: list[Shard] = []
    for p, pool in enumerate(instance.pools):
        options = [
            int(o) for o in np.flatnonzero(solution.replicas) if instance.options[o].pool == p
        ]
        kinds = [(o, instance.options[o], int(solution.replicas[o])) for o in options]
        items = [
            Item(o, kind.tp_degree, kind.mps_share, kind.memory, count) for o, kind, count in kinds
        ]
        mine = [seat for seat in running.seats if instance.options[seat[0]].pool == p]
        before = [shard for shard in solution.placement if instance.options[shard.option].pool == p]
        seats = seats_near(items, mine, pool.nodes, pool.gpus_per_node, instance.room(p))
        packing = None if seats is None else packing_of(seats)
        if packing is None or (
            packing.gpus > len({(shard.node, shard.gpu) for shard in before}) and not more_gpus
        ):
            placement += before
        else:
            placement += shards_of(packing)
    return replace(solution, placement=tuple(placement))


def packing_of(seats: Sequence[Seat]) -> Packing:
    """The packing of a pool that seats replicas so; those of each option are numbered from 0."""
    numbered, counts = [], dict.fromkeys((key for key, _, _ in seats), 0)
    for key, node, gpus in seats:
        numbered.append((key, counts[key], node, gpus))
        counts[key] += 1
    used = {(node, gpu) for _, node, gpus in seats for gpu in gpus}
    return Packing(Verdict.PACKED, tuple(numbered), len(used))
