"""Planning again with what was measured, against today's setup."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import ObjectiveKind
from planner.monitoring.curve_factors import curve_comparisons, measure_curve_factors
from planner.monitoring.rate_level import RateDrift, RatePlace
from planner.monitoring.replan import Replan, differs_from_planned_rate, replan_with_measured
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.solution import Status
from tests.support.scenarios.played_day import PlayedDay, metered_day


def rate(level: float, place: RatePlace = RatePlace.WITHIN) -> RateDrift:
    return RateDrift(
        planned=6.0,
        level=level,
        error=0.02,
        dispersion=1.0,
        good_from=0.0,
        good_to=8.0,
        held_up_to=None,
        place=place,
        cells=288,
    )


def again(source: PlanAndScenario, level: float, slower: dict[str, float] | None = None) -> Replan:
    curves = []
    if slower:
        factors = {llm: (lambda at, f=f: np.full(len(at), f)) for llm, f in slower.items()}
        options = metered_day(source, PlayedDay(slower=factors)).options
        curves = measure_curve_factors(options, curve_comparisons(options))
    return replan_with_measured(source, rate(level), curves, 0.01)


def test_a_rate_near_the_planned_one_is_no_other_rate():
    assert not differs_from_planned_rate(rate(6.2))
    assert differs_from_planned_rate(rate(6.4))
    assert differs_from_planned_rate(rate(6.1, RatePlace.ABOVE))
    assert not differs_from_planned_rate(replace(rate(6.4), error=0.08))
    assert differs_from_planned_rate(rate(3.0))


def test_a_low_rate_of_a_part_of_the_replicas_says_nothing():
    assert not differs_from_planned_rate(replace(rate(3.0), is_whole=False))
    assert differs_from_planned_rate(replace(rate(9.0), is_whole=False))


def test_beyond_today_s_setup_a_new_one_pays(source: PlanAndScenario):
    found = again(source, 9.0)
    assert (found.kept, found.kept_impossible) == (None, True)
    assert found.pays
    assert found.value == pytest.approx(0.9)
    assert found.diff is not None
    assert len(found.diff.stays) == 2


def test_at_a_lower_rate_nothing_is_better(source: PlanAndScenario):
    found = again(source, 3.0)
    assert found.kept == pytest.approx(0.9)
    assert found.gain == pytest.approx(0.0, abs=1e-6)
    assert not found.pays


def test_a_slower_curve_is_planned_with_and_its_llm_s_other_options_too(
    source: PlanAndScenario,
):
    """At 1.5 times its TTFT alpha keeps 400 ms of p95 only below 2.3 req/s."""
    found = again(source, 6.0, {"alpha": 1.5})
    assert found.rate == 6.0
    assert list(found.factors) == [("alpha on GPU-X, tp1 100 %", "ttft")]
    assert found.kept is not None
    assert found.kept < 0.89
    assert found.value == pytest.approx(0.9)
    assert found.pays


def test_where_no_plan_keeps_the_slos_none_pays(source: PlanAndScenario):
    found = again(source, 50.0)
    assert found.status == Status.INFEASIBLE
    assert (found.value, found.gain, found.pays, found.diff) == (None, None, False, None)


def test_of_a_cost_objective_the_gain_is_money(source: PlanAndScenario):
    """A single replica carries 4 req/s: half the cost, where quality 0.65 is enough."""
    instance = replace(source.loaded.instance, objective=ObjectiveKind.COST, quality_floor=0.65)
    paid = replace(source, loaded=replace(source.loaded, instance=instance))
    found = replan_with_measured(paid, rate(3.0), [], 0.01)
    assert found.kept == pytest.approx(4.0)
    assert found.value == pytest.approx(2.0)
    assert (found.gain, found.pays) == (pytest.approx(2.0), True)
