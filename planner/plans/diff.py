"""From one plan to another: what stays, starts, stops and moves, and in which order, so that no LLM
falls short on the way.

A replica stays when the same option stands on the same GPUs in both plans. GPUs of a node are
alike, and so are nodes of a pool, so the new
plan is first renamed onto the old one: nodes, then GPUs of matched nodes, by the largest common
occupation (an assignment problem each). What then has to go stops, what is new starts; a replica
whose option is in both on other GPUs moves, which is a start and a stop.

Order: an LLM's capacity (sum of its replicas' highest rates) must not fall below what the smaller
of the two plans gives it, nor a GPU be filled beyond its room. Whatever fits is started first, the
largest first; then whatever can be missed is stopped; and so on. Where neither
is possible, the stop that costs least capacity is taken: an order without a shortage was not found.
Each step tells which LLMs are short after it. None would be if replicas like those whose stop
leaves their LLM short (`spares`) ran on spare GPUs in the meantime: since an LLM was last not
short, only such replicas of it have stopped.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

__all__ = ["Change", "PlanDiff", "Replica", "Step", "diff_plans"]

ROOM_NOISE = 1e-6

Content = Mapping[str, Any]
Key = tuple[str, str, int, float]
"""(llm, pool, tp_degree, mps_share_pct)."""


@dataclass(frozen=True)
class Replica:
    """One replica on its GPUs. memory: GiB of each GPU; rate: highest req/s."""

    key: Key
    node: int
    gpus: tuple[int, ...]
    memory: float
    rate: float


@dataclass(frozen=True)
class Step:
    """do: start | stop. short: LLM -> req/s by which its capacity after this step lies below the
    smaller of both plans', where it does.
    """

    do: str
    replica: Replica
    short: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One option: replicas in both plans; how many stay, start, stop; moves: of these, pairs on
    other GPUs.
    """

    key: Key
    before: int
    after: int
    stays: int
    moves: int


@dataclass(frozen=True)
class PlanDiff:
    """changes: options that differ; steps: in order; fractions: per LLM (before, after), 0..1.

    least: req/s that the LLMs which fall short can still serve at the worst moment. The new plan's
    GPUs are named as the old one's.
    """

    changes: tuple[Change, ...]
    stays: tuple[Replica, ...]
    steps: tuple[Step, ...]
    fractions: Mapping[str, tuple[float, float]]
    least: Mapping[str, float] = field(default_factory=dict)

    @property
    def drops(self) -> bool:
        """Whether an LLM falls short on the way."""
        return any(step.short for step in self.steps)

    @property
    def spares(self) -> tuple[Replica, ...]:
        """The replicas whose stop leaves their LLM short: with others like them on spare GPUs in
        the meantime no LLM falls short.
        """
        return tuple(
            step.replica
            for step in self.steps
            if step.do == "stop" and step.replica.key[0] in step.short
        )


def replicas_of(content: Content) -> list[Replica]:
    """All replicas of a plan."""
    options = {_key(entry): entry for entry in content["options"]}
    seats: dict[tuple[Key, int], list[tuple[int, int]]] = defaultdict(list)
    for seat in content["placement"]:
        seats[_key(seat), seat["replica"]].append((seat["node"], seat["gpu"]))
    found = []
    for (key, _), places in sorted(seats.items()):
        entry = options[key]
        gpus = tuple(sorted(gpu for _, gpu in places))
        found.append(
            Replica(
                key,
                places[0][0],
                gpus,
                entry["memory_gib_per_gpu"],
                entry["max_rate_per_replica_rps"],
            )
        )
    return found


def _key(entry: Content) -> Key:
    return entry["llm"], entry["pool"], entry["tp_degree"], entry["mps_share_pct"]


def diff_plans(old: Content, new: Content) -> PlanDiff:
    """Compare two plans (contents of plan.json with a setup each)."""
    before, after = (
        replicas_of(old),
        _renamed(replicas_of(old), replicas_of(new), _shapes(old, new)),
    )
    stays, stop, start = [], list(before), []
    for replica in after:
        same = next(
            (
                b
                for b in stop
                if (b.key, b.node, b.gpus) == (replica.key, replica.node, replica.gpus)
            ),
            None,
        )
        if same is None:
            start.append(replica)
        else:
            stop.remove(same)
            stays.append(replica)
    llms = dict.fromkeys([*old["routing"], *new["routing"]])
    fractions = {llm: (old["routing"].get(llm, 0.0), new["routing"].get(llm, 0.0)) for llm in llms}
    steps, least = _ordered(stays, start, stop, _rooms(old, new))
    return PlanDiff(
        _changes(before, after, stays, start, stop), tuple(stays), tuple(steps), fractions, least
    )


def _changes(
    before: Sequence[Replica],
    after: Sequence[Replica],
    stays: Sequence[Replica],
    start: Sequence[Replica],
    stop: Sequence[Replica],
) -> tuple[Change, ...]:
    """Options with something to start or to stop."""

    def count(replicas: Sequence[Replica], key: Key) -> int:
        return sum(replica.key == key for replica in replicas)

    keys = sorted({replica.key for replica in (*start, *stop)})
    return tuple(
        Change(
            k,
            count(before, k),
            count(after, k),
            count(stays, k),
            min(count(start, k), count(stop, k)),
        )
        for k in keys
    )


# ---------------------------------------------------------------- renaming


def _shapes(old: Content, new: Content) -> dict[str, tuple[int, int]]:
    """Nodes and GPUs a node of every pool, the larger of both plans."""
    shapes: dict[str, tuple[int, int]] = {}
    for pool in (*old["context"]["pools"], *new["context"]["pools"]):
        nodes, gpus = shapes.get(pool["name"], (0, 0))
        shapes[pool["name"]] = (max(nodes, pool["nodes"]), max(gpus, pool["gpus_per_node"]))
    return shapes


def _renamed(
    old: Sequence[Replica], new: Sequence[Replica], shapes: Mapping[str, tuple[int, int]]
) -> list[Replica]:
    """The new plan with nodes and GPUs named so that most of it stands where it stood."""
    renamed = []
    for pool, (nodes, gpus) in shapes.items():
        was, will = ([r for r in replicas if r.key[1] == pool] for replicas in (old, new))
        there, here = _occupation(was, nodes, gpus), _occupation(will, nodes, gpus)
        common = np.array([[_overlap(a, b)[0] for a in there] for b in here])
        node_of = (
            dict(zip(*(part.tolist() for part in linear_sum_assignment(-common)), strict=True))
            if common.size
            else {}
        )
        gpu_of = {node: _overlap(here[node], there[node_of[node]])[1] for node in range(nodes)}
        for replica in will:
            names = tuple(sorted(gpu_of[replica.node][gpu] for gpu in replica.gpus))
            renamed.append(replace(replica, node=node_of[replica.node], gpus=names))
    return renamed


def _occupation(replicas: Sequence[Replica], nodes: int, gpus: int) -> list[list[dict[Key, int]]]:
    """[node][gpu] -> shards of every option."""
    held: list[list[dict[Key, int]]] = [
        [defaultdict(int) for _ in range(gpus)] for _ in range(nodes)
    ]
    for replica in replicas:
        for gpu in replica.gpus:
            held[replica.node][gpu][replica.key] += 1
    return held


def _overlap(
    one: Sequence[Mapping[Key, int]], other: Sequence[Mapping[Key, int]]
) -> tuple[float, dict[int, int]]:
    """Shards that two nodes have in common at best, and the GPU of the other node for every GPU of
    the first.
    """
    common = np.array(
        [[sum(min(n, b.get(key, 0)) * key[3] for key, n in a.items()) for b in other] for a in one],
        dtype=float,
    )
    common -= 1e-6 * np.abs(
        np.subtract.outer(np.arange(len(one)), np.arange(len(other)))
    )  # of equal ones, the same number
    rows, columns = linear_sum_assignment(-common)
    return float(common[rows, columns].sum()), dict(
        zip(rows.tolist(), columns.tolist(), strict=True)
    )


# ---------------------------------------------------------------- order


def _rooms(old: Content, new: Content) -> dict[str, float]:
    """GiB that shards may fill of one GPU of every pool, the larger of both plans."""
    rooms: dict[str, float] = {}
    for content in (old, new):
        kept = 1.0 - content["context"]["filters"]["memory_headroom_pct"] / 100.0
        for pool in content["context"]["pools"]:
            rooms[pool["name"]] = max(rooms.get(pool["name"], 0.0), kept * pool["memory_gib"])
    return rooms


class _Cluster:
    """What runs at the moment."""

    def __init__(self, replicas: Sequence[Replica], rooms: Mapping[str, float]) -> None:
        self.rooms = rooms
        self.share: dict[tuple[str, int, int], float] = defaultdict(float)
        self.memory: dict[tuple[str, int, int], float] = defaultdict(float)
        self.capacity: dict[str, float] = defaultdict(float)
        for replica in replicas:
            self.take(replica, 1)

    def take(self, replica: Replica, sign: int) -> None:
        """Start (1) or stop (-1) a replica."""
        self.capacity[replica.key[0]] += sign * replica.rate
        for gpu in replica.gpus:
            place = (replica.key[1], replica.node, gpu)
            self.share[place] += sign * replica.key[3]
            self.memory[place] += sign * replica.memory

    def fits(self, replica: Replica) -> bool:
        """Whether its GPUs have room for one more."""
        places = [(replica.key[1], replica.node, gpu) for gpu in replica.gpus]
        room = self.rooms[replica.key[1]] * (1 + ROOM_NOISE)
        return all(
            self.share[p] + replica.key[3] <= 100 * (1 + ROOM_NOISE)
            and self.memory[p] + replica.memory <= room
            for p in places
        )


def _ordered(
    stays: Sequence[Replica], start: list[Replica], stop: list[Replica], rooms: Mapping[str, float]
) -> tuple[list[Step], dict[str, float]]:
    """Starts and stops in an order that keeps capacity, where this way finds one; and what is left
    of the LLMs that fall short.
    """
    cluster = _Cluster([*stays, *stop], rooms)
    final = _Cluster([*stays, *start], rooms).capacity
    needed = {llm: min(rate, final[llm]) for llm, rate in cluster.capacity.items()}
    start = sorted(start, key=lambda r: (-len(r.gpus) * r.key[3], r.key, r.node, r.gpus))
    stop = sorted(stop, key=lambda r: (r.rate, r.key, r.node, r.gpus))
    steps: list[Step] = []
    least: dict[str, float] = {}

    def short(replica: Replica) -> float:
        """By how much its LLM would lie below what is needed without it."""
        llm = replica.key[0]
        return max(needed.get(llm, 0.0) - (cluster.capacity[llm] - replica.rate), 0.0)

    def step(do: str, replica: Replica) -> None:
        cluster.take(replica, 1 if do == "start" else -1)
        lacks = {llm: rate - cluster.capacity[llm] for llm, rate in needed.items()}
        now = {llm: lack for llm, lack in lacks.items() if lack > ROOM_NOISE * needed[llm]}
        least.update(
            {llm: min(least.get(llm, np.inf), max(cluster.capacity[llm], 0.0)) for llm in now}
        )
        steps.append(Step(do, replica, now))

    while start or stop:
        ready = next((replica for replica in start if cluster.fits(replica)), None)
        if ready is not None:
            start.remove(ready)
            step("start", ready)
            continue
        missed = min(stop, key=short)
        stop.remove(missed)
        step("stop", missed)
    return steps, least
