"""Figures over runs: the interval of the mean, and verdicts by it."""

import numpy as np
import pytest
from scipy.stats import t

from models.instance import Slo
from planner.operation.simulation_outcomes import (
    SimulatedRun,
    judge_simulated_slo,
    simulation_estimate95,
)
from planner.operation.verdicts import SloVerdict

PLANNED = {"achieved_ms": 100.0}


def test_the_interval_is_student_s() -> None:
    values = [1.0, 2.0, 4.0, 5.0]
    estimate = simulation_estimate95(values)
    low, high = t.interval(0.95, 3, loc=3.0, scale=np.std(values, ddof=1) / 2)
    assert (estimate.low, estimate.high) == pytest.approx((low, high))
    assert simulation_estimate95([1.0]).high == np.inf


def runs(*latencies: tuple[list[float], list[float]]) -> list[SimulatedRun]:
    """Runs of two options with these latencies of their requests, s."""
    return [
        SimulatedRun(
            counted=np.ones(len(first) + len(second), dtype=bool),
            station=np.repeat([0, 1], [len(first), len(second)]),
            latencies=({"ttft": np.array(first)}, {"ttft": np.array(second)}),
            of=(np.arange(len(first)), len(first) + np.arange(len(second))),
            fractions=np.array([0.5, 0.5]),
            rates=np.array([1.0, 1.0]),
        )
        for first, second in latencies
    ]


@pytest.mark.parametrize(
    ("limit", "scope", "verdict"),
    [
        (0.5, "all", SloVerdict.HOLDS),
        (0.15, "all", SloVerdict.UNCERTAIN),
        (0.05, "all", SloVerdict.MISSES),
        (0.13, "each_llm", SloVerdict.MISSES),
    ],
)
def test_verdicts_follow_the_interval(limit: float, scope: str, verdict: SloVerdict) -> None:
    simulated = runs(([0.1, 0.1], [0.2, 0.2]), ([0.1, 0.12], [0.2, 0.22]))
    outcome = judge_simulated_slo(Slo("ttft", "mean", limit, scope), PLANNED, simulated)
    assert outcome.verdict == verdict
    assert outcome.predicted == 0.1


def test_a_metric_that_a_station_does_not_know_is_not_simulated() -> None:
    outcome = judge_simulated_slo(Slo("tpot", "mean", 0.1, "all"), PLANNED, runs(([0.1], [0.2])))
    assert outcome.verdict == SloVerdict.NOT_SIMULATED
    assert "TPOT" in outcome.note


@pytest.mark.parametrize("scope", ["all", "each_llm"])
def test_runs_without_a_counted_request_promise_nothing(scope: str) -> None:
    """An average of nothing is above no limit, and would hold."""
    slo = Slo("ttft", "mean", 0.5, scope)
    empty = runs(([], []), ([], []))
    outcome = judge_simulated_slo(slo, PLANNED, empty)
    assert outcome.verdict == SloVerdict.NOT_SIMULATED
    assert "no request was counted" in outcome.note
    partly = judge_simulated_slo(slo, PLANNED, [*runs(([0.1], [0.2])), *empty])
    assert partly.verdict == SloVerdict.UNCERTAIN
    assert partly.simulated is not None
    assert np.isfinite(partly.simulated.mean)
