"""Checks of the placement: every shard of every replica is placed, and no GPU is overfilled."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from models.instance import Instance
from planner.verification.deployed_options import StatedOption, deployed_option_name
from planner.verification.mig_checks import check_mig_placement
from planner.verification.placed_shards import NO_OPTION, PlacedShards
from planner.verification.tolerances import RANGE_TOL

__all__ = ["check_placed_shards", "check_placement_room"]


def check_placed_shards(
    placed: PlacedShards, instance: Instance, deployed: Sequence[StatedOption]
) -> Iterator[str]:
    """Every (option, replica) has shards 0 .. tp_degree - 1 once each, on different GPUs of one
    node of the option's pool.
    """
    yield from _check_placed_within_pools(placed, instance)
    # The rows of each option, by replica and shard.
    rows = np.lexsort((placed.shard, placed.replica, placed.option))
    first = np.searchsorted(placed.option[rows], np.arange(len(instance.options) + 1))
    replicas = np.zeros(len(instance.options), dtype=int)
    for d in deployed:
        replicas[d.position] = d.replicas
        own = rows[first[d.position] : first[d.position + 1]]
        tp_degree = instance.options[d.position].tp_degree
        if not _are_replicas_whole(placed, own, d.replicas, tp_degree):
            yield from _check_placed_replicas(placed, own, d, tp_degree)
    rows = np.flatnonzero(placed.option != NO_OPTION)
    option, replica = placed.option[rows], placed.replica[rows]
    beyond = (replica < 0) | (replica >= replicas[option])
    pairs = zip(option[beyond].tolist(), replica[beyond].tolist(), strict=True)
    for position, number in sorted(set(pairs)):
        one = instance.options[position]
        yield (
            f"placement: replica {number} of {instance.llms[one.llm].name}, tp"
            f" {one.tp_degree}, is placed but not deployed"
        )


def _check_placed_within_pools(placed: PlacedShards, instance: Instance) -> Iterator[str]:
    """Every shard is of an option of the instance, and on a GPU of its pool."""
    pools = [instance.pools[option.pool] for option in instance.options]
    # NO_OPTION takes the numbers of the last option, which then do not count.
    nodes = np.array([pool.nodes for pool in pools], dtype=int)[placed.option]
    gpus_per_node = np.array([pool.gpus_per_node for pool in pools], dtype=int)[placed.option]
    is_within = (0 <= placed.node) & (placed.node < nodes)
    is_within &= (0 <= placed.gpu) & (placed.gpu < gpus_per_node) & (placed.option != NO_OPTION)
    for k in np.flatnonzero(~is_within).tolist():
        entry = placed.entries[k]
        if placed.option[k] == NO_OPTION:
            yield f"placement: {deployed_option_name(entry)}: no such option in the instance"
            continue
        pool = pools[placed.option[k]]
        yield (
            f"placement: {deployed_option_name(entry)}: node {entry['node']},"
            f" gpu {entry['gpu']} is outside pool {pool.name}"
            f" of {pool.nodes} nodes with {pool.gpus_per_node} GPUs"
        )


def _are_replicas_whole(
    placed: PlacedShards, rows: np.ndarray, replicas: int, tp_degree: int
) -> bool:
    """Whether an option's rows, by replica and shard, are those of all its replicas; only where
    they are not, they are looked through replica by replica.
    """
    if len(rows) != replicas * tp_degree:
        return False
    table = rows.reshape(replicas, tp_degree)
    node = placed.node[table]
    return bool(
        (placed.replica[table] == np.arange(replicas)[:, None]).all()
        and (placed.shard[table] == np.arange(tp_degree)).all()
        and (node == node[:, :1]).all()
        and (np.diff(np.sort(placed.gpu[table])) > 0).all()
    )


def _check_placed_replicas(
    placed: PlacedShards, rows: np.ndarray, deployed: StatedOption, tp_degree: int
) -> Iterator[str]:
    """What is wrong with which of an option's replicas."""
    shards: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for entry in map(placed.entries.__getitem__, rows.tolist()):
        shards[entry["replica"]].append((entry["shard"], entry["node"], entry["gpu"]))
    for replica in range(deployed.replicas):
        where = f"placement: {deployed.name}, replica {replica}"
        yield from _check_placed_replica(where, shards.pop(replica, []), tp_degree)


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
    shared = [(0.0, 0.0) if o.mig else (o.mps_share, o.memory) for o in instance.options]
    # An option that is not in the instance takes no room: the last row, which NO_OPTION names.
    taken = np.array([*shared, (0.0, 0.0)])[placed.option]
    first = placed.gpus.first
    share, memory = (
        np.bincount(placed.gpus.of_shard, weights=column, minlength=len(first))
        for column in taken.T
    )
    rooms = {pool.name: instance.room(p) for p, pool in enumerate(instance.pools)}
    room = np.array([rooms.get(name, np.inf) for name in placed.pool_names])[placed.pool[first]]
    is_full = (share > 1 + RANGE_TOL) | (memory > room * (1 + RANGE_TOL))
    for k in np.flatnonzero(is_full).tolist():
        entry = placed.entries[first[k]]
        where = f"placement: GPU {entry['gpu']} of node {entry['node']} in pool {entry['pool']}"
        if share[k] > 1 + RANGE_TOL:
            yield f"{where}: MPS shares sum to {100 * share[k]:.6g} %"
        if memory[k] > room[k] * (1 + RANGE_TOL):
            yield f"{where}: memory {memory[k]:.6g} GiB is above the usable {room[k]:.6g} GiB"
