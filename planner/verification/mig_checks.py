"""Checks of MIG instances: each begins where its profile may, no memory slice of a GPU is in two of
them, nothing else is on such a GPU, and what runs on an instance fits it.

The geometry is that of the instance: `Option.mig` of each option on a MIG instance.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from models.instance import Instance, Option
from planner.verification.deployed_options import PlacedShards, deployed_option_name
from planner.verification.tolerances import RANGE_TOL

__all__ = ["check_mig_placement"]

Place = tuple[int, int, int]
"""(pool, node, GPU)."""


def check_mig_placement(placed: PlacedShards, instance: Instance) -> Iterator[str]:
    """Instances of every GPU that holds some."""
    divided: dict[Place, list[tuple[Mapping[str, Any], Option]]] = defaultdict(list)
    for entry, position in placed:
        if position is None:
            continue
        option = instance.options[position]
        if option.mig is not None:
            divided[option.pool, entry["node"], entry["gpu"]].append((entry, option))
        elif "mig_start" in entry:
            yield f"placement: {deployed_option_name(entry)}: a share of a GPU has no mig_start"
    beside = _places_of_shares(placed, instance) if divided else set()
    for place, held in sorted(divided.items(), key=lambda one: one[0]):
        pool = instance.pools[place[0]].name
        where = f"placement: GPU {place[2]} of node {place[1]} in pool {pool}"
        if place in beside:
            yield f"{where}: MIG instances beside a shard with an MPS share"
        yield from _check_divided_gpu(where, held, instance.memory_headroom)


def _places_of_shares(placed: PlacedShards, instance: Instance) -> set[Place]:
    """GPUs that hold a shard with an MPS share."""
    options = instance.options
    return {
        (options[at].pool, entry["node"], entry["gpu"])
        for entry, at in placed
        if at is not None and options[at].mig is None
    }


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
