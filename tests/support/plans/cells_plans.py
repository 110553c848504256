"""The plan of the small scenario with classes and cases, as files."""

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from planner.cells.solve import solve_cells
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.scenario.assemble import LoadResult, assemble_instance
from tests.support.scenarios.demand_case import write_day

__all__ = ["day_content", "day_source", "write_day_plan"]

Content = dict[str, Any]


@cache
def _planned(*, scheduled: bool) -> Content:
    with TemporaryDirectory() as folder:
        scenario = _write_scenario(Path(folder), scheduled=scheduled)
        loaded: LoadResult = assemble_instance(scenario, cells=True)
        assert loaded.demand is not None
        solution = solve_cells(loaded.demand, loaded.settings)
        return build_cells_plan(loaded, loaded.demand, solution, loaded.settings, {})


def _write_scenario(folder: Path, *, scheduled: bool) -> Path:
    """The scenario with its tables; with a setup for day and one for night where scheduled."""
    path = write_day(folder)
    if scheduled:
        text = path.read_text(encoding="utf-8").replace(
            "lost_nodes: {a: 1}", "lost_nodes: {a: 1}, of: day"
        )
        path.write_text(
            text + "fleet: {mode: scheduled, start_usd_per_gpu: 0.5}\n", encoding="utf-8"
        )
    return path


def day_content(*, scheduled: bool = False) -> Content:
    """The content of its plan.json, a copy of its own."""
    return {**copy.deepcopy(_planned(scheduled=scheduled)), "scenario_path": "scenario.yaml"}


def write_day_plan(
    folder: Path, change: Callable[[Content], None] = lambda plan: None, *, scheduled: bool = False
) -> Path:
    """The scenario with its tables, and its plan.json with something changed."""
    _write_scenario(folder, scheduled=scheduled)
    content = day_content(scheduled=scheduled)
    change(content)
    path = folder / "plan.json"
    path.write_text(plan_file_text(json.loads(json.dumps(content))), encoding="utf-8")
    return path


def day_source(folder: Path, *, scheduled: bool = False) -> CellsPlanAndScenario:
    """The plan, verified against its scenario."""
    source = load_any_plan(write_day_plan(folder, scheduled=scheduled))
    assert isinstance(source, CellsPlanAndScenario)
    return source
