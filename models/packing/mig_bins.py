"""MIG instances on whole GPUs: the fewest GPUs that hold them.

A GPU is divided into instances or it is not, and a replica on an instance has one shard. So a pool
is packed in two steps without loss: instances onto the fewest GPUs, then these, each as a shard
that fills a GPU, beside everything else. How many GPUs instances take is an integer program over
the configurations of a GPU (Gilmore and Gomory, Operations Research 9, 1961), all of which are
known here:

    min  sum_c y_c    s.t.  sum_c a_ck y_c >= n_k  for every shape k,   y_c whole

with a_ck instances of shape k in the configuration c (`models.packing.mig_slots`).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from models.packing.first_fit import Item
from models.packing.mig_slots import Shape, largest_mig_configurations

__all__ = ["MigGpu", "fill_mig_gpus"]

MigGpu = tuple[tuple[int, int], ...]
"""What one GPU holds: (item's key, replica)."""


def fill_mig_gpus(items: Sequence[Item]) -> list[MigGpu]:
    """The instances of items on the fewest GPUs, the fullest GPUs first."""
    if not items:
        return []
    shapes = tuple(sorted({item.mig for item in items}))
    waiting: dict[Shape, list[tuple[int, int]]] = {shape: [] for shape in shapes}
    for item in items:
        waiting[item.mig] += [(item.key, replica) for replica in range(item.count)]
    counts = tuple(len(waiting[shape]) for shape in shapes)
    gpus: list[MigGpu] = []
    for held, copies in zip(
        largest_mig_configurations(shapes), _mig_gpus(shapes, counts), strict=True
    ):
        for _ in range(copies):
            gpu: list[tuple[int, int]] = []
            for shape, count in zip(shapes, held, strict=True):
                gpu += waiting[shape][:count]
                del waiting[shape][:count]
            gpus.append(tuple(gpu))
    return [gpu for gpu in gpus if gpu]


@lru_cache(maxsize=4096)
def _mig_gpus(shapes: tuple[Shape, ...], counts: tuple[int, ...]) -> tuple[int, ...]:
    """GPUs of every configuration."""
    held = np.array(largest_mig_configurations(shapes), dtype=float).reshape(-1, len(shapes))
    if not sum(counts):
        return (0,) * len(held)
    answer = milp(
        np.ones(len(held)),
        constraints=LinearConstraint(held.T, lb=np.array(counts, dtype=float)),
        integrality=np.ones(len(held)),
        bounds=Bounds(0, sum(counts)),
        # The number of GPUs is whole: below a gap of one GPU there is nothing left to find.
        options={"mip_rel_gap": 0.0},
    )
    if answer.x is None:
        return _mig_gpus_shape_by_shape(held, counts)
    return tuple(round(copies) for copies in answer.x)


def _mig_gpus_shape_by_shape(held: np.ndarray, counts: tuple[int, ...]) -> tuple[int, ...]:
    """GPUs of every configuration, instances held (K, S), where the solver gave none: for each
    shape those with the most instances of it. Enough, not the fewest.
    """
    copies = [0] * len(held)
    for shape, count in enumerate(counts):
        most = int(held[:, shape].argmax())
        copies[most] += -(-count // int(held[most, shape]))
    return tuple(copies)
