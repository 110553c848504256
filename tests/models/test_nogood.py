"""No-goods against every setup of a small pool."""

from collections.abc import Sequence
from dataclasses import replace
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


@pytest.mark.parametrize("seed", range(8))
def test_in_the_second_pool_of_two(seed: int) -> None:
    """The same statement, about the options of its own pool; two LLMs of one size
    count together."""
    alone = small_pool(seed)
    first = alone.options[0]
    alone = replace(alone, options=(*alone.options, replace(first, llm=1 - first.llm)))
    count = len(alone.options)
    twins = tuple(replace(option, pool=1) for option in alone.options)
    both = replace(alone, pools=alone.pools * 2, options=(*alone.options, *twins))
    pool, room = alone.pools[0], alone.room(0)
    source = [3, 1, 1, 1, 3]
    core = smallest_placement_conflict(
        items_of(alone, source), pool.nodes, pool.gpus_per_node, room, 1
    )
    present = dict(enumerate(source))
    expected = lifted_no_good(alone, 0, core, present, 1)
    moved = [replace(item, key=item.key + count) for item in core]
    lifted = lifted_no_good(both, 1, moved, {o + count: n for o, n in present.items()}, 1)
    assert lifted.pool == 1
    assert lifted.counts == expected.counts
    assert lifted.members == tuple(tuple(o + count for o in hard) for hard in expected.members)


@pytest.mark.parametrize("most", [None, 3])
def test_a_setup_is_forbidden_when_it_reaches_all_counts(most: int | None) -> None:
    """And, where that is limited, has no more replicas in all."""
    no_good = NoGood(0, ((0, 1), (2,)), (2, 1), replicas=most)
    for replicas in product(range(3), repeat=4):
        few = most is None or sum(replicas) <= most
        expected = forbids(no_good, replicas, 0) and few
        assert no_good.forbids(np.array(replicas)) == expected


def test_the_largest_share_comes_first() -> None:
    """30 % with 40 GiB beside 60 % with 20 GiB: whoever reaches the first count must hold 40 GiB on
    60 %, which this setup does not, so its own options are named.
    """
    instance = small_pool(0)
    kinds = [(0.6, 20.0), (0.3, 40.0), (0.7, 40.0), (0.6, 10.0), (0.7, 39.5)]
    options = tuple(
        replace(instance.options[0], llm=0, tp_degree=1, mps_share=s, memory=m) for s, m in kinds
    )
    instance = replace(instance, options=options)
    core = [Item(0, 1, 0.6, 20.0, 1), Item(1, 1, 0.3, 40.0, 2)]
    assert lifted_no_good(instance, 0, core, {0: 1, 1: 2}, None) == NoGood(0, ((0,), (1,)), (1, 2))
    lifted = lifted_no_good(instance, 0, core, {2: 1, 1: 2}, None)
    assert lifted == NoGood(0, ((2,), (1, 2)), (1, 3))
