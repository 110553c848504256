"""What both builders read: allowances, weights, steps, changes."""

from dataclasses import replace

import numpy as np
import pytest

from models.formulation import (
    Changes,
    allowance,
    fleet_cost,
    formulation_lean_cost,
    formulation_price_step,
    shared_slos,
)
from models.instance import Instance, Pool, Slo
from tests.support.instances.programs import formulation, state_of
from tests.support.instances.tiny import random_instance


def with_prices(*prices: float | None) -> Instance:
    pools = tuple(
        Pool(name=f"p{k}", gpu="g", nodes=2, gpus_per_node=4, memory=80.0, price=price)
        for k, price in enumerate(prices)
    )
    return replace(random_instance(0, "convex"), pools=pools)


def test_an_allowance_is_a_limit_or_a_share() -> None:
    assert allowance(Slo("ttft", "mean", 0.4)) == 0.4
    assert allowance(Slo("ttft", "p95", 0.4)) == pytest.approx(0.05)
    assert allowance(Slo("e2e", "p50", 9.0)) == pytest.approx(0.5)


def test_only_slos_over_all_requests_are_budgets() -> None:
    each, shared = Slo("ttft", "mean", 0.4, "each_llm"), Slo("ttft", "mean", 0.5)
    instance = replace(random_instance(0, "convex"), slos=(each, shared))
    assert shared_slos(instance) == (shared,)


@pytest.mark.parametrize(
    ("prices", "step"),
    [((2.0, 3.0), 1.0), ((2.5, 1.1), 0.1), ((None, 4.0), 4.0), ((None,), 0.0), ((1e-6,), 1e-6)],
)
def test_costs_differ_by_the_price_step(prices: tuple[float | None, ...], step: float) -> None:
    instance = with_prices(*prices)
    assert formulation_price_step(instance) == pytest.approx(step)
    known = fleet_cost(instance).use
    assert known.tolist() == [price or 0.0 for price in prices]
    if step:
        assert np.allclose(known / step, np.round(known / step))


def test_lean_weights_count_gpus_first_then_cost() -> None:
    """All GPUs at the dearest mix weigh less than one GPU more."""
    instance = with_prices(9.0, 1.0)
    weight = formulation_lean_cost(instance).use
    gpus = np.array([pool.gpus for pool in instance.pools])
    assert weight[0] > weight[1] >= 1.0
    assert float((weight - 1.0) @ gpus) <= 0.5 + 1e-12
    assert formulation_lean_cost(with_prices(None)).use.tolist() == [1.0]


def test_changes_count_starts_and_stops() -> None:
    changes = Changes((2, 0, 1), 3)
    assert changes.count(np.array([2, 0, 1])) == 0
    assert changes.count(np.array([1, 2, 1])) == 3


def test_budgets_are_scaled_to_the_demand() -> None:
    form = formulation(state_of("percentile", 5), "quality")  # type: ignore[arg-type]
    assert form.demand == pytest.approx(form.instance.arrival_rate / form.unit)
    expected = [allowance(slo) * form.unit for slo in form.shared_slos]
    assert form.budget_scale.tolist() == pytest.approx(expected)
