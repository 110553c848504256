"""What is spent of the budget of an SLO, against the requests that were played."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Slo
from planner.monitoring.slo_budget import (
    SloBudget,
    measure_slo_budgets,
    slo_budget_comparisons,
)
from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.scenarios.played_day import PlayedDay, metered_day

FLAT = PlayedDay(load=lambda at: np.ones(len(at)), seconds=28_800.0)
"""Each replica at 3 req/s: a mean TTFT of 128 ms, a p95 of 304 ms."""


def budgets(source: PlanAndScenario, *slos: Slo, day: PlayedDay = FLAT) -> list[SloBudget]:
    instance = replace(source.loaded.instance, slos=slos)
    options = metered_day(source, day).options
    return measure_slo_budgets(instance, options, slo_budget_comparisons(instance))


@pytest.mark.parametrize(("limit", "runs_out"), [(0.160, False), (0.110, True)])
def test_a_mean(source: PlanAndScenario, limit: float, *, runs_out: bool):
    (one,) = budgets(source, Slo("ttft", "mean", limit))
    assert one.measured == pytest.approx(0.128, rel=0.03)
    assert one.spent is not None
    assert one.spent.value == pytest.approx(0.128 / limit, rel=0.03)
    assert one.runs_out is runs_out


@pytest.mark.parametrize(("limit", "runs_out"), [(0.400, False), (0.230, True)])
def test_a_percentile_lies_between_what_the_buckets_say(
    source: PlanAndScenario, limit: float, *, runs_out: bool
):
    (one,) = budgets(source, Slo("ttft", "p95", limit))
    true = (1 + 2 * limit / 0.128) * np.exp(-2 * limit / 0.128) / 0.05
    assert one.spent is not None
    assert one.at_most is not None
    assert one.spent.low <= true <= 1.05 * one.at_most
    assert one.runs_out is runs_out


def test_of_each_llm_the_one_that_spends_most_counts(source: PlanAndScenario):
    slow = replace(FLAT, slower={"beta": lambda at: np.full(len(at), 1.5)})
    each, every = budgets(
        source, Slo("ttft", "mean", 0.16, "each_llm"), Slo("ttft", "mean", 0.175), day=slow
    )
    assert (each.llm, each.runs_out) == ("beta", True)
    assert (every.llm, every.runs_out) == ("", False)


def test_windows_of_unsteady_load_count_too(source: PlanAndScenario):
    """A jump in every window: none is steady, and the budget is spent all the same."""
    jumps = PlayedDay(
        load=lambda at: np.where(np.arange(len(at)) % 5 < 2, 0.2, 2.0), seconds=14_400.0
    )
    metered = metered_day(source, jumps)
    assert len(metered.options[0].steady) < len(metered.options[0].all) / 2
    (one,) = budgets(source, Slo("ttft", "mean", 0.150), day=jumps)
    assert one.runs_out


def test_too_few_windows_are_not_judged(source: PlanAndScenario):
    (one,) = budgets(source, Slo("tpot", "mean", 0.1), day=PlayedDay(seconds=600.0))
    assert (one.spent, one.runs_out) == (None, False)
