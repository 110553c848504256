"""Pattern rows: valid for everything that can be placed, violated by what they were made for."""

from dataclasses import replace

import numpy as np
import pytest

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
