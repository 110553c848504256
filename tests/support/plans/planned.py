"""Planned scenarios for tests of a plan in operation."""

from dataclasses import replace
from typing import Any

from models.instance import Instance, Slo
from planner.joint import solve as joint
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan_content
from tests.support.plans import handmade


def planned(instance: Instance) -> PlanAndScenario | None:
    """The plan of an instance with its scenario's wrapper; None where there is none."""
    solution = joint.solve_joint(instance, explain=False)
    return (
        None
        if not solution.has_plan
        else PlanAndScenario(
            build_plan_content(handmade.loaded(instance), solution, handmade.SETTINGS, {}),
            handmade.loaded(instance),
        )
    )


def trio(**changes: Any) -> PlanAndScenario:
    """The hand-made plan of three LLMs."""
    instance = replace(handmade.trio(slos=(Slo("ttft", "mean", 0.5),)), **changes)
    return PlanAndScenario(
        build_plan_content(
            handmade.loaded(instance), handmade.solved(instance), handmade.SETTINGS, {}
        ),
        handmade.loaded(instance),
    )
