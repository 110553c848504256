"""Rows and no-goods of pools whose GPUs are divided, against every set of shards that a GPU holds:
those with shares, or MIG instances, never both.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from scipy.optimize import linprog

from models.capacity import capacity_rows, most_replicas_by_capacity
from models.instance import Instance, Option, Pool
from models.nogood import NoGood, lifted_no_good
from models.packing.first_fit import Item
from models.packing.mig_slots import mig_layout
from models.packing.placement import smallest_placement_conflict
from models.patterns import pattern_row
from profiles.mig_geometry import mig_geometry
from tests.support.instances.random_pools import CURVE, cluster
from tests.support.mig.mig_pools import fewest_gpus_with_mig

GPU = "A100-PCIe-80GB"
PROFILES = mig_geometry(GPU)
POOL = Pool(name="p", gpu=GPU, nodes=2, gpus_per_node=2, memory=80.0)
Kind = str | tuple[int, float] | tuple[int, float, int]
"""A MIG profile by its name, or per cent, GiB and degree (1 where it is not given)."""

SOME: list[Kind] = ["1g.10gb", "2g.20gb", "3g.40gb", "4g.40gb", (40, 30.0), (60, 45.0, 2)]


def option_of(kind: Kind) -> Option:
    if isinstance(kind, str):
        mig = PROFILES[kind]
        return Option(
            llm=0, pool=0, tp_degree=1, mps_share=mig.share, memory=5.0, curve=CURVE, mig=mig
        )
    degree = kind[2] if len(kind) == 3 else 1
    share, memory = kind[0] / 100, kind[1]
    return Option(llm=0, pool=0, tp_degree=degree, mps_share=share, memory=memory, curve=CURVE)


def instance_of(kinds: list[Kind], pool: Pool = POOL) -> Instance:
    options = tuple(option_of(kind) for kind in kinds)
    return replace(cluster(0), pools=(pool,), options=options, memory_headroom=0.0)


def patterns(kinds: list[Kind], most: int = 7) -> Iterator[list[int]]:
    """Every multiset of shards that one GPU of 80 GiB holds."""
    masks = [PROFILES[kind].masks if isinstance(kind, str) else () for kind in kinds]
    for size in range(most + 1):
        for chosen in combinations_with_replacement(range(len(kinds)), size):
            if not all(masks[k] for k in chosen):
                shares = [kind for k in chosen if not isinstance(kind := kinds[k], str)]
                fits = len(shares) == size
                fits &= sum(kind[0] for kind in shares) <= 100
                fits &= sum(kind[1] for kind in shares) <= 80
            else:
                fits = mig_layout(tuple(masks[k] for k in chosen)) is not None
            if fits:
                yield [chosen.count(k) for k in range(len(kinds))]


EVERY = np.array(list(patterns(SOME)), dtype=float)


def test_a_gpu_is_divided_or_shared() -> None:
    """Of 1g seven, of 3g two, of 4g one; 40 % beside 60 %, neither beside an instance."""
    for pattern in ([7, 0, 0, 0, 0, 0], [0, 0, 2, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]):
        assert pattern in EVERY.tolist()
    for pattern in ([0, 0, 0, 2, 0, 0], [1, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 2]):
        assert pattern not in EVERY.tolist()


def test_capacity_rows_hold_for_every_pattern_of_a_divided_gpu() -> None:
    instance = instance_of(SOME)
    rows = [row.weight / instance.shards for row in capacity_rows(instance) if not row.per_node]
    assert all((EVERY @ unit).max() <= 1 + 1e-6 for unit in rows)
    # Instances count beside shares, each by their strongest rows.
    alone = [capacity_rows(instance_of(part)) for part in (SOME[:4], SOME[4:])]
    joined = [
        np.concatenate([mig.weight, shares.weight / [1, 2]])
        for mig, shares in product(*alone)
        if not mig.per_node and not shares.per_node
    ]
    assert len(joined) == len(rows) > 3
    for unit in joined:
        assert any(unit == pytest.approx(row, abs=1e-9) for row in rows)


def test_most_replicas_of_instances_are_those_of_their_slots() -> None:
    """Memory slices allow 8 of 1g and compute slices 7; of 4g one by its compute, of 2g three."""
    instance = instance_of(SOME[:4])
    most = most_replicas_by_capacity(instance, capacity_rows(instance))
    assert most.tolist() == [28, 12, 8, 4]


def test_an_instance_and_a_share_take_two_gpus() -> None:
    rows = capacity_rows(instance_of(["3g.40gb", (50, 30.0)]))
    demand = np.array([2.0, 2.0])
    assert max(row.weight @ demand for row in rows) == pytest.approx(2.0)


def test_two_that_begin_at_one_slice_take_two_gpus() -> None:
    """By sums 4 of 7 compute slices and half the memory each, and 2g beside each."""
    instance = instance_of(["4g.40gb", "2g.20gb"])
    row = pattern_row(instance, 0, np.array([2.0, 0.0]), 1.0)
    assert row is not None
    assert row.weight[0] == pytest.approx(1.0)
    assert pattern_row(instance, 0, np.array([2.0, 2.0]), 2.0) is None


@pytest.mark.parametrize("seed", range(8))
def test_pattern_rows_are_as_strong_as_fractional_bin_packing_over_all_patterns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = instance_of(SOME)
    replicas = rng.integers(0, 5, len(SOME)).astype(float)
    replicas[rng.integers(len(SOME))] = 0.0
    demand = replicas * instance.shards
    fewest = -linprog(-demand, A_ub=EVERY, b_ub=np.ones(len(EVERY)), bounds=(0, 1)).fun
    row = pattern_row(instance, 0, replicas, fewest * 0.999)
    assert row is not None
    unit = row.weight / instance.shards
    assert row.weight @ replicas == pytest.approx(fewest, rel=1e-5)
    assert (EVERY @ unit).max() <= 1 + 1e-9
    # What is at least as hard weighs as much, also where nothing of it is in demand.
    assert unit[3] >= unit[2] - 1e-9 >= unit[1] - 2e-9 >= unit[0] - 3e-9
    assert unit[5] >= unit[4] - 1e-9
    assert pattern_row(instance, 0, replicas, fewest * 1.0001) is None


def test_a_row_that_was_stopped_early_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """After one pattern, of instances, the weights are far too large: they are scaled down."""
    monkeypatch.setattr("models.patterns.PATTERNS", 1)
    row = pattern_row(instance_of(SOME), 0, np.array([9.0, 5.0, 5.0, 3.0, 1.0, 0.0]), 2.0)
    assert row is not None
    assert (EVERY @ (row.weight / [1, 1, 1, 1, 1, 2])).max() <= 1 + 1e-9


def items_of(instance: Instance, replicas: tuple[int, ...]) -> list[Item]:
    return [
        Item(o, k.tp_degree, k.mps_share, k.memory, replicas[o], k.mig.masks if k.mig else ())
        for o, k in enumerate(instance.options)
        if replicas[o]
    ]


def reaches(no_good: NoGood, replicas: tuple[int, ...]) -> bool:
    return all(
        sum(replicas[o] for o in hard) >= count
        for hard, count in zip(no_good.members, no_good.counts, strict=True)
    )


@pytest.mark.parametrize(
    "kinds",
    [
        ["2g.20gb", "3g.40gb", "4g.40gb", (60, 5.0)],
        ["1g.20gb", "3g.40gb", (20, 40.0)],
        ["3g.40gb", "4g.40gb", "7g.80gb", (100, 70.0)],
    ],
)
def test_no_goods_of_instances_forbid_their_source_and_nothing_placeable(kinds: list[Kind]) -> None:
    """Against all setups of up to three replicas a kind on two GPUs, where all or one may be
    used.
    """
    pool = replace(POOL, nodes=1)
    instance = instance_of(kinds, pool)
    every = list(product(range(4), repeat=len(kinds)))
    fewest = {n: fewest_gpus_with_mig(instance.options, n, pool, 80.0) for n in every}
    rng = np.random.default_rng(5)
    for limit in (None, 1):
        bad = [n for n in every if (gpus := fewest[n]) is None or gpus > (limit or 2)]
        for k in rng.choice(len(bad), min(len(bad), 30), replace=False):
            items = items_of(instance, bad[k])
            core = smallest_placement_conflict(items, 1, 2, 80.0, limit)
            present = {item.key: item.count for item in items}
            no_good = lifted_no_good(instance, 0, core, present, limit)
            assert reaches(no_good, bad[k])
            wrong = [
                n
                for n in every
                if (gpus := fewest[n]) is not None and gpus <= (limit or 2) and reaches(no_good, n)
            ]
            assert not wrong, f"{no_good} from {bad[k]} forbids {wrong[:3]}"


def test_an_instance_stands_for_all_that_it_covers() -> None:
    """Three of 3g have no room on one GPU, nor have 4g and 7g in their place; a share of half the
    compute is no instance, nor does an instance count as a share.
    """
    instance = instance_of(["3g.40gb", "4g.40gb", "7g.80gb", "2g.20gb", (50, 40.0), (90, 70.0)])
    shape = PROFILES["3g.40gb"]
    core = [Item(0, 1, shape.share, 5.0, 3, shape.masks)]
    no_good = lifted_no_good(instance, 0, core, {0: 3}, 1)
    assert no_good == NoGood(0, ((0, 1, 2),), (3,), 1)
    shares = [Item(4, 1, 0.5, 40.0, 3)]
    assert lifted_no_good(instance, 0, shares, {4: 3}, 1) == NoGood(0, ((4, 5),), (3,), 1)
    # Both at once: instances and shares are counted each for themselves.
    both = lifted_no_good(instance, 0, [*core, *shares], {0: 3, 4: 3}, None)
    assert both == NoGood(0, ((4, 5), (0, 1, 2)), (3, 3), None)
