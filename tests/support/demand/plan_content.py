"""What plan.json says of the solution of a demand that no scenario states."""

from typing import Any

from models.demand.requests import DemandInstance
from planner.cell_solution import CellSolution
from planner.plans.cells.cells_content import _objective_content, _result_content

__all__ = ["plan_content"]


def plan_content(demand: DemandInstance, solution: CellSolution) -> dict[str, Any]:
    return {
        "schema": 2,
        "status": str(solution.status),
        "objective": _objective_content(demand, solution),
        **_result_content(demand, solution.plan),
    }
