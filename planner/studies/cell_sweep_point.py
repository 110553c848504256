"""One point of a study over a scenario with classes and cases: planned, verified, as numbers."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.demand.requests import DemandInstance
from models.instance import ObjectiveKind
from planner.plans.cells.cells_content import build_cells_plan
from planner.scenario.assemble import LoadResult
from planner.sizing.cell_sizing import solve_sized_cells
from planner.solution import Status

__all__ = ["cell_point_numbers", "plan_cell_point"]


def plan_cell_point(
    loaded: LoadResult, stated: DemandInstance, cancel: threading.Event | None
) -> tuple[Status, dict[str, Any], str]:
    """Status, content of plan.json, and the reason where there is no plan. VerificationError when
    the plan fails the verifier.

    stated: the demand of `loaded`.
    """
    settings = loaded.settings
    demand, solution = solve_sized_cells(stated, settings, cancel=cancel, explain=False)
    decided = replace(loaded, instance=demand.instance, demand=demand)
    content = build_cells_plan(decided, demand, solution, settings, {})
    reason = ""
    if solution.status == Status.INFEASIBLE:
        reason = "no plan keeps all limits of all cases at once"
    elif solution.status == Status.UNKNOWN:
        reason = f"stopped by {solution.effort.termination} before a plan was found"
    return solution.status, content, reason


def cell_point_numbers(content: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a plan; quality and cost of every case after those of the whole."""
    objective = content["objective"]
    unit = "USD/h" if objective["of"] == ObjectiveKind.COST else "mean score"
    numbers = {
        f"Found ({unit})": objective["value"],
        f"Best possible ({unit})": objective["bound"],
        "Gap (%)": None if objective["rel_gap"] is None else 100.0 * objective["rel_gap"],
        "Quality (mean score)": content["quality"],
        "Cost (USD/h)": content["cost_usd_per_h"],
        "GPUs used": content["gpus_used"],
    }
    for pool in content.get("pools", ()):
        numbers[f"{pool['pool']}: nodes"] = pool["nodes"]
    for case in content["cases"]:
        numbers[f"{case['case']}: quality (mean score)"] = case["quality"]
        numbers[f"{case['case']}: cost (USD/h)"] = case["cost_usd_per_h"]
    return numbers
