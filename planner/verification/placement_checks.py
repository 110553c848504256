"""Checks of the placement: every shard of every replica is placed, and no GPU is overfilled."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from models.instance import Instance
from planner.verification.deployed_options import (
    PlacedShards,
    StatedOption,
    deployed_option_name,
)
from planner.verification.mig_checks import check_mig_placement
from planner.verification.tolerances import RANGE_TOL

__all__ = ["check_placed_shards", "check_placement_room"]


def check_placed_shards(
    placed: PlacedShards, instance: Instance, deployed: Sequence[StatedOption]
) -> Iterator[str]:
    """Every (option, replica) has shards 0 .. tp_degree - 1 once each, on different GPUs of one
    node of the option's pool.
    """
    shards: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for entry, position in placed:
        if position is None:
            yield f"placement: {deployed_option_name(entry)}: no such option in the instance"
            continue
        pool = instance.pools[instance.options[position].pool]
        if not (0 <= entry["node"] < pool.nodes and 0 <= entry["gpu"] < pool.gpus_per_node):
            yield (
                f"placement: {deployed_option_name(entry)}: node {entry['node']},"
                f" gpu {entry['gpu']} is outside pool {pool.name}"
                f" of {pool.nodes} nodes with {pool.gpus_per_node} GPUs"
            )
        shards[position, entry["replica"]].append((entry["shard"], entry["node"], entry["gpu"]))
    for d in deployed:
        for replica in range(d.replicas):
            where = f"placement: {d.name}, replica {replica}"
            found = shards.pop((d.position, replica), [])
            yield from _check_placed_replica(where, found, instance.options[d.position].tp_degree)
    for position, replica in sorted(shards):
        option = instance.options[position]
        yield (
            f"placement: replica {replica} of {instance.llms[option.llm].name}, tp"
            f" {option.tp_degree}, is placed but not deployed"
        )


def _check_placed_replica(
    where: str, placed: Sequence[tuple[int, int, int]], tp_degree: int
) -> Iterator[str]:
    """One replica's shards (shard, node, GPU) are complete, on different GPUs of one node."""
    numbers = sorted(shard for shard, _, _ in placed)
    if numbers != list(range(tp_degree)):
        yield f"{where}: shards {numbers} placed, needed are 0 to {tp_degree - 1}"
    nodes = {node for _, node, _ in placed}
    if len(nodes) > 1:
        yield f"{where}: its shards are on different nodes {sorted(nodes)}"
    if len({(node, gpu) for _, node, gpu in placed}) < len(placed):
        yield f"{where}: two shards of one replica are on one GPU"


def check_placement_room(placed: PlacedShards, instance: Instance) -> Iterator[str]:
    """Per GPU: MPS shares sum to at most 100 %, memory to at most (1 - headroom) of the GPU's; or
    MIG instances and nothing else (`planner.verification.mig_checks`).
    """
    yield from check_mig_placement(placed, instance)
    share: dict[tuple[int, int, int], float] = defaultdict(float)
    memory: dict[tuple[int, int, int], float] = defaultdict(float)
    for entry, position in placed:
        if position is not None and instance.options[position].mig is None:
            option = instance.options[position]
            place = (option.pool, entry["node"], entry["gpu"])
            share[place] += option.mps_share
            memory[place] += option.memory
    rooms = [instance.room(p) for p in range(len(instance.pools))]
    for place in share:
        if share[place] > 1 + RANGE_TOL:
            yield f"{_name_of_gpu(place, instance)}: MPS shares sum to {100 * share[place]:.6g} %"
        if memory[place] > rooms[place[0]] * (1 + RANGE_TOL):
            yield (
                f"{_name_of_gpu(place, instance)}: memory {memory[place]:.6g} GiB is above the"
                f" usable {rooms[place[0]]:.6g} GiB"
            )


def _name_of_gpu(place: tuple[int, int, int], instance: Instance) -> str:
    pool, node, gpu = place
    return f"placement: GPU {gpu} of node {node} in pool {instance.pools[pool].name}"
