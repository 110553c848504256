"""The shards that a plan places, read back by name into arrays: a plan of 100,000 GPUs has as many
shards, and what holds for all of them is checked with numpy.

The plan has passed the check of its shape: nodes, GPUs, replicas and shards are whole numbers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np

from planner.verification.deployed_options import OptionIndex, find_deployed_option

__all__ = ["NO_OPTION", "PlacedGpus", "PlacedShards", "read_placed_shards"]

NO_OPTION = -1
"""In place of a position in Instance.options, where the instance has no such option."""


@dataclass(frozen=True, kw_only=True)
class PlacedGpus:
    """The GPUs that hold a shard. of_shard: (S,) which of them each shard is on; first: the row of
    the first shard on each.
    """

    of_shard: np.ndarray
    first: np.ndarray


@dataclass(frozen=True, kw_only=True)
class PlacedShards:
    """entries: plan["placement"], in arrays (S,) of them: option, position in Instance.options or
    NO_OPTION; pool, its place among pool_names; node, gpu, replica and shard as stated.
    """

    entries: Sequence[Mapping[str, Any]]
    option: np.ndarray
    pool: np.ndarray
    pool_names: Sequence[str]
    node: np.ndarray
    gpu: np.ndarray
    replica: np.ndarray
    shard: np.ndarray

    @cached_property
    def gpus(self) -> PlacedGpus:
        """The different (pool, node, GPU)."""
        columns = np.array([self.gpu, self.node, self.pool])
        order = np.lexsort(columns)
        is_new = np.ones(len(order), dtype=bool)
        is_new[1:] = (np.diff(columns[:, order]) != 0).any(axis=0)
        of_shard = np.empty(len(order), dtype=int)
        of_shard[order] = np.cumsum(is_new) - 1
        return PlacedGpus(of_shard=of_shard, first=order[is_new])

    def gpus_by_pool(self) -> Counter[str]:
        """How many GPUs of each pool hold a shard."""
        counts = np.bincount(self.pool[self.gpus.first], minlength=len(self.pool_names)).tolist()
        return Counter(dict(zip(self.pool_names, counts, strict=True)))


def read_placed_shards(placement: Sequence[Mapping[str, Any]], index: OptionIndex) -> PlacedShards:
    """Every entry with the option that it names; entries that name the same are looked up once."""
    number: dict[tuple[Any, ...], int] = {}
    kind = np.array(
        [
            number.setdefault(
                (
                    entry["llm"],
                    entry["pool"],
                    entry["tp_degree"],
                    entry["mps_share_pct"],
                    entry.get("mig_profile"),
                ),
                len(number),
            )
            for entry in placement
        ],
        dtype=int,
    )
    # One entry of each kind, whichever.
    rows = np.empty(len(number), dtype=int)
    rows[kind] = np.arange(len(placement))
    kinds = [placement[k] for k in rows.tolist()]
    found = [find_deployed_option(entry, index) for entry in kinds]
    pool_names = list(dict.fromkeys(entry["pool"] for entry in kinds))
    pools = [pool_names.index(entry["pool"]) for entry in kinds]
    return PlacedShards(
        entries=placement,
        option=np.array([NO_OPTION if at is None else at for at in found], dtype=int)[kind],
        pool=np.array(pools, dtype=int)[kind],
        pool_names=pool_names,
        **{
            key: np.fromiter(map(itemgetter(key), placement), int, len(placement))
            for key in ("node", "gpu", "replica", "shard")
        },
    )
