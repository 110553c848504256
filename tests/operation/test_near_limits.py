"""Limits that a plan nearly uses up are simulated beside it, just as `simulate` does it."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planner.operation import simulation
from planner.operation.near_limits import with_limits_simulated
from planner.operation.simulation import run_simulation
from planner.operation.simulation_outcomes import Demand
from planner.operation.step_level_replica import build_step_level_replica
from planner.plans.plan_and_scenario import PlanAndScenario, load_plan_and_scenario
from planner.plans.record import Plan
from tests.support.plans.built_plans import check_schema, write_trio_plan


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> PlanAndScenario:
    path: Path = tmp_path_factory.mktemp("plan") / "plan.json"
    write_trio_plan(path)
    return load_plan_and_scenario(path)


def test_the_figures_are_those_of_simulate(planned: PlanAndScenario) -> None:
    plan = with_limits_simulated(planned.plan, planned.loaded)
    check_schema(plan)
    (shown,) = plan.content["context"]["simulated"]["slo"]
    (slo,) = run_simulation(planned, Demand(), engine=build_step_level_replica).slos
    assert shown is not None
    assert slo.simulated is not None
    assert shown["mean_ms"] == pytest.approx(1000 * slo.simulated.mean)
    assert shown["high_ms"] == pytest.approx(1000 * slo.simulated.high)
    assert shown["verdict"] == slo.verdict


def with_achieved(source: PlanAndScenario, part: float | None) -> Plan:
    """The plan as if it achieved a part of its limit."""
    content: Any = dict(source.plan.content)
    slo = content["slo"][0]
    achieved = None if part is None else part * slo["limit_ms"]
    return Plan({**content, "slo": [{**slo, "achieved_ms": achieved}]})


@pytest.mark.parametrize(("part", "near"), [(0.9, True), (0.89, False), (None, False)])
def test_only_limits_of_which_little_is_left_are_simulated(
    planned: PlanAndScenario, monkeypatch: pytest.MonkeyPatch, part: float | None, near: bool
) -> None:
    monkeypatch.setattr(simulation, "WANTED", 100)
    plan = with_limits_simulated(with_achieved(planned, part), planned.loaded)
    assert ("simulated" in plan.content["context"]) == near


def test_every_limit_has_a_figure_where_one_is_near(
    planned: PlanAndScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is used up by nine parts of ten, the second by a half: no cell stays blank."""
    monkeypatch.setattr(simulation, "WANTED", 100)
    content: Any = dict(with_achieved(planned, 0.9).content)
    limits = planned.loaded.instance.slos
    wider = {**content["slo"][0], "limit_ms": 2 * content["slo"][0]["limit_ms"]}
    instance = replace(
        planned.loaded.instance, slos=(*limits, replace(limits[0], limit=2 * limits[0].limit))
    )
    plan = Plan({**content, "slo": [*content["slo"], wider]})
    simulated = with_limits_simulated(plan, replace(planned.loaded, instance=instance))
    near, far = simulated.content["context"]["simulated"]["slo"]
    assert near is not None
    assert far is not None
    assert (near["mean_ms"], far["verdict"]) == (far["mean_ms"], "holds")


def test_a_cancelled_or_too_large_simulation_is_left_out(planned: PlanAndScenario) -> None:
    cancel = threading.Event()
    cancel.set()
    assert with_limits_simulated(planned.plan, planned.loaded, cancel) is planned.plan
    huge = replace(planned.loaded, instance=replace(planned.loaded.instance, arrival_rate=1e5))
    simulated = with_limits_simulated(planned.plan, huge).content["context"]["simulated"]
    assert "100,000 req/s are too many" in simulated["skipped"]
