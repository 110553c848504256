"""A new plan with its nodes and GPUs renamed onto those of the old one, so that most of it stays
where it was.

GPUs of a node are identical, and so are nodes of a pool: nodes, then GPUs of matched nodes, are
matched by the largest common occupation, an assignment problem each.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from planner.plans.option_index import OptionKey, option_key, option_key_order, option_slice_pct
from planner.plans.schema import PlanContent, SolvedContent

__all__ = ["PlacedReplica", "match_nodes", "node_shapes_to_match", "replicas_by_node_to_match"]


@dataclass(frozen=True)
class PlacedReplica:
    """One replica on its GPUs. memory: GiB of each GPU; rate: highest req/s."""

    key: OptionKey
    node: int
    gpus: tuple[int, ...]
    memory: float
    rate: float


def replicas_by_node_to_match(content: SolvedContent) -> list[PlacedReplica]:
    """All replicas of a plan."""
    options = {option_key(entry): entry for entry in content["options"]}
    shards: dict[tuple[OptionKey, int], list[tuple[int, int]]] = defaultdict(list)
    for shard in content["placement"]:
        shards[option_key(shard), shard["replica"]].append((shard["node"], shard["gpu"]))
    replicas = []
    for key, number in sorted(shards, key=lambda one: (option_key_order(one[0]), one[1])):
        places = shards[key, number]
        entry = options[key]
        gpus = tuple(sorted(gpu for _, gpu in places))
        replicas.append(
            PlacedReplica(
                key,
                places[0][0],
                gpus,
                entry["memory_gib_per_gpu"],
                entry["max_rate_per_replica_rps"],
            )
        )
    return replicas


def node_shapes_to_match(old: PlanContent, new: PlanContent) -> dict[str, tuple[int, int]]:
    """Nodes and GPUs per node of every pool, the larger of both plans."""
    shapes: dict[str, tuple[int, int]] = {}
    for pool in (*old["context"]["pools"], *new["context"]["pools"]):
        nodes, gpus = shapes.get(pool["name"], (0, 0))
        shapes[pool["name"]] = (max(nodes, pool["nodes"]), max(gpus, pool["gpus_per_node"]))
    return shapes


def match_nodes(
    old: Sequence[PlacedReplica],
    new: Sequence[PlacedReplica],
    shapes: Mapping[str, tuple[int, int]],
) -> list[PlacedReplica]:
    """Return the new plan's replicas with nodes and GPUs named so that most of it stays where it
    was.

    shapes: (nodes, GPUs per node) by pool, large enough for both plans.
    """
    renamed = []
    for pool, (nodes, gpus) in shapes.items():
        was, will = ([r for r in replicas if r.key[1] == pool] for replicas in (old, new))
        there, here = _node_occupation(was, nodes, gpus), _node_occupation(will, nodes, gpus)
        common, held = np.zeros((nodes, nodes)), sorted({replica.node for replica in was})
        occupied = sorted({replica.node for replica in will})
        # Nodes that hold nothing have nothing in common: most pairs of a large pool.
        for node in occupied:
            common[node, held] = [_node_overlap(here[node], there[other])[0] for other in held]
        node_of = (
            dict(zip(*(part.tolist() for part in linear_sum_assignment(-common)), strict=True))
            if common.size
            else {}
        )
        gpu_of = {node: _node_overlap(here[node], there[node_of[node]])[1] for node in occupied}
        for replica in will:
            names = tuple(sorted(gpu_of[replica.node][gpu] for gpu in replica.gpus))
            renamed.append(replace(replica, node=node_of[replica.node], gpus=names))
    return renamed


def _node_occupation(
    replicas: Sequence[PlacedReplica], nodes: int, gpus: int
) -> list[list[dict[OptionKey, int]]]:
    """[node][gpu] -> shards of every option."""
    held: list[list[dict[OptionKey, int]]] = [
        [defaultdict(int) for _ in range(gpus)] for _ in range(nodes)
    ]
    for replica in replicas:
        for gpu in replica.gpus:
            held[replica.node][gpu][replica.key] += 1
    return held


def _node_overlap(
    one: Sequence[Mapping[OptionKey, int]], other: Sequence[Mapping[OptionKey, int]]
) -> tuple[float, dict[int, int]]:
    """Shards that two nodes have in common at best, and the GPU of the other node for every GPU of
    the first.
    """
    common = np.array(
        [
            [
                sum(min(n, b.get(key, 0)) * option_slice_pct(key[3]) for key, n in a.items())
                for b in other
            ]
            for a in one
        ],
        dtype=float,
    )
    # Of equal overlaps, that of the same number is taken.
    common -= 1e-6 * np.abs(np.subtract.outer(np.arange(len(one)), np.arange(len(other))))
    rows, columns = linear_sum_assignment(-common)
    return float(common[rows, columns].sum()), dict(
        zip(rows.tolist(), columns.tolist(), strict=True)
    )
