"""Today's setup kept where an input has moved: its value there, and where it is no plan."""

from pathlib import Path

import pytest

import planner
from planner.scenario.assemble import LoadResult
from planner.studies.sensitivity.moved_plans import (
    MovedPlan,
    plan_moved_input,
    read_scenario_of_moves,
    value_of_kept_setup,
)
from planner.studies.sensitivity.studied_inputs import studied_inputs
from planner.studies.sweep_point import PointStatus
from tests.support.scenarios.demand_case import write_day
from tests.support.scenarios.small_scenario import small_content


def kept(loaded: LoadResult, today: MovedPlan, words: str, value: float) -> MovedPlan:
    one = next(one for one in studied_inputs(loaded, 10.0) if one.words == words)
    return value_of_kept_setup(loaded, today, (one, value))


def test_a_setup_costs_its_own_gpus_even_where_a_part_of_it_would_do() -> None:
    cost = {"minimize": "cost", "quality_at_least": 0.6}
    scenario = planner.load(small_content(objective=cost, arrival_rate_rps=60))
    today = plan_moved_input(scenario.result, None)
    assert today.gpus == (("p", 2),)
    there = kept(scenario.result, today, "arrival rate", 10.0)
    assert (there.value, there.bound) == (4.0, 4.0), "one GPU of 2 USD/h would carry 10 req/s"
    dearer = kept(scenario.result, today, "price of a GPU of pool p", 5.0)
    assert dearer.value == pytest.approx(10.0)
    assert kept(scenario.result, today, "arrival rate", 90.0).status == PointStatus.INFEASIBLE


def test_of_classes_and_cases_a_setup_keeps_its_quality_within_the_budget(tmp_path: Path) -> None:
    """The best plan within the quotas may run a part of it on fewer GPUs; the whole is as good."""
    loaded = read_scenario_of_moves(str(write_day(tmp_path)), ["solver.rel_gap=0.02"])
    today = plan_moved_input(loaded, None)
    assert today.value is not None
    pool = "price of a GPU of pool a"
    cheaper = kept(loaded, today, pool, 0.8)
    assert cheaper.value == pytest.approx(today.value, rel=0.02)
    ((_, gpus),) = today.gpus
    assert kept(loaded, today, pool, 39.0 / gpus).has_plan
    assert not kept(loaded, today, pool, 41.0 / gpus).has_plan
