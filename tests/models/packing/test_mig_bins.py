"""The fewest GPUs for instances, and pools with instances beside shares, against brute force."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from models.instance import Option, Pool
from models.packing import mig_bins
from models.packing.first_fit import Item, PackingVerdict, pool_items
from models.packing.mig_bins import fill_mig_gpus
from models.packing.mig_slots import mig_layout
from models.packing.placement import (
    place_all,
    place_most,
    place_on_fewest,
    smallest_placement_conflict,
)
from profiles.mig_geometry import mig_geometry
from tests.support.mig.mig_pools import fewest_gpus_with_mig

PROFILES = mig_geometry("A100-PCIe-80GB")
SHAPES = {name: one.masks for name, one in PROFILES.items()}


def items(*wanted: tuple[str | float, int]) -> list[Item]:
    """Items of one shard each: MIG profiles by name, or shares."""
    return [
        Item(k, 1, PROFILES[what].share, 5.0, count, SHAPES[what])
        if isinstance(what, str)
        else Item(k, 1, what, 5.0, count)
        for k, (what, count) in enumerate(wanted)
    ]


def test_every_replica_is_on_one_gpu_and_every_gpu_has_a_layout() -> None:
    wanted = items(("3g.40gb", 3), ("1g.10gb", 9), ("2g.20gb", 2), ("4g.40gb", 1))
    gpus = fill_mig_gpus(wanted)
    # 3 + 9 + 2 + 1 instances of 9 + 9 + 4 + 4 = 26 compute slices: four GPUs at least.
    assert len(gpus) == 4
    placed = Counter(key for gpu in gpus for key, _ in gpu)
    assert placed == {item.key: item.count for item in wanted}
    assert len({pair for gpu in gpus for pair in gpu}) == 15
    by_key = {item.key: item.mig for item in wanted}
    assert all(mig_layout(tuple(by_key[key] for key, _ in gpu)) is not None for gpu in gpus)


def test_every_replica_has_a_place_where_the_solver_gives_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mig_bins, "milp", lambda *_, **__: SimpleNamespace(x=None))
    mig_bins._mig_gpus.cache_clear()
    wanted = items(("1g.10gb", 5), ("3g.40gb", 3), ("7g.80gb", 1))
    try:
        gpus = fill_mig_gpus(wanted)
    finally:
        mig_bins._mig_gpus.cache_clear()
    assert Counter(key for gpu in gpus for key, _ in gpu) == {0: 5, 1: 3, 2: 1}
    shapes = [item.mig for item in wanted]
    assert all(mig_layout(tuple(shapes[key] for key, _ in gpu)) is not None for gpu in gpus)


def test_instances_and_shares_are_never_on_one_gpu() -> None:
    # By sums both halves would fit one GPU.
    wanted = items(("3g.40gb", 1), (0.5, 1))
    assert place_all(wanted, 1, 1, 72.0).verdict is PackingVerdict.IMPOSSIBLE
    packing = place_on_fewest(wanted, 1, 2, 72.0)
    assert packing.gpus == 2
    assert len({seat[3] for seat in packing.seats}) == 2
    conflict = smallest_placement_conflict(wanted, 1, 1, 72.0)
    assert {item.key: item.count for item in conflict} == {0: 1, 1: 1}
    assert place_most(wanted, 1, 1, 72.0).gpus == 1


def test_pools_agree_with_brute_force() -> None:
    rng = np.random.default_rng(11)
    pool = Pool(name="p", gpu="A100-PCIe-80GB", nodes=1, gpus_per_node=3, memory=80.0)
    impossible = 0
    for seed in range(60):
        options, replicas = random_options(rng)
        wanted = pool_items(options, 0, replicas)
        fewest = fewest_gpus_with_mig(options, replicas, pool, 72.0)
        packing = place_on_fewest(wanted, 1, 3, 72.0)
        if fewest is None:
            impossible += 1
            assert packing.verdict is PackingVerdict.IMPOSSIBLE, seed
        else:
            assert packing.gpus == fewest, seed
    assert 5 < impossible < 55


def random_options(rng: np.random.Generator) -> tuple[list[Option], list[int]]:
    """Two or three options, instances and shares, with their replicas."""
    options, replicas = [], []
    for _ in range(int(rng.integers(2, 4))):
        if rng.random() < 0.7:
            mig = PROFILES[str(rng.choice(list(PROFILES)[:5]))]
            share, tp, memory = mig.share, 1, 0.8 * mig.memory
        else:
            mig, tp = None, int(rng.integers(1, 3))
            share, memory = float(rng.choice([0.3, 0.5, 1.0])), 20.0
        options.append(
            Option(llm=0, pool=0, tp_degree=tp, mps_share=share, memory=memory, curve=None, mig=mig)  # type: ignore[arg-type]
        )
        replicas.append(int(rng.integers(1, 4)))
    return options, replicas
