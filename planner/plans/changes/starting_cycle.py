"""The plan that `plan --from` starts from where the fleet is scheduled: of every setup in the cycle
what runs in the case of the same name; and what of it is kept, started and stopped.

A plan of one setup runs it in every case. Replicas are counted by option, setup by setup, on
whichever GPUs they are (planner.plans.changes.starting_plan); a limit is of each setup.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from models.demand.requests import DemandInstance
from planner.errors import DataError
from planner.plans.cells.any_plan import load_any_plan_to_compare
from planner.plans.cells.setup_as_plan import setup_as_plan
from planner.plans.changes.starting_plan import (
    StartingPlan,
    counted_by_option,
    replicas_that_run,
    require_setup,
    running_options_content,
    starting_plan_lines,
)
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from profiles.io.faults import Fault

__all__ = [
    "StartingCycle",
    "demand_from_running_cycle",
    "read_starting_cycle",
    "start_of_cycle",
    "starting_cycle_lines",
]


@dataclass(frozen=True)
class StartingCycle:
    """path: of the plan that runs, as the user wrote it. setups: what runs in every own case of the
    scenario, in the order of the cycle and in the words of schema 1. most: replicas of each setup
    that may start or stop, None without a limit. note: why it is not verified, "" where it is.
    """

    path: str
    setups: Mapping[str, PlanContent]
    most: int | None = None
    note: str = ""


def read_starting_cycle(path: str, most: int | None, demand: DemandInstance) -> StartingCycle:
    """Read a plan.json; DataError where it cannot be read, fails its checks, has no setup, or has
    several and none for a case of the demand.
    """
    plan, note = load_any_plan_to_compare(Path(path))
    require_setup(plan, path)
    own = [demand.cases[cases[0]].name for cases in demand.setups]
    if isinstance(plan, Plan):
        return StartingCycle(path, dict.fromkeys(own, plan.content), most, note)
    setups = plan.content["setups"]
    at = {case: k for k, setup in enumerate(setups) for case in setup["cases"]}
    if len(setups) == 1:
        at = dict.fromkeys(own, 0)
    if lacking := [case for case in own if case not in at]:
        problem = f"none of its setups runs in the case {lacking[0]}"
        fix = "name a plan of the same cases, or of a fixed fleet"
        raise DataError([Fault(path, "setups", "", problem, fix)])
    running = {case: cast("PlanContent", setup_as_plan(plan.content, at[case])) for case in own}
    return StartingCycle(path, running, most, note)


def demand_from_running_cycle(demand: DemandInstance, cycle: StartingCycle) -> DemandInstance:
    """The demand with what runs of every setup when its plan begins."""
    runs = (
        replicas_that_run(demand.instance, content, cycle.most) for content in cycle.setups.values()
    )
    return replace(demand, runs=tuple(runs))


def starting_cycle_lines(demand: DemandInstance, cycle: StartingCycle) -> list[str]:
    """What is to be told of the plan that runs, each line once."""
    starts = (
        StartingPlan(cycle.path, content, note=cycle.note) for content in cycle.setups.values()
    )
    lines = (line for start in starts for line in starting_plan_lines(demand.instance, start))
    return list(dict.fromkeys(lines))


def start_of_cycle(content: Mapping[str, Any], cycle: StartingCycle) -> dict[str, Any]:
    """What the context of a plan says of the one that it starts from, {"from_cycle": ...}; counts
    are null where there is no plan.
    """
    setups = []
    for k, (case, runs) in enumerate(cycle.setups.items()):
        before = counted_by_option(runs)
        after: Counter[Any] | None = None
        if content["setups"]:
            after = counted_by_option(cast("PlanContent", setup_as_plan(content, k)))
        kept = None if after is None else (before & after).total()
        setups.append(
            {
                "case": case,
                "options": running_options_content(runs),
                "kept": kept,
                "started": None if after is None or kept is None else after.total() - kept,
                "stopped": None if kept is None else before.total() - kept,
            }
        )
    first = next(iter(cycle.setups.values()))
    stated = {"plan": cycle.path, "scenario_sha256": first["scenario_sha256"]}
    return {"from_cycle": {**stated, "setups": setups, "most_changes": cycle.most}}
