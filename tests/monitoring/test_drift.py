"""A recorded day: what is planted is found, and nothing where nothing is."""

import numpy as np

from planner.monitoring.drift import DriftChoice, DriftFinding, drift_of_metered
from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.scenarios.played_day import PlayedDay, metered_day


def findings(
    source: PlanAndScenario, day: PlayedDay, seed: int = 1, **choice: object
) -> set[DriftFinding]:
    metered = metered_day(source, day, seed)
    return set(drift_of_metered(source, metered, DriftChoice(**choice)).findings)


def test_of_twenty_days_without_drift_none_or_one_is_called(source: PlanAndScenario):
    assert sum(bool(findings(source, PlayedDay(), seed)) for seed in range(20)) <= 1


def test_more_requests_than_the_prices_are_good_for(source: PlanAndScenario):
    day = PlayedDay(load=lambda at: 1.5 * (0.45 + 0.55 * np.sin(np.pi * at) ** 2))
    assert findings(source, day) == {DriftFinding.RATE, DriftFinding.REPLAN}


def test_half_the_requests_change_nothing_that_pays(source: PlanAndScenario):
    assert findings(source, PlayedDay(load=lambda at: np.full(len(at), 0.5))) == set()


def test_one_slower_curve(source: PlanAndScenario):
    day = PlayedDay(slower={"alpha": lambda at: np.where(at > 0.5, 1.5, 1.0)})
    assert findings(source, day) == {DriftFinding.CURVE, DriftFinding.REPLAN}
    assert findings(source, day, worth=0.5) == {DriftFinding.CURVE}


def test_a_budget_that_runs_out_though_no_curve_has_drifted(source: PlanAndScenario):
    """Both LLMs within the error that their curves are given, 166 ms in the mean at the planned
    rate: planning again takes the measured curves all the same.
    """
    slow = {llm: (lambda at: np.full(len(at), 1.3)) for llm in ("alpha", "beta")}
    day = PlayedDay(load=lambda at: np.ones(len(at)), slower=slow, seconds=43_200.0)
    assert findings(source, day, curve_error=0.5) == {DriftFinding.BUDGET, DriftFinding.REPLAN}
