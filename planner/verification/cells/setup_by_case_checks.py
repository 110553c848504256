"""Checks of the setups of a plan of cells: options, replica limits, utilisation, quotas and
placement, by the checks of a plan with one setup.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from models.instance import Instance
from planner.verification.cells.stated_cells import StatedSetup
from planner.verification.deployed_options import (
    OptionIndex,
    check_restated_options,
    check_stated_options,
)
from planner.verification.placed_shards import read_placed_shards
from planner.verification.placement_checks import check_placed_shards, check_placement_room
from planner.verification.setup_checks import (
    check_setup_quotas,
    check_setup_replica_limits,
    check_setup_utilization,
)

__all__ = ["check_options_by_setup", "check_setup_by_case", "gpus_held_by_setup"]


def check_options_by_setup(plan: Mapping[str, Any], index: OptionIndex) -> Iterator[str]:
    """Every entry of `options` names one option of the instance, once, with a replica or more."""
    for k, setup in enumerate(plan["setups"]):
        for problem in check_stated_options(setup["options"], index):
            yield f"setups.{k}: {problem}"


def check_setup_by_case(
    setup: StatedSetup, instance: Instance, index: OptionIndex
) -> Iterator[str]:
    """What binds every setup: options as they are, replica limits, utilisation, quotas, seats of
    all shards, room on every GPU, GPUs used.
    """
    for problem in _check_as_one_setup(setup, instance, index):
        yield f"{setup.where}: {problem}"


def _check_as_one_setup(
    setup: StatedSetup, instance: Instance, index: OptionIndex
) -> Iterator[str]:
    # The checks of a plan with one setup know shards by the names of their option.
    named = [
        {
            **shard,
            **{
                key: value
                for key, value in setup.entry["options"][shard["option"]].items()
                if key in ("llm", "tp_degree", "mps_share_pct", "mig_profile")
            },
        }
        for shard in setup.entry["placement"]
    ]
    placed = read_placed_shards(named, index)
    yield from check_restated_options(instance, setup.options)
    yield from check_setup_replica_limits(instance, setup.options)
    yield from check_setup_utilization(instance, setup.options)
    yield from check_setup_quotas(instance, setup.options)
    yield from check_placed_shards(placed, instance, setup.options)
    yield from check_placement_room(placed, instance)
    held = placed.gpus_by_pool().total()
    if setup.entry["gpus_used"] != held:
        yield f"gpus_used: {setup.entry['gpus_used']} but {held} GPUs hold a shard"


def gpus_held_by_setup(setup: StatedSetup) -> Counter[str]:
    """GPUs with a shard by the pool's name."""
    held = {(shard["pool"], shard["node"], shard["gpu"]) for shard in setup.entry["placement"]}
    return Counter(pool for pool, _, _ in held)
