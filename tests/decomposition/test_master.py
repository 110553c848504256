"""The restricted master of one setup: weak duality, the routing with most headroom, and raw
curves.
"""

import numpy as np
import pytest

from planner.decomposition.enumeration import enumerate_setups
from planner.decomposition.master import KEPT, Master
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.spend_tables import spends_at
from tests.decomposition.test_routing import random_routing
from tests.support.instances.tiny import random_instance

SEEDS = range(12)


def masters(seed: int, kind: str = "convex") -> list[Master]:
    """One of each setup of an instance, over whole ranges of points."""
    instance = random_instance(seed, kind)
    state, setups = DecompositionState(instance), enumerate_setups(instance)
    made = []
    for k in range(min(len(setups), 12)):
        deployed = setups.deployed(k)
        if any(not state.tables[o].rates.size for o, _ in deployed):
            continue
        llms = tuple(sorted({instance.options[o].llm for o, _ in deployed}))
        ranges = tuple((0, state.tables[o].rates.size - 1) for o, _ in deployed)
        made.append(Master(state, llms, deployed, ranges))
    return made


def test_no_routing_is_better_than_the_bound() -> None:
    rng, climbed = np.random.default_rng(0), 0
    for master in (one for seed in SEEDS for one in masters(seed)):
        if master.most_headroom() is None:
            continue
        bound, prices = master.climb(1e-6, -np.inf)
        assert bound == pytest.approx(
            prices.base + prices.beta.sum() + master._earned(prices.alpha, prices.beta)
        )
        climbed += 1
        for _ in range(20):
            quality = random_routing(master.state.instance, tuple(master.deployed), rng)
            assert quality is None or quality <= bound + 1e-9
    assert climbed >= 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_settled_mix_keeps_every_slo_on_the_raw_curves(seed: int) -> None:
    for master in masters(seed):
        roomy = master.most_headroom()
        if roomy is None:
            continue
        bound, _ = master.climb(1e-6, -np.inf)
        (rates, shares, quality), spends = master.settle(roomy, 1e-6)
        if spends is None:
            continue
        instance, slos = master.state.instance, master.state.slos
        again = sum(
            (
                n * spends_at(instance.options[o].curve, slos, instance.arrival_rate, r / n)
                for (o, n), r in zip(master.deployed, rates, strict=True)
            ),
            np.zeros(len(slos)),
        )
        assert np.allclose(spends[:-1], again, atol=1e-9)
        assert np.all(again <= 1 + KEPT)
        assert shares.sum() == pytest.approx(1.0)
        assert rates.sum() == pytest.approx(instance.arrival_rate)
        assert quality <= bound + 1e-9


def test_a_setup_without_room_is_refuted_by_prices() -> None:
    """Its fullest budget is used to more than 1 for every routing: no random one keeps the
    SLOs.
    """
    rng, refuted = np.random.default_rng(0), 0
    for seed in range(20):
        for master in masters(seed, "binary"):
            if master.most_headroom() is not None:
                continue
            prices = master.refutation()
            assert prices.refutes
            assert prices.beta.sum() <= 1 + 1e-12
            if master.fullest(prices) <= 1.0:
                continue
            refuted += 1
            for _ in range(20):
                assert random_routing(master.state.instance, tuple(master.deployed), rng) is None
    assert refuted > 3
