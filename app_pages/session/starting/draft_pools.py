"""Pools of the draft: one or several of each GPU type, as keys of a scenario.

Fields of the first pool of a type are called `WHAT TYPE`, those of the k-th further one
`pool k: WHAT TYPE`.
"""

from typing import Any

from app_pages.session.draft import draft_rows, draft_value

__all__ = [
    "DECIDED",
    "GIVEN",
    "GPUS_PER_NODE",
    "NODES",
    "OWNED",
    "RENTED",
    "RESERVED",
    "draft_pool_field",
    "draft_pool_name",
    "draft_pool_rows",
    "draft_pools_degree",
    "draft_pools_part",
]

NODES, GPUS_PER_NODE = 1, 8
"""Of a pool that was just chosen."""
RENTED, OWNED, RESERVED = "rented", "owned", "reserved"
"""How a pool is paid for."""
GIVEN, DECIDED = "given", "decided"
"""Whether a pool has the stated number of nodes, or the plan decides how many up to that."""


def draft_pool_rows(gpu: str) -> list[int]:
    """Numbers of the pools of a GPU type."""
    return draft_rows(f"pool {gpu}", 1)


def draft_pool_field(what: str, gpu: str, row: int) -> str:
    """The field that holds something of a pool."""
    return f"{what} {gpu}" if row == 0 else f"pool {row}: {what} {gpu}"


def draft_pool_name(gpu: str, row: int) -> str:
    """What a pool is called before it is given a name: like its type, the further ones with a
    number.
    """
    return gpu if row == 0 else f"{gpu}-{row + 1}"


def draft_pools_part() -> dict[str, Any]:
    """All pools; blank memory and price are the catalogue's."""
    gpus: list[str] = draft_value("gpus", [])
    return {"pools": [_draft_pool(gpu, row) for gpu in gpus for row in draft_pool_rows(gpu)]}


def _draft_pool(gpu: str, row: int) -> dict[str, Any]:
    def entered(what: str, first: Any = None) -> Any:
        return draft_value(draft_pool_field(what, gpu, row), first)

    name = draft_pool_name(gpu, row)
    nodes: Any = entered("nodes", NODES)
    if entered("how many", GIVEN) == DECIDED:
        nodes = {"at_least": entered("least nodes", 0), "at_most": nodes}
    pool = {
        "name": entered("name", name) if len(draft_pool_rows(gpu)) > 1 else name,
        "gpu": gpu,
        "nodes": nodes,
        "gpus_per_node": entered("gpus per node", GPUS_PER_NODE),
    }
    for key, what in (("memory_gib", "memory"), ("price_usd_per_gpu_h", "price")):
        if (value := entered(what)) is not None:
            pool[key] = value
    paid = entered("paid", RENTED)
    if paid == RESERVED:
        reserved = {"nodes": entered("reserved nodes")}
        pool["reserved"] = {**reserved, "price_usd_per_gpu_h": entered("reserved price")}
    return {**pool, "owned": True} if paid == OWNED else pool


def draft_pools_degree() -> int:
    """The largest tensor-parallel degree that fits into a node of some pool."""
    sizes = [pool["gpus_per_node"] for pool in draft_pools_part()["pools"]]
    return max((size for size in sizes if size is not None), default=GPUS_PER_NODE)
