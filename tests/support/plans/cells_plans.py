"""The plan of the small scenario with classes and cases, as files."""

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from planner.cells.solve import solve_cells
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.plan_file import plan_file_text
from planner.scenario.assemble import LoadResult, assemble_instance
from tests.support.scenarios.demand_case import write_day

__all__ = ["day_content", "write_day_plan"]

Content = dict[str, Any]


@cache
def _planned() -> Content:
    with TemporaryDirectory() as folder:
        loaded: LoadResult = assemble_instance(write_day(Path(folder)), cells=True)
        assert loaded.demand is not None
        solution = solve_cells(loaded.demand, loaded.settings)
        return build_cells_plan(loaded, loaded.demand, solution, loaded.settings, {})


def day_content() -> Content:
    """The content of its plan.json, a copy of its own."""
    return {**copy.deepcopy(_planned()), "scenario_path": "scenario.yaml"}


def write_day_plan(folder: Path, change: Callable[[Content], None] = lambda plan: None) -> Path:
    """The scenario with its tables, and its plan.json with something changed."""
    write_day(folder)
    content = day_content()
    change(content)
    path = folder / "plan.json"
    path.write_text(plan_file_text(json.loads(json.dumps(content))), encoding="utf-8")
    return path
