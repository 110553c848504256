"""The best routing of one setup: no routing beats its bound, and its value is reached."""

import numpy as np
import pytest

from models.instance import Instance, Llm, Option, Pool, Slo
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route_setup_by_policies
from planner.decomposition.spend_tables import admissible_spend, shared_slos, spends_at
from profiles.records import Curve, Scores
from tests.support.instances.clusters import QUALITY_KINDS
from tests.support.instances.oracle import feasible_setups
from tests.support.instances.tiny import random_instance


@pytest.mark.parametrize("kind", QUALITY_KINDS)
def test_no_routing_beats_the_bound_and_the_value_is_reached(kind: str) -> None:
    for seed in range(12):
        instance = random_instance(seed, kind)
        road, slos = DecompositionState(instance), shared_slos(instance)
        rng = np.random.default_rng(seed)
        for setup in feasible_setups(instance)[:6]:
            deployed = tuple((o, n) for o, n in enumerate(setup.replicas) if n)
            routed = route_setup_by_policies(road, deployed, 1e-5)
            if routed.value is not None:
                assert routed.value <= routed.bound + 1e-12
                each = [
                    min(rate / n, instance.options[o].curve.max_rate)
                    for rate, (o, n) in zip(routed.rates, deployed, strict=True)
                ]
                assert np.allclose(
                    each,
                    [rate / n for rate, (_, n) in zip(routed.rates, deployed, strict=True)],
                    rtol=1e-9,
                )
                assert all(
                    admissible_spend(instance.options[o].curve, instance.slos, r)
                    for (o, _), r in zip(deployed, each, strict=True)
                )
                spent = sum(
                    (
                        n * spends_at(instance.options[o].curve, slos, instance.arrival_rate, r)
                        for (o, n), r in zip(deployed, each, strict=True)
                    ),
                    np.zeros(len(slos)),
                )
                assert np.all(spent <= 1.0 + 1e-8)
                assert routed.rates.sum() == pytest.approx(instance.arrival_rate)
            for _ in range(40):
                quality = random_routing(instance, deployed, rng)
                assert quality is None or quality <= routed.bound + 1e-9


def random_routing(
    instance: Instance, deployed: tuple[tuple[int, int], ...], rng: np.random.Generator
) -> float | None:
    """Quality of a random assignment of prompts, None where it breaks an SLO or a curve ends."""
    scores, slos = instance.scores, shared_slos(instance)
    llms = sorted({instance.options[o].llm for o, _ in deployed})
    choice = rng.dirichlet(np.full(len(llms), 0.3), size=scores.weights.size)
    fractions = scores.weights @ choice
    spent = np.zeros(len(slos))
    for o, n in deployed:
        option = instance.options[o]
        own = [p for p, _ in deployed if instance.options[p].llm == option.llm]
        rate = instance.arrival_rate * fractions[llms.index(option.llm)] / len(own) / n
        if not admissible_spend(option.curve, instance.slos, rate):
            return None
        spent += n * spends_at(option.curve, slos, instance.arrival_rate, rate)
    return (
        float(scores.weights @ (choice * scores.values[llms].T).sum(axis=1))
        if np.all(spent <= 1.0)
        else None
    )


def test_one_price_found_by_bisection_is_the_master_s() -> None:
    """The paper's way, on convex curves and many prompts: bisect beta, tatonnement on alpha in
    between; the same dual value.
    """
    rng = np.random.default_rng(3)
    values = np.clip(np.linspace(0.4, 0.7, 2)[:, None] + rng.normal(0, 0.15, (2, 4000)), 0, 1)
    scores = Scores(np.arange(4000).astype(str), ("a", "b"), values, np.full(4000, 1 / 4000))
    rates = np.linspace(0.5, 20, 12)
    curves = [
        Curve(rates, {("ttft", "mean"): base / (1.02 - rates / 20.4)}, ("measured",) * 12)
        for base in (0.05, 0.12)
    ]
    options = tuple(
        Option(llm=i, pool=0, tp_degree=1, mps_share=1.0, memory=1.0, curve=curve)
        for i, curve in enumerate(curves)
    )
    instance = Instance(
        llms=(Llm("a"), Llm("b")),
        pools=(Pool(name="p", gpu="g", nodes=1, gpus_per_node=2, memory=80.0),),
        options=options,
        slos=(Slo("ttft", "mean", 0.16),),
        arrival_rate=18.0,
        scores=scores,
    )
    routed = route_setup_by_policies(DecompositionState(instance), ((0, 1), (1, 1)), 1e-6)
    grid = np.linspace(0, 18.0, 4001)
    margin = np.sort(values[1] - values[0])[::-1]
    quality = values[0].mean() + np.interp(
        grid / 18.0, np.arange(4001) / 4000, np.append(0.0, np.cumsum(margin)) / 4000
    )
    late = sum(
        rate * np.interp(rate, curves[k].rates, curves[k].latency["ttft", "mean"])
        for k, rate in ((0, 18.0 - grid), (1, grid))
    )
    low, high = 0.0, 10.0
    for _ in range(60):
        beta = (low + high) / 2
        best = int(np.argmax(quality - beta * late / (18.0 * 0.16)))
        low, high = (beta, high) if late[best] > 18.0 * 0.16 else (low, beta)
    assert routed.value == pytest.approx(quality[best], abs=2e-4)
    assert routed.beta[0] == pytest.approx(high, rel=0.05)
