"""Capacity rows against every pattern of shards, and against random placements."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from models.capacity import capacity_rows, most_replicas_by_capacity
from models.instance import Instance, Llm, Option, Pool, Quota, Running
from profiles.records import Scores
from tests.support.instances.random_pools import CURVE, cluster


def patterns(sizes: Sequence[tuple[int, float]], room: float) -> Iterator[list[int]]:
    """Every multiset of shards, given as (per cent, GiB), that one GPU holds, maximal or not."""

    def extend(k: int, share: int, memory: float, counts: list[int]) -> Iterator[list[int]]:
        if k == len(sizes):
            yield counts
            return
        more, gib = sizes[k]
        n = 0
        while share + n * more <= 100 and memory + n * gib <= room + 1e-9:
            yield from extend(k + 1, share + n * more, memory + n * gib, [*counts, n])
            n += 1

    yield from extend(0, 0, 0.0, [])


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_capacity_rows_hold_for_every_pattern_of_a_gpu(first: int) -> None:
    """A row reads sum (weight / tp) per GPU <= 1: checked on every set of shards that a GPU can
    hold, so on every legal placement.
    """
    for seed in range(first, first + 20):
        instance = cluster(seed)
        for row in capacity_rows(instance):
            member = [o for o, option in enumerate(instance.options) if option.pool == row.pool]
            outside = [o for o, option in enumerate(instance.options) if option.pool != row.pool]
            assert not row.weight[outside].any()
            assert row.weight.min() >= 0
            if row.per_node:
                check_node_row(instance, row.weight, row.pool)
                continue
            unit = row.weight[member] / instance.shards[member]
            sizes = [
                (round(100 * instance.options[o].mps_share), instance.options[o].memory)
                for o in member
            ]
            every = np.array(list(patterns(sizes, instance.room(row.pool))))
            assert (every @ unit).max() <= 1 + 1e-6, (
                f"seed {seed}: {every[(every @ unit).argmax()]} of {sizes} weighs"
                f" {(every @ unit).max()}"
            )


def check_node_row(instance: Instance, weight: np.ndarray, pool: int) -> None:
    """Shards above half a GPU never share one: a node holds any multiset of such replicas whose
    degrees sum to at most its GPUs.
    """
    heavy = [o for o in np.flatnonzero(weight > 0)]
    degrees = [instance.options[o].tp_degree for o in heavy]
    assert all(instance.options[o].mps_share > 0.5 for o in heavy)
    per_node = instance.pools[pool].gpus_per_node
    for counts in product(*(range(per_node // d + 1) for d in degrees)):
        if sum(n * d for n, d in zip(counts, degrees, strict=True)) <= per_node:
            assert float(np.dot(counts, weight[heavy])) <= 1 + 1e-6


def random_placement(rng: np.random.Generator, instance: Instance) -> tuple[np.ndarray, list[int]]:
    """Fill the pools at random with shards where they fit: (replicas (O,), GPUs used per pool).

    Often nearly full.
    """
    replicas, used = np.zeros(len(instance.options), dtype=int), []
    for p, pool in enumerate(instance.pools):
        free = np.full((pool.nodes, pool.gpus_per_node, 2), [100.0, instance.room(p)])
        member = [o for o, option in enumerate(instance.options) if option.pool == p]
        member = [o for o in member if rng.random() < 0.7]
        for _ in range(int(rng.integers(1, 60)) if member else 0):
            o = int(rng.choice(member))
            option = instance.options[o]
            need = np.array([round(100 * option.mps_share), option.memory - 1e-9])
            node = int(rng.integers(pool.nodes))
            fits = np.flatnonzero((free[node] >= need).all(axis=1))
            if fits.size >= option.tp_degree:
                free[node, rng.permutation(fits)[: option.tp_degree]] -= need
                replicas[o] += 1
        used.append(int((free[:, :, 0] < 100).sum()))
    return replicas, used


@pytest.mark.parametrize("seed", range(20))
def test_random_legal_placements_obey_every_row(seed: int) -> None:
    instance = cluster(seed, kinds=8)
    rows = capacity_rows(instance)
    most = most_replicas_by_capacity(instance, rows)
    rng = np.random.default_rng(seed)
    for _ in range(60):
        replicas, used = random_placement(rng, instance)
        assert np.all(replicas <= most)
        for row in rows:
            limit = instance.pools[row.pool].nodes if row.per_node else used[row.pool]
            assert float(row.weight @ replicas) <= limit + 1e-6


def test_the_plain_rows_are_there_in_some_form() -> None:
    """For every option alone the rows allow no more than share, memory and nodes do: 4 of 6 GPUs at
    100 % is one replica per node.
    """
    scores = Scores(np.array(["p"]), ("a",), np.ones((1, 1)), np.ones(1))
    pools = (Pool(name="six", gpu="gpu", nodes=3, gpus_per_node=6, memory=80.0),)
    options = (
        Option(llm=0, pool=0, tp_degree=1, mps_share=0.3, memory=10.0, curve=CURVE),
        Option(llm=0, pool=0, tp_degree=1, mps_share=0.5, memory=40.0, curve=CURVE),
        Option(llm=0, pool=0, tp_degree=4, mps_share=1.0, memory=10.0, curve=CURVE),
    )
    instance = Instance(
        llms=(Llm("a"),), pools=pools, options=options, slos=(), arrival_rate=1.0, scores=scores
    )
    # three of 30 % a GPU; one of 40 GiB in 72 GiB per GPU; one of four whole GPUs per node
    assert most_replicas_by_capacity(instance, capacity_rows(instance)).tolist() == [54, 18, 3]
    limited = Instance(
        llms=(Llm("a", 0, 2),),
        pools=pools,
        options=options,
        slos=(),
        arrival_rate=1.0,
        scores=scores,
    )
    assert most_replicas_by_capacity(limited, capacity_rows(limited)).tolist() == [2, 2, 2]


def test_a_quota_limits_the_replicas_of_what_it_weighs() -> None:
    """A weight of 0 limits nothing; 3 / 0.5 is 6 although floating point may say 5.999."""
    instance = cluster(3)
    weight = np.zeros(len(instance.options))
    weight[:4] = 0.5, 2.0, 0.0, 0.3
    quota = Quota("all", tuple(weight), 3.0)
    limited = replace(instance, quotas=(quota, replace(quota, most=9.0)))
    assert most_replicas_by_capacity(limited, [])[:4].tolist() == [6, 1, np.inf, 10]
    rows = capacity_rows(instance)
    without = most_replicas_by_capacity(instance, rows)
    expected = np.minimum(without[:4], [6, 1, np.inf, 10])
    assert most_replicas_by_capacity(limited, rows)[:4].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("most", "gone", "more"), [(3, 0, 3), (3, 1, 2), (1, 1, 0), (1, 2, 0), (None, 2, np.inf)]
)
def test_a_limit_of_changes_limits_what_starts(most: int | None, gone: int, more: float) -> None:
    """Of each option no more than run of it and may start, less those that stop in any case."""
    instance = cluster(3)
    replicas = tuple(k % 4 for k in range(len(instance.options)))
    rates = (0.0,) * len(replicas)
    running = Running(replicas=replicas, rates=rates, gone=gone, most=most)
    limited = replace(instance, running=running)
    expected = np.array(replicas) + more
    assert most_replicas_by_capacity(limited, []).tolist() == expected.tolist()
    rows = capacity_rows(instance)
    without = most_replicas_by_capacity(instance, rows)
    allowed = most_replicas_by_capacity(limited, rows)
    assert allowed.tolist() == np.minimum(without, expected).tolist()


@pytest.mark.parametrize("seed", range(40))
def test_rows_hold_for_shards_that_fill_a_gpu_to_the_brim(seed: int) -> None:
    """Halves, thirds and quarters of share and memory: sums are 1 exactly, up to rounding."""
    rng = np.random.default_rng(seed)
    parts = [(50, 36.0), (50, 24.0), (30, 24.0), (20, 36.0), (70, 48.0), (10, 24.0), (100, 72.0)]
    parts += [(25, 18.0), (75, 54.0), (60, 12.0), (40, 28.8), (40, 43.2)]
    chosen = [parts[k] for k in rng.choice(len(parts), 5, replace=False)]
    options = tuple(
        Option(llm=0, pool=0, tp_degree=1, mps_share=s / 100, memory=m, curve=CURVE)
        for s, m in chosen
    )
    base = cluster(0)
    pools = (Pool(name="p", gpu="g", nodes=1, gpus_per_node=2, memory=80.0),)
    instance = replace(base, pools=pools, options=options, memory_headroom=0.1)
    every = np.array(list(patterns(chosen, 72.0)))
    rows = capacity_rows(instance)
    for row in rows:
        assert row.pool == 0
        if not row.per_node:
            assert (every @ row.weight).max() <= 1 + 1e-6
    # What no GPU holds twice, no two GPUs hold three times.
    most = most_replicas_by_capacity(instance, rows)
    alone = [max(pattern[k] for pattern in every) for k in range(5)]
    assert most.tolist() == [2 * count for count in alone]


def test_a_pool_without_options_has_no_rows() -> None:
    base = cluster(1)
    pools = (Pool(name="idle", gpu="g", nodes=9, gpus_per_node=1, memory=1.0), *base.pools)
    options = tuple(replace(option, pool=option.pool + 1) for option in base.options)
    rows = capacity_rows(replace(base, pools=pools, options=options))
    assert [row.pool - 1 for row in rows] == [row.pool for row in capacity_rows(base)]
    same = [(row.pool, row.per_node) for row in rows]
    for k, row in enumerate(rows):
        others = [other.weight for j, other in enumerate(rows) if same[j] == same[k] and j != k]
        assert row.weight.max() > 0
        assert not any(np.all(row.weight <= other) for other in others), "none is redundant"


@pytest.mark.parametrize(
    ("kinds", "weights"),
    [
        ([(20, 40), (30, 45), (40, 60), (80, 65)], (0, 0.5, 1, 1)),
        ([(10, 45), (20, 35), (20, 65), (40, 50)], (0.5, 0, 1, 0.5)),
        ([(10, 45), (20, 35), (40, 65), (50, 65)], (0.5, 0, 1, 1)),
        ([(10, 35), (30, 35), (30, 45), (60, 65)], (0, 0, 0.5, 1)),
        ([(10, 50), (20, 50), (50, 60), (60, 30)], (0.5, 0.5, 1, 0)),
    ],
)
def test_two_halves_or_one_whole(kinds: list[tuple[int, int]], weights: tuple[float, ...]) -> None:
    """Kinds as (per cent, GiB of 100): a GPU holds two halves, none beside a whole. Some row
    says so, and none says more.
    """
    options = tuple(
        Option(llm=0, pool=0, tp_degree=1, mps_share=s / 100, memory=float(m), curve=CURVE)
        for s, m in kinds
    )
    pools = (Pool(name="p", gpu="g", nodes=1, gpus_per_node=2, memory=100.0),)
    instance = replace(cluster(0), pools=pools, options=options, memory_headroom=0.0)
    every = np.array(list(patterns(kinds, 100.0)))
    assert (every @ weights).max() == 1
    rows = [row.weight for row in capacity_rows(instance) if not row.per_node]
    assert any(np.all(row >= np.array(weights) - 1e-9) for row in rows)
    assert all((every @ row).max() <= 1 + 1e-6 for row in rows)
