"""The fewest GPUs of a pool for instances and shares together, by the oracle's enumeration."""

from collections.abc import Sequence

from models.instance import Option, Pool
from tests.support.instances.oracle import place_one

__all__ = ["fewest_gpus_with_mig"]


def fewest_gpus_with_mig(
    options: Sequence[Option], replicas: Sequence[int], pool: Pool, room: float
) -> int | None:
    """GPUs that hold a shard at least; None where the pool cannot hold all."""
    empty = tuple((0.0, 0.0, 0) for _ in range(pool.gpus_per_node))
    states = {tuple(empty for _ in range(pool.nodes))}
    for option, count in zip(options, replicas, strict=True):
        for _ in range(count):
            states = {after for state in states for after in place_one(state, option, room)}
    return min(
        (
            sum(share > 0 or bool(taken) for node in state for share, _, taken in node)
            for state in states
        ),
        default=None,
    )
