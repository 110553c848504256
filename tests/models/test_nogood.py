"""No-goods against every setup of a small pool."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from models.instance import Instance, Llm, Option, Pool
from models.nogood import NoGood, lifted_no_good
from models.packing.first_fit import Item, PackingVerdict
from models.packing.placement import place_on_fewest, smallest_placement_conflict
from profiles.records import Scores
from tests.support.instances.random_pools import CURVE, GRID


def forbids(no_good: NoGood, replicas: Sequence[int], gpus: int) -> bool:
    """Whether all literals are reached (and the pool uses no more GPUs than the statement
    covers).
    """
    reached = all(
        sum(replicas[o] for o in hard) >= n
        for hard, n in zip(no_good.members, no_good.counts, strict=True)
    )
    return reached and (no_good.gpus is None or gpus <= no_good.gpus)


def items_of(instance: Instance, replicas: Sequence[int]) -> list[Item]:
    return [
        Item(o, k.tp_degree, k.mps_share, k.memory, replicas[o])
        for o, k in enumerate(instance.options)
        if replicas[o]
    ]


def small_pool(seed: int) -> Instance:
    """One pool of one or two nodes and four kinds, some harder than others in share, in memory, or
    both.
    """
    rng = np.random.default_rng(seed)
    nodes, per_node = [(1, 2), (1, 3), (1, 4), (2, 2)][seed % 4]
    keys: set[tuple[int, int, int, float, float]] = set()
    while len(keys) < 4:
        tp = int(rng.choice([1, 1, 2, min(3, per_node)]))
        keys.add(
            (
                int(rng.integers(2)),
                0,
                tp,
                float(rng.choice(GRID[2:])) / 100,
                float(rng.choice([8.0, 20.0, 30.0, 40.0, 50.0])),
            )
        )
    scores = Scores(np.array(["p"]), ("a", "b"), np.ones((2, 1)), np.ones(1))
    options = tuple(
        Option(llm=llm, pool=pool, tp_degree=tp, mps_share=share, memory=memory, curve=CURVE)
        for llm, pool, tp, share, memory in sorted(keys)
    )
    return Instance(
        llms=(Llm("a"), Llm("b")),
        pools=(Pool(name="only", gpu="gpu", nodes=nodes, gpus_per_node=per_node, memory=80.0),),
        options=options,
        slos=(),
        arrival_rate=1.0,
        scores=scores,
    )


@pytest.mark.parametrize("seed", range(24))
def test_lifted_no_goods_forbid_their_source_and_nothing_placeable(seed: int) -> None:
    """Against all setups of up to three replicas a kind, with and without a limit on the GPUs."""
    instance = small_pool(seed)
    pool, room = instance.pools[0], instance.room(0)
    every = list(product(range(4), repeat=len(instance.options)))
    fewest: dict[tuple[int, ...], int | None] = {}
    for replicas in every:
        packing = place_on_fewest(
            items_of(instance, replicas), pool.nodes, pool.gpus_per_node, room
        )
        fewest[replicas] = packing.gpus if packing.verdict is PackingVerdict.PACKED else None
    rng = np.random.default_rng(seed)
    for limit in (None, pool.gpus - 1):
        bad = [n for n in every if fewest[n] is None or (limit is not None and fewest[n] > limit)]  # type: ignore[operator]
        for k in rng.choice(len(bad), min(len(bad), 12), replace=False):
            source = bad[k]
            items = items_of(instance, source)
            core = smallest_placement_conflict(items, pool.nodes, pool.gpus_per_node, room, limit)
            no_good = lifted_no_good(
                instance, 0, core, {item.key: item.count for item in items}, limit
            )
            assert forbids(no_good, source, 0)
            assert no_good.gpus == limit
            wrong = [
                n for n in every if (used := fewest[n]) is not None and forbids(no_good, n, used)
            ]
            assert not wrong, f"{no_good} from {source} forbids {wrong[:3]}"
