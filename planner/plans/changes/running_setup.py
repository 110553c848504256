"""The setup that runs today, compared with a new plan: where its replicas are, and the new plan's
replicas on GPUs that let most of them stay.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.instance import Instance
from models.packing.first_fit import Packing, PackingVerdict, packed_item
from planner.plans.changes.node_matching import replicas_by_node_to_match
from planner.plans.changes.stable_placement import ReplicaPlace, place_stably
from planner.plans.option_index import option_slice_of
from planner.plans.schema import SolvedContent
from planner.solution import Shard, Solution, shards_of_solution

__all__ = [
    "RunningSetup",
    "keep_running_places",
    "packing_of_running_places",
    "running_replica_places",
    "running_setup",
]


@dataclass(frozen=True)
class RunningSetup:
    """A setup that runs, in the instance's positions.

    places: of the replicas whose option the instance has; gone: how many others there are.
    """

    places: tuple[ReplicaPlace, ...]
    gone: int = 0

    def replicas(self, options: int) -> np.ndarray:
        """(O,) replicas of each option."""
        return np.bincount([place[0] for place in self.places], minlength=options)


def running_setup(instance: Instance, content: SolvedContent) -> RunningSetup:
    """Return what a plan with a setup runs, its options looked up by name in the instance."""
    options = instance.options
    named = [
        (
            *(instance.llms[o.llm].name, instance.pools[o.pool].name, o.tp_degree),
            option_slice_of(o),
        )
        for o in options
    ]
    known = {key: position for position, key in enumerate(named)}
    replicas = replicas_by_node_to_match(content)
    places = tuple((known[r.key], r.node, r.gpus) for r in replicas if r.key in known)
    return RunningSetup(places, len(replicas) - len(places))


def running_replica_places(placement: Sequence[Shard]) -> list[ReplicaPlace]:
    """Where the replicas of a placement are, option by option."""
    gpus: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for shard in placement:
        gpus[shard.option, shard.replica, shard.node].append(shard.gpu)
    return [(option, node, tuple(sorted(held))) for (option, _, node), held in sorted(gpus.items())]


def keep_running_places(
    instance: Instance, solution: Solution, running: RunningSetup, *, more_gpus: bool = False
) -> Solution:
    """Return the same setup and routing, placed so that what may stay of the running setup stays;
    pool by pool as it was where no such placement is found.

    more_gpus: whether it may use more GPUs for that.
    """
    placement: list[Shard] = []
    for p, pool in enumerate(instance.pools):
        options = [
            int(o) for o in np.flatnonzero(solution.replicas) if instance.options[o].pool == p
        ]
        kinds = [(o, instance.options[o], int(solution.replicas[o])) for o in options]
        items = [packed_item(o, kind, count) for o, kind, count in kinds]
        here = [place for place in running.places if instance.options[place[0]].pool == p]
        before = [shard for shard in solution.placement if instance.options[shard.option].pool == p]
        places = place_stably(items, here, pool.nodes, pool.gpus_per_node, instance.room(p))
        packing = None if places is None else packing_of_running_places(places)
        if packing is None or (
            packing.gpus > len({(shard.node, shard.gpu) for shard in before}) and not more_gpus
        ):
            placement += before
        else:
            placement += shards_of_solution(packing)
    return replace(solution, placement=tuple(placement))


def packing_of_running_places(places: Sequence[ReplicaPlace]) -> Packing:
    """Return the packing of one pool with its replicas so placed; those of each option are numbered
    from 0.
    """
    numbered, counts = [], dict.fromkeys((key for key, _, _ in places), 0)
    for key, node, gpus in places:
        numbered.append((key, counts[key], node, gpus))
        counts[key] += 1
    used = {(node, gpu) for _, node, gpus in places for gpu in gpus}
    return Packing(PackingVerdict.PACKED, tuple(numbered), len(used))
