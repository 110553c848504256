"""The rate that lasted, and the range that the plan's prices are good for."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Slo
from planner.errors import DataError
from planner.monitoring.rate_level import (
    RateDrift,
    RatePlace,
    good_rates_of_routing,
    measure_rate_level,
)
from planner.plans.option_index import OptionIndex
from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.scenarios.played_day import (
    HIGHEST_RPS,
    PLANNED_RPS,
    PlayedDay,
    metered_day,
)


def level(
    source: PlanAndScenario, day: PlayedDay, seed: int = 1, *, table: bool = False
) -> RateDrift:
    metered = metered_day(source, day, seed)
    deployed = [one.deployed for one in metered.options]
    return measure_rate_level(metered, source, deployed, with_price_table=table)


def steady(part: float) -> PlayedDay:
    return PlayedDay(load=lambda at: np.full(len(at), part), seconds=14_400.0)


def test_the_level_is_that_of_the_busiest_quarter_of_an_hour(source: PlanAndScenario):
    found = level(source, PlayedDay())
    assert found.level == pytest.approx(PLANNED_RPS, rel=found.error)
    assert found.cells == 288
    assert (found.good_from, found.good_to) == (0.0, pytest.approx(HIGHEST_RPS, rel=1e-3))
    assert found.place == RatePlace.WITHIN
    assert found.held_up_to is None


def test_a_peak_of_ten_minutes_does_not_last(source: PlanAndScenario):
    peak = PlayedDay(
        load=lambda at: np.where((at > 0.5) & (at < 0.5 + 1 / 24), 2.0, 0.5), seconds=14_400.0
    )
    assert level(source, peak).place == RatePlace.WITHIN
    assert level(source, steady(2.0)).place == RatePlace.ABOVE


def test_at_the_highest_good_rate_chance_leaves_it_not(source: PlanAndScenario):
    """16 hours exactly there are 3 windows of 10^6 each."""
    for seed in range(4):
        found = level(source, steady(HIGHEST_RPS / PLANNED_RPS), seed)
        assert found.place == RatePlace.WITHIN


def test_above_it_the_best_prices_of_the_setup_are_looked_for(source: PlanAndScenario):
    """Both LLMs are alike, so that no other routing holds more."""
    found = level(source, steady(1.6))
    assert found.place == RatePlace.ABOVE
    assert found.held_up_to == pytest.approx(HIGHEST_RPS, rel=1e-3)
    within = level(source, steady(0.9), table=True)
    assert within.held_up_to == pytest.approx(HIGHEST_RPS, rel=1e-3)


def test_fractions_are_good_from_where_a_falling_curve_keeps_the_slo(source: PlanAndScenario):
    instance = source.loaded.instance
    deployed = OptionIndex(instance).deployed(source.plan.content["options"])
    curve = instance.options[deployed[0].position].curve
    latency = {**curve.latency, ("ttft", "mean"): np.where(curve.rates < 1.5, 0.5, 0.1)}
    options = list(instance.options)
    for one in deployed:
        options[one.position] = replace(
            options[one.position], curve=replace(curve, latency=latency)
        )
    falling = replace(instance, options=tuple(options), slos=(Slo("ttft", "mean", 0.3),))
    low, high = good_rates_of_routing(falling, deployed)
    # 0.5 s at 1 req/s and 0.1 s at 2: 0.3 s at 1.5 of each of two replicas.
    assert low == pytest.approx(3.0, rel=1e-6)
    assert high == pytest.approx(14.0)


def test_too_short_a_time_is_a_fault(source: PlanAndScenario):
    with pytest.raises(DataError, match="2 cells of 5 minutes, 3 are needed"):
        level(source, PlayedDay(seconds=600.0))


def test_bursts_widen_what_chance_may_do(source: PlanAndScenario):
    rng = np.random.default_rng(0)
    wild = PlayedDay(load=lambda at: rng.uniform(0.4, 1.2, len(at)), seconds=28_800.0)
    assert level(source, wild).dispersion > 3
