"""Shadow prices: signs, slopes by solving again, and what has none."""

from dataclasses import replace
from typing import Any

import pytest

from models.instance import Slo
from planner.joint.solve import Settings
from tests.support.instances.by_hand import checked, flat, fleet, make, option
from tests.support.walls import UNHURRIED_S


def test_shadow_prices_point_the_right_way_and_are_the_slopes_of_a_large_fleet() -> None:
    """Central differences over steps of many replicas: within a quarter (the rest is whole replicas
    and curvature).
    """
    instance = fleet()
    settings = Settings(rel_gap=2e-5, time_limit=UNHURRIED_S)
    prices = checked(instance, settings).shadow_prices
    assert prices is not None
    assert prices.arrival_rate is not None
    assert prices.slo[0] is not None
    assert prices.pools[0] is not None
    assert prices.arrival_rate < 0 < prices.pools[0]
    assert prices.slo[0] >= 0

    def value(**change: Any) -> float:
        return float(checked(replace(instance, **change), settings).value)  # type: ignore[arg-type]

    def nodes(count: int) -> dict[str, Any]:
        return {"pools": (replace(instance.pools[0], nodes=count),)}

    def limit(seconds: float) -> dict[str, Any]:
        return {"slos": (replace(instance.slos[0], limit=seconds),)}

    per_rate = (value(arrival_rate=1350.0) - value(arrival_rate=1250.0)) / 100
    per_node = (value(**nodes(168)) - value(**nodes(152))) / 16
    per_second = (value(**limit(0.26)) - value(**limit(0.24))) / 0.02
    assert prices.arrival_rate == pytest.approx(per_rate, rel=0.25)
    assert prices.pools[0] == pytest.approx(per_node, rel=0.25)
    assert prices.slo[0] == pytest.approx(per_second, rel=0.25)


def test_limits_that_do_not_bind_have_no_price() -> None:
    """Capacity and limit to spare: one more of anything buys nothing."""
    instance = make(
        [option(0, flat(0.1, 100)), option(1, flat(0.1, 100))],
        10,
        gpus=4,
        slos=[Slo("ttft", "mean", 5.0)],
    )
    prices = checked(instance).shadow_prices
    assert prices is not None
    assert prices.arrival_rate == pytest.approx(0.0, abs=1e-9)
    assert prices.slo == (pytest.approx(0.0, abs=1e-9),)
    assert prices.pools == (pytest.approx(0.0, abs=1e-9),)


def test_cost_prices_have_the_signs_of_cost() -> None:
    """More rate costs more, a looser limit or more nodes never do."""
    instance = replace(fleet(), objective="cost", quality_floor=0.55)
    prices = checked(instance, Settings(rel_gap=1e-3)).shadow_prices
    assert prices is not None
    assert prices.arrival_rate is not None
    assert prices.arrival_rate > 0
    assert all(price is None or price <= 1e-9 for price in (*prices.slo, *prices.pools))


def test_prices_that_the_relaxation_lacks_are_none_with_a_reason() -> None:
    slos = [Slo("ttft", "mean", 0.6, "each_llm"), Slo("ttft", "p95", 0.4)]
    options = [
        option(0, flat(0.1, 10, p90=0.3, p99=0.5)),
        option(1, flat(0.1, 10, p90=0.1, p99=0.2)),
    ]
    prices = checked(make(options, 10, slos=slos)).shadow_prices
    assert prices is not None
    assert prices.slo == (None, None)
    assert any("slo.0" in note for note in prices.notes)
    assert any("slo.1" in note for note in prices.notes)
