"""Whether a plan that was read from a file is true of its scenario: everything it claims is
computed again by the independent verifier, and what it restates of the scenario is compared.

    plan with a setup       the verifier, against the scenario's instance
    best effort             the same, against the instance after its one change
    context                 demand, pools, LLMs, filters: equal to the scenario's

Not checked, since nothing but another search could: the bound beyond its agreement with gap and
status, shadow prices, marginal values, alternatives, texts and times.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.instance import Instance
from planner.plans.conflict_content import instance_without_conflict
from planner.plans.context_content import scenario_context
from planner.plans.record import Plan, best_effort_change
from planner.scenario.assemble import LoadResult
from planner.solution import Repair
from planner.verification.verifier import run_verifier

__all__ = ["context_problems", "soundness_problems"]


def soundness_problems(plan: Plan, loaded: LoadResult) -> list[str]:
    """What of a plan is not true of its scenario, in sentences without a full stop.

    loaded: the scenario with the plan's overrides.
    """
    problems = list(_problems_of_solved(plan.content, loaded, loaded.instance))
    if plan.content["scenario"] != loaded.scenario.spec.name:
        problems.append(f"scenario: its name is {loaded.scenario.spec.name}")
    effort = plan.best_effort
    if effort is not None:
        problems += [f"best effort: {one}" for one in _problems_of_effort(effort, loaded)]
    return problems


def _problems_of_effort(effort: Plan, loaded: LoadResult) -> Iterator[str]:
    """The same for the best effort of a conflict."""
    change, instance = best_effort_change(effort.content), loaded.instance
    if change is not None:
        try:
            instance = instance_without_conflict(
                instance, Repair(change["change"], change["from"], change["to"])
            )
        except (ValueError, IndexError, OverflowError):
            yield f"the change {change['change']} is none that the scenario allows"
            return
    yield from _problems_of_solved(effort.content, loaded, instance)


def _problems_of_solved(
    content: Mapping[str, Any], loaded: LoadResult, instance: Instance
) -> Iterator[str]:
    yield from run_verifier(content, instance, rel_gap_target=loaded.scenario.spec.solver.rel_gap)
    yield from context_problems(content["context"], loaded, instance)


def context_problems(
    stated: Mapping[str, Any], loaded: LoadResult, instance: Instance
) -> Iterator[str]:
    """What a plan's context restates otherwise than the scenario says it."""
    expected: Mapping[str, Any] = scenario_context(loaded, instance)
    for key in expected:
        # Plans of earlier versions lack some keys.
        if key in stated and key != "dropped" and stated[key] != expected[key]:
            yield f"context.{key}: not what the scenario says"
