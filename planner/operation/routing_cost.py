"""What a plan costs, beside the cheapest way to serve the same demand with one LLM.

    plan     USD/h of the plan; None where a pool that it may use has no price
    single   USD/h of the cheapest plan of the same scenario in which one LLM answers everything,
             within every SLO and not below the floor of quality, by the plan's own scores: the
             baseline "best single LLM" of docs/baselines.md, by the same search

Where quality is the objective there is no floor to be cheap at: `single` is then the cost of the
best single LLM that can be served. No figure is stated that no plan stands behind.
"""

from dataclasses import dataclass, replace

from models.demand.headroom import with_headroom
from models.quality import Quality
from planner.operation.prompt_routing import SERVED, PromptRouting
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.studies.baselines.single_llm import single_llm_baseline
from planner.studies.baselines.solver import BaselineResult, BaselineSolver

__all__ = [
    "NONE_GOOD",
    "NONE_SERVES",
    "RoutingCost",
    "routing_cost_of_plan",
    "routing_cost_with_single_llm",
]

NONE_SERVES = "no single LLM can serve the rate within the SLOs on these GPUs"
NONE_GOOD = "no single LLM can serve the rate within the SLOs at that quality on these GPUs"


@dataclass(frozen=True, kw_only=True)
class RoutingCost:
    """plan, single: USD/h. floor: mean score that a cost objective has to keep, else None.

    single_llm: its name; proved: whether no cheaper plan of a single LLM exists. why: the reason
    where `single` is not known, "" where nobody has looked for it.
    """

    plan: float
    floor: float | None
    single: float | None = None
    single_llm: str = ""
    proved: bool = True
    why: str = ""


def routing_cost_of_plan(source: PlanAndScenario) -> RoutingCost | None:
    """What the plan costs, and the floor that it keeps; None where no cost is known."""
    content = source.plan.demand_setup().content
    cost = content["cost_usd_per_h"]
    if cost is None:
        return None
    of_cost = content["objective"]["of"] == "cost"
    floor = source.loaded.instance.quality_floor if of_cost else None
    return RoutingCost(plan=cost, floor=floor)


def routing_cost_with_single_llm(
    source: PlanAndScenario, served: list[PromptRouting], solver: BaselineSolver
) -> RoutingCost | None:
    """The same with the best single LLM: one more solve for each LLM where cost is the objective.

    served: the best single LLM that can be served, whatever it costs; empty where none can.
    """
    cost = routing_cost_of_plan(source)
    if cost is None:
        return None
    best = next((one for one in served if one.name == SERVED), None)
    if best is None:
        return replace(cost, why=NONE_SERVES)
    if source.plan.demand_setup().content["objective"]["of"] != "cost":
        return replace(cost, single=best.usd_per_h, single_llm=best.note)
    # As the plan was made: with its headroom, by its own scores.
    instance = with_headroom(source.loaded.instance)
    own = replace(solver, quality=Quality(instance.scores))
    own.begin("the cheapest single LLM")
    return _with_attempt(cost, single_llm_baseline(own, instance), own)


def _with_attempt(
    cost: RoutingCost, attempt: BaselineResult, solver: BaselineSolver
) -> RoutingCost:
    if solver.unfinished():
        return replace(cost, why="its search was stopped")
    if not attempt.met or attempt.value is None:
        return replace(cost, why=NONE_GOOD)
    bound = -float("inf") if attempt.bound is None else attempt.bound
    gap = solver.settings.rel_gap * abs(attempt.value)
    return replace(
        cost,
        single=attempt.value,
        single_llm=attempt.variant,
        proved=attempt.value - bound <= max(gap, 1e-6),
    )
