"""What GPUs cost by the hour, recomputed from the text of the contract; shared by the checks of
both schemas. Not the optimiser's: models.formulation has its own.

    rented      price_p x GPUs with a shard
    owned       price_p x all GPUs of the pool
    reserved    q_p G_p R_p + price_p x max(0, GPUs with a shard - G_p R_p)
    bought      G_p (q_p R_p + price_p x max(0, nodes - R_p)), of pools whose nodes are decided
"""

from collections.abc import Mapping, Sequence

from models.instance import Pool

__all__ = ["recompute_fleet_cost"]


def recompute_fleet_cost(pools: Sequence[Pool], used: Mapping[str, int]) -> float | None:
    """USD/h; None where what is paid for at a pool's price has none.

    used: GPUs with a shard by the pool's name.
    """
    total = 0.0
    for pool in pools:
        per_node = pool.gpus_per_node
        total += pool.reserved * per_node * pool.reserved_price
        if pool.owned:
            charged = per_node * max(pool.nodes - pool.reserved, 0)
        else:
            charged = max(used.get(pool.name, 0) - per_node * pool.reserved, 0)
        if charged and pool.price is None:
            return None
        total += charged * (pool.price or 0.0)
    return total
