"""What a plan costs beside one LLM for everything: the figure of a plan, or none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.quality import Quality
from planner.joint import solve as joint
from planner.operation.prompt_routing import served_prompt_routings
from planner.operation.routing_cost import (
    NONE_GOOD,
    NONE_SERVES,
    RoutingCost,
    routing_cost_of_plan,
    routing_cost_with_single_llm,
)
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan_content
from planner.scenario.assemble import assemble_instance
from planner.studies.baselines.solver import BaselineSolver
from tests.support.plans.routed_plan import own
from tests.support.scenarios.small_scenarios import write_scenario

FLOOR: dict[str, Any] = {"objective": {"minimize": "cost", "quality_at_least": 0.65}}


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., PlanAndScenario]:
    """A plan of two LLMs of mean score 0.7, on two GPUs of 2 USD/h that hold 40 req/s each."""

    def planned_with(rate: float, changes: dict[str, Any]) -> PlanAndScenario:
        loaded = assemble_instance(write_scenario(tmp_path, rate=rate), changes)
        solution = joint.solve_joint(loaded.instance, loaded.settings, explain=False)
        return PlanAndScenario(build_plan_content(loaded, solution, loaded.settings, {}), loaded)

    return planned_with


def cost_of(source: PlanAndScenario) -> RoutingCost | None:
    sample, settings = own(source), source.loaded.settings
    solver = BaselineSolver(settings=settings, quality=Quality(sample.scores))
    served, _ = served_prompt_routings(source, sample, sample, solver)
    return routing_cost_with_single_llm(source, served, solver)


@pytest.mark.parametrize(("rate", "gpus"), [(10, 1), (50, 2)])
def test_the_cheapest_single_llm_needs_as_many_gpus_as_its_rate(
    planned: Callable[..., PlanAndScenario], rate: float, gpus: int
) -> None:
    source = planned(rate, FLOOR)
    cost = cost_of(source)
    assert cost is not None
    assert (cost.plan, cost.floor) == (pytest.approx(2.0 * gpus), 0.65)
    assert (cost.single, cost.proved, cost.why) == (pytest.approx(2.0 * gpus), True, "")
    assert cost.single_llm in ("alpha", "beta")


def test_headroom_is_kept_by_the_single_llm_too(planned: Callable[..., PlanAndScenario]) -> None:
    cost = cost_of(planned(38, {**FLOOR, "headroom": {"rate_pct": 20}}))
    assert cost is not None
    assert cost.single == pytest.approx(4.0)


def test_no_figure_where_no_single_llm_does_it(planned: Callable[..., PlanAndScenario]) -> None:
    high = {"objective": {"minimize": "cost", "quality_at_least": 0.8}}
    cost = cost_of(planned(10, high))
    assert cost is not None
    assert (cost.plan, cost.single, cost.why) == (pytest.approx(4.0), None, NONE_GOOD)
    source = planned(10, high)
    solver = BaselineSolver(settings=source.loaded.settings, quality=Quality(own(source).scores))
    unserved = routing_cost_with_single_llm(source, [], solver)
    assert unserved is not None
    assert (unserved.single, unserved.why) == (None, NONE_SERVES)


def test_where_quality_is_the_objective_it_is_the_cost_of_the_best_that_is_served(
    planned: Callable[..., PlanAndScenario],
) -> None:
    cost = cost_of(planned(50, {}))
    assert cost is not None
    assert (cost.floor, cost.single) == (None, pytest.approx(4.0))


def test_without_a_price_there_is_no_cost(planned: Callable[..., PlanAndScenario]) -> None:
    source = planned(10, {})
    content: Any = {**source.plan.content, "cost_usd_per_h": None}
    unpriced = replace(source, plan=replace(source.plan, content=content))
    assert routing_cost_of_plan(unpriced) is None
    assert cost_of(unpriced) is None
