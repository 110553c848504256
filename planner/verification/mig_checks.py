"""Checks of MIG instances: each begins where its profile may, no memory slice of a GPU is in two of
them, nothing else is on such a GPU, and what runs on an instance fits it.

The geometry is that of the instance: `Option.mig` of each option on a MIG instance.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from models.instance import Instance, Option
from planner.verification.deployed_options import deployed_option_name
from planner.verification.placed_shards import NO_OPTION, PlacedShards
from planner.verification.tolerances import RANGE_TOL

__all__ = ["check_mig_placement"]


def check_mig_placement(placed: PlacedShards, instance: Instance) -> Iterator[str]:
    """Instances of every GPU that holds some."""
    # The last is of shards without an option, which NO_OPTION names.
    is_divided = np.array([*(o.mig is not None for o in instance.options), False])[placed.option]
    is_share = ~is_divided & (placed.option != NO_OPTION)
    for k, entry in enumerate(placed.entries):
        if "mig_start" in entry and is_share[k]:
            yield f"placement: {deployed_option_name(entry)}: a share of a GPU has no mig_start"
    divided: dict[int, list[tuple[Mapping[str, Any], Option]]] = defaultdict(list)
    for k in np.flatnonzero(is_divided).tolist():
        pair = (placed.entries[k], instance.options[placed.option[k]])
        divided[int(placed.gpus.of_shard[k])].append(pair)
    beside = set(placed.gpus.of_shard[is_share].tolist()) if divided else set()
    places = {_divided_place(*held[0]): gpu for gpu, held in divided.items()}
    for (p, node, number), gpu in sorted(places.items()):
        where = f"placement: GPU {number} of node {node} in pool {instance.pools[p].name}"
        if gpu in beside:
            yield f"{where}: MIG instances beside a shard with an MPS share"
        yield from _check_divided_gpu(where, divided[gpu], instance.memory_headroom)


def _divided_place(entry: Mapping[str, Any], option: Option) -> tuple[int, int, int]:
    """(pool, node, GPU) of a shard."""
    return option.pool, entry["node"], entry["gpu"]


def _check_divided_gpu(
    where: str, held: list[tuple[Mapping[str, Any], Option]], headroom: float
) -> Iterator[str]:
    """The instances of one GPU: legal starts, no slice twice, memory, one GPU a replica."""
    owner: dict[int, str] = {}
    for entry, option in held:
        profile = option.mig
        if profile is None:
            continue
        start = entry.get("mig_start")
        if option.tp_degree != 1:
            yield f"{where}: tp {option.tp_degree} on MIG instances {profile.name}"
        if start not in profile.starts:
            starts = ", ".join(map(str, profile.starts))
            yield f"{where}: an instance {profile.name} at slice {start}; it may begin at {starts}"
            continue
        for piece in range(start, start + profile.size):
            if piece in owner:
                yield f"{where}: slice {piece} is in two instances, {owner[piece]}, {profile.name}"
                break
            owner[piece] = profile.name
        usable = (1.0 - headroom) * profile.memory
        if option.memory > usable * (1 + RANGE_TOL):
            yield (
                f"{where}: memory {option.memory:.6g} GiB is above the usable {usable:.6g} GiB of"
                f" an instance {profile.name}"
            )
