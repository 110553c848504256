"""Measured over planned latency: the factor that was planted, and what a curve states of itself."""

from dataclasses import replace

import numpy as np
import pytest

from planner.monitoring.curve_factors import (
    CurveDrift,
    CurveSpan,
    curve_comparisons,
    curve_error_stated,
    measure_curve_factors,
)
from planner.plans.plan_and_scenario import PlanAndScenario
from profiles.records import Curve
from tests.support.scenarios.played_day import PlayedDay, metered_day


def factors(
    source: PlanAndScenario, day: PlayedDay, stated: float | None = None
) -> dict[tuple[str, str, CurveSpan], CurveDrift]:
    options = metered_day(source, day).options
    found = measure_curve_factors(options, curve_comparisons(options), stated)
    assert len(found) == curve_comparisons(options)
    return {(one.option.llm, one.metric, one.span): one for one in found}


def test_without_drift_every_factor_is_one(source: PlanAndScenario):
    found = factors(source, PlayedDay())
    assert len(found) == 12
    for one in found.values():
        assert one.factor.low <= 1.0 <= one.factor.high
        assert not one.drifted


def test_a_slower_curve_is_found_and_no_other(source: PlanAndScenario):
    found = factors(source, PlayedDay(slower={"alpha": lambda at: np.full(len(at), 1.4)}))
    slow = found["alpha", "ttft", CurveSpan.ALL]
    assert slow.factor.low <= 1.4 <= slow.factor.high
    assert {key[:2] for key, one in found.items() if one.drifted} == {("alpha", "ttft")}


def test_a_change_at_noon_is_found_in_the_last_quarter(source: PlanAndScenario):
    found = factors(source, PlayedDay(slower={"beta": lambda at: np.where(at > 0.5, 0.6, 1.0)}))
    last = found["beta", "ttft", CurveSpan.LAST]
    assert last.drifted
    assert last.factor.low <= 0.6 <= last.factor.high
    assert not found["beta", "ttft", CurveSpan.ALL].drifted


def test_what_a_curve_may_be_off_is_no_drift(source: PlanAndScenario):
    day = PlayedDay(slower={"alpha": lambda at: np.full(len(at), 1.2)}, seconds=43_200.0)
    assert factors(source, day)["alpha", "ttft", CurveSpan.ALL].drifted
    assert not factors(source, day, 0.2)["alpha", "ttft", CurveSpan.ALL].drifted


def test_loads_beyond_the_curve_are_not_judged(source: PlanAndScenario):
    beyond = PlayedDay(load=lambda at: np.full(len(at), 3.0), seconds=14_400.0)
    assert factors(source, beyond) == {}


def test_the_stated_error_is_that_of_the_source_else_of_the_provenance():
    curve = Curve(np.array([1.0, 2.0]), {}, ("measured", "measured"))
    assert curve_error_stated(curve, "tpot") == 0.10
    said = "vLLM metrics of a: 9 windows of 5 min from x; 95 % errors: rate 2 %, ttft 3.5 %"
    more = f"{said}; {said.replace('3.5', '1.2e+01')}; percentiles at most 13 % too high"
    assert curve_error_stated(replace(curve, source=said), "ttft") == pytest.approx(0.035)
    assert curve_error_stated(replace(curve, source=more), "ttft") == pytest.approx(0.12)
    assert curve_error_stated(replace(curve, source=said), "tpot") == 0.10
    mixed = replace(curve, provenance=("measured", "estimated"), source=said)
    assert curve_error_stated(mixed, "ttft") == 1.46
