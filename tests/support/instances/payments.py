"""Pools that are rented, owned or partly reserved, and what their GPUs cost, by the words of the
contract alone.
"""

import math
from dataclasses import replace

import numpy as np

from models.instance import Instance, Pool

__all__ = ["paid_for_pool", "paid_otherwise"]


def paid_for_pool(pool: Pool, used: int) -> float:
    """USD/h of a pool with so many GPUs in use; NaN where a price is needed that is not known."""
    beyond = max(0, used - pool.reserved * pool.gpus_per_node)
    if pool.owned:
        beyond = (pool.nodes - pool.reserved) * pool.gpus_per_node
    if beyond > 0 and pool.price is None:
        return math.nan
    reserved = pool.reserved_price * pool.reserved * pool.gpus_per_node
    return reserved + (pool.price or 0.0) * max(beyond, 0)


def paid_otherwise(instance: Instance, seed: int) -> Instance:
    """The same instance with every pool owned or partly reserved, or, of several, one rented."""
    rng = np.random.default_rng([seed, 17])
    pools = []
    for p, pool in enumerate(instance.pools):
        kind = int(rng.integers(2 if p == 0 else 3))
        reserved = int(rng.integers(1, pool.nodes + 1)) if kind == 1 else 0
        pools.append(
            replace(pool, owned=kind == 0, reserved=reserved, reserved_price=0.5 * (kind == 1))
        )
    return replace(instance, pools=tuple(pools))
