"""Pattern rows: valid for everything that can be placed, violated by what they were made for."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import linprog

from models.instance import Instance, Llm, Option, Pool
from models.packing.first_fit import Item, PackingVerdict
from models.packing.placement import place_most
from models.patterns import pattern_row
from profiles.records import Curve, Scores

CURVE = Curve(
    np.array([1.0, 2.0]), {("ttft", "mean"): np.array([0.1, 0.2])}, ("measured", "measured")
)


def cluster(kinds: list[tuple[float, float]], gpus: int) -> Instance:
    """One pool of single-GPU nodes of 100 GiB without headroom; an option per (share, memory)."""
    options = tuple(
        Option(llm=0, pool=0, tp_degree=1, mps_share=share, memory=memory, curve=CURVE)
        for share, memory in kinds
    )
    scores = Scores(np.array(["p"]), ("a",), np.array([[0.5]]), np.array([1.0]))
    return Instance(
        llms=(Llm("a"),),
        pools=(Pool(name="p", gpu="g", nodes=gpus, gpus_per_node=1, memory=100.0),),
        options=options,
        slos=(),
        arrival_rate=1.0,
        scores=scores,
        memory_headroom=0.0,
    )


@pytest.mark.parametrize("seed", range(60))
def test_every_placement_obeys_the_rows_of_any_demand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = [
        (float(rng.choice([0.1, 0.2, 0.25, 0.3, 0.33, 0.5, 0.6, 1.0])), float(rng.uniform(4, 70)))
        for _ in range(rng.integers(2, 8))
    ]
    gpus = int(rng.integers(1, 5))
    instance = cluster(kinds, gpus)
    row = pattern_row(instance, 0, rng.integers(0, 3 * gpus, len(kinds)).astype(float), gpus)
    if row is None:
        return
    for _ in range(40):
        count = np.zeros(len(kinds))
        for _ in range(gpus):
            share, memory = 1.0, 100.0
            while fits := [
                k for k, (s, m) in enumerate(kinds) if s <= share + 1e-9 and m <= memory + 1e-9
            ]:
                k = int(rng.choice(fits))
                count[k] += 1
                share, memory = share - kinds[k][0], memory - kinds[k][1]
        assert row.weight @ count <= gpus + 1e-9


def test_a_demand_that_only_patterns_refuse() -> None:
    """Shares 8 x 0.2 + 2 x 0.2 fill two GPUs and 8 x 24 + 2 x 4 GiB fit them, but next to four of
    the large nothing of 5 GiB fits.
    """
    instance = cluster([(0.2, 24.0), (0.2, 5.0)], 2)
    demand = np.array([8.0, 1.0])
    row = pattern_row(instance, 0, demand, 2)
    assert row is not None
    assert row.weight @ demand > 2
    assert pattern_row(instance, 0, np.array([6.0, 4.0]), 2) is None, (
        "three large and two small on each"
    )
    assert pattern_row(replace(instance, memory_headroom=0.0), 0, np.zeros(2), 2) is None


def test_as_many_as_fit_are_packed() -> None:
    packing = place_most(
        [Item(0, 2, 1.0, 10.0, 3), Item(1, 1, 0.5, 10.0, 1)], nodes=1, gpus_per_node=4, room=80.0
    )
    assert packing.verdict is PackingVerdict.PACKED
    assert [seat[0] for seat in packing.seats] == [0, 0], (
        "two replicas fill the node; nothing is left for the half GPU"
    )


def full_patterns(kinds: list[tuple[int, int]], share: int, memory: int) -> Iterator[list[int]]:
    """Every multiset of shards, given as (per cent, GiB), that fits in what is left."""
    if not kinds:
        yield []
        return
    (percent, gib), *others = kinds
    for count in range(min(share // percent, memory // gib) + 1):
        for rest in full_patterns(others, share - count * percent, memory - count * gib):
            yield [count, *rest]


PERCENTS = {
    "tenths": (10, 20, 30, 50, 70, 100),
    "quarters": (25, 50, 75),
    "whole per cent": (33, 34, 50, 51, 49, 17),
    "two thirds": (66, 34, 68, 32),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("grid", PERCENTS)
def test_the_row_is_as_strong_as_fractional_bin_packing(grid: str, seed: int) -> None:
    """By duality the best weights of a demand weigh it at what fractional packing needs: computed
    here over all patterns at once. Half of the options run on two GPUs, and another pool is there.
    """
    rng = np.random.default_rng([seed, len(grid)])
    kinds = [
        (int(rng.choice(PERCENTS[grid])), int(rng.choice([5, 20, 25, 35, 50, 55]))) for _ in "1234"
    ]
    kinds.append(kinds[0])  # another LLM, the same size
    options = [
        Option(llm=0, pool=1, tp_degree=1 + k % 2, mps_share=s / 100, memory=float(m), curve=CURVE)
        for k, (s, m) in enumerate(kinds)
    ]
    base = cluster([(0.5, 10.0)], 3)
    pool = replace(base.pools[0], name="q", gpus_per_node=2)
    instance = replace(base, pools=(*base.pools, pool), options=(*base.options, *options))
    replicas = rng.integers(0, 4, len(kinds)).astype(float)
    replicas[1] = 0.0  # of a kind without demand
    demand = replicas * [option.tp_degree for option in options]
    every = np.array(list(full_patterns(kinds, 100, 100)))
    fewest = linprog(-demand, A_ub=every, b_ub=np.ones(len(every)), bounds=(0, 1)).fun * -1
    setup = np.concatenate([[7.0], replicas])
    row = pattern_row(instance, 1, setup, fewest * 0.999)
    assert row is not None
    assert row.pool == 1
    assert row.weight[0] == 0
    assert row.weight @ setup == pytest.approx(fewest, rel=1e-5)
    unit = row.weight[1:] / [option.tp_degree for option in options]
    assert (every @ unit).max() <= 1 + 1e-9
    assert unit[4] == unit[0]
    for small, large in ((a, b) for a in range(5) for b in range(5)):
        if all(x <= y for x, y in zip(kinds[small], kinds[large], strict=True)):
            assert unit[large] >= unit[small]
    assert pattern_row(instance, 1, setup, fewest * 1.0001) is None


@pytest.mark.parametrize(("share", "fit"), [(0.334, 3), (0.215, 4), (0.33, 3), (0.2, 5)])
def test_as_many_of_one_kind_as_their_shares_in_whole_per_cents_say(share: float, fit: int) -> None:
    """33.4 % is rounded down to 33 %: three seem to fit, which two only do."""
    instance = cluster([(share, 1.0)], 1)
    row = pattern_row(instance, 0, np.array([fit + 1.0]), 1)
    assert row is not None
    assert row.weight[0] == pytest.approx(1 / fit)
    assert pattern_row(instance, 0, np.array([float(fit)]), 1) is None


def test_a_per_cent_too_much_does_not_fit() -> None:
    """Three of 51 % need a GPU each, of 50 % two share one: 4.5 in all."""
    row = pattern_row(cluster([(0.51, 1.0), (0.5, 1.0)], 4), 0, np.array([3.0, 3.0]), 4)
    assert row is not None
    assert row.weight.tolist() == pytest.approx([1.0, 0.5])


def test_shards_that_round_to_nothing_say_nothing() -> None:
    """0.4 % is rounded down to 0, half a thousandth of the memory too: without either a shard
    limits nothing, with one of them it still counts.
    """
    assert pattern_row(cluster([(0.004, 0.05)], 1), 0, np.array([500.0]), 1) is None
    for share, memory, weight in ((0.004, 50.0, 0.5), (0.6, 0.05, 1.0)):
        row = pattern_row(cluster([(share, memory)], 1), 0, np.array([3.0]), 1)
        assert row is not None
        assert row.weight.tolist() == pytest.approx([weight])


@pytest.mark.parametrize("seed", range(5))
def test_a_row_that_was_stopped_early_is_valid(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one pattern the weights are far too large: they are scaled down."""
    monkeypatch.setattr("models.patterns.PATTERNS", 1)
    rng = np.random.default_rng(seed)
    shares = [20, 25, 30, 50] if seed else [50]
    kinds = [(int(rng.choice(shares)), int(rng.choice([5, 20, 35]))) for _ in range(4)]
    instance = cluster([(s / 100, float(m)) for s, m in kinds], 2)
    row = pattern_row(instance, 0, np.full(4, 9.0), 2)
    assert row is not None
    every = np.array(list(full_patterns(kinds, 100, 100)))
    assert (every @ row.weight).max() <= 1 + 1e-9


def test_a_row_without_a_solver_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind weighs alike then: as much as fits of the smallest."""
    monkeypatch.setattr("models.patterns.linprog", lambda *_, **__: SimpleNamespace(status=4))
    row = pattern_row(cluster([(0.5, 10.0), (0.25, 10.0)], 1), 0, np.array([3.0, 3.0]), 1)
    assert row is not None
    assert row.weight.tolist() == pytest.approx([0.25, 0.25])
