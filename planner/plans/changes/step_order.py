"""The order of starts and stops from one plan to another, so that no LLM lacks capacity meanwhile.

An LLM's capacity (sum of its replicas' highest rates) must not fall below what the smaller of the
two plans gives it, nor a GPU be filled beyond its room. Replicas that fit are started first, the
largest first; then those that can be spared are stopped; and so on. Where neither is possible, the
stop that costs least capacity is taken: no order without a shortage is known then.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from planner.plans.changes.node_matching import PlacedReplica
from planner.plans.option_index import option_key_order, option_slice_pct
from planner.plans.schema import PlanContent

ROOM_NOISE = 1e-6


__all__ = ["Action", "MigrationStep", "fillable_memory", "order_steps"]


class Action(StrEnum):
    """What a step does with its replica."""

    START = "start"
    STOP = "stop"


@dataclass(frozen=True)
class MigrationStep:
    """short: LLM -> req/s by which its capacity after this step lies below the smaller of both
    plans', where it does.
    """

    action: Action
    replica: PlacedReplica
    short: Mapping[str, float] = field(default_factory=dict)


def fillable_memory(old: PlanContent, new: PlanContent) -> dict[str, float]:
    """GiB that shards may fill of one GPU of every pool, the larger of both plans."""
    fillable: dict[str, float] = {}
    for content in (old, new):
        kept = 1.0 - content["context"]["filters"]["memory_headroom_pct"] / 100.0
        for pool in content["context"]["pools"]:
            fillable[pool["name"]] = max(fillable.get(pool["name"], 0.0), kept * pool["memory_gib"])
    return fillable


class _ClusterBetweenSteps:
    """What runs at the moment."""

    def __init__(self, replicas: Sequence[PlacedReplica], fillable: Mapping[str, float]) -> None:
        self.fillable = fillable
        self.share: dict[tuple[str, int, int], float] = defaultdict(float)
        self.memory: dict[tuple[str, int, int], float] = defaultdict(float)
        self.divided: dict[tuple[str, int, int], int] = defaultdict(int)
        self.shared: dict[tuple[str, int, int], int] = defaultdict(int)
        self.capacity: dict[str, float] = defaultdict(float)
        for replica in replicas:
            self.take(replica, 1)

    def take(self, replica: PlacedReplica, sign: int) -> None:
        """Start (1) or stop (-1) a replica."""
        self.capacity[replica.key[0]] += sign * replica.rate
        for gpu in replica.gpus:
            place = (replica.key[1], replica.node, gpu)
            self.share[place] += sign * option_slice_pct(replica.key[3])
            self.memory[place] += sign * replica.memory
            held = self.divided if isinstance(replica.key[3], str) else self.shared
            held[place] += sign

    def fits(self, replica: PlacedReplica) -> bool:
        """Whether its GPUs have room for one more. Of MIG instances compute slices are counted, not
        where they begin; a GPU holds instances or shares.
        """
        others = self.shared if isinstance(replica.key[3], str) else self.divided
        places = [(replica.key[1], replica.node, gpu) for gpu in replica.gpus]
        room = self.fillable[replica.key[1]] * (1 + ROOM_NOISE)
        return all(
            self.share[p] + option_slice_pct(replica.key[3]) <= 100 * (1 + ROOM_NOISE)
            and self.memory[p] + replica.memory <= room
            and not others[p]
            for p in places
        )


def order_steps(
    stays: Sequence[PlacedReplica],
    start: list[PlacedReplica],
    stop: list[PlacedReplica],
    fillable: Mapping[str, float],
) -> tuple[list[MigrationStep], dict[str, float]]:
    """Return starts and stops in an order that keeps capacity where one is found, and the least
    req/s that the LLMs which fall short can serve meanwhile.

    fillable: GiB that shards may fill of one GPU, by pool.
    """
    cluster = _ClusterBetweenSteps([*stays, *stop], fillable)
    final = _ClusterBetweenSteps([*stays, *start], fillable).capacity
    needed = {llm: min(rate, final[llm]) for llm, rate in cluster.capacity.items()}
    # The largest first: what is large fits only while room is left, and gives capacity that lets
    # others stop. Of the stops, the one of the lowest rate is tried first.
    start = sorted(
        start,
        key=lambda r: (
            -len(r.gpus) * option_slice_pct(r.key[3]),
            option_key_order(r.key),
            r.node,
            r.gpus,
        ),
    )
    stop = sorted(stop, key=lambda r: (r.rate, option_key_order(r.key), r.node, r.gpus))
    steps: list[MigrationStep] = []
    least: dict[str, float] = {}

    def short(replica: PlacedReplica) -> float:
        """By how much its LLM would lie below what is needed without it."""
        llm = replica.key[0]
        return max(needed.get(llm, 0.0) - (cluster.capacity[llm] - replica.rate), 0.0)

    def take_next_step(action: Action, replica: PlacedReplica) -> None:
        cluster.take(replica, 1 if action is Action.START else -1)
        lacks = {llm: rate - cluster.capacity[llm] for llm, rate in needed.items()}
        now = {llm: lack for llm, lack in lacks.items() if lack > ROOM_NOISE * needed[llm]}
        least.update(
            {llm: min(least.get(llm, np.inf), max(cluster.capacity[llm], 0.0)) for llm in now}
        )
        steps.append(MigrationStep(action, replica, now))

    while start or stop:
        ready = next((replica for replica in start if cluster.fits(replica)), None)
        if ready is not None:
            start.remove(ready)
            take_next_step(Action.START, ready)
            continue
        missed = min(stop, key=short)
        stop.remove(missed)
        take_next_step(Action.STOP, missed)
    return steps, least
