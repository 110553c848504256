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

__all__ = ["clock_source", "day_content", "day_source", "write_day_plan"]

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


def clock_source(folder: Path, *, scheduled: bool) -> CellsPlanAndScenario:
    """A verified plan of whole GPUs whose cases are named by their times; more is to do by day."""
    path = write_day(folder)
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("{name: day,", '{name: "07:00-21:00",'),
        ("{name: night,", '{name: "21:00-07:00",'),
        ("chat: 4, batch: 1", "chat: 6, batch: 1"),
        (
            "{maximize: quality, cost_at_most_usd_per_h: 40}",
            "{minimize: cost, quality_at_least: 0.3}",
        ),
    ):
        assert old in text
        text = text.replace(old, new)
    lines = [line for line in text.splitlines() if "node-lost" not in line]
    if scheduled:
        lines.append("fleet: {mode: scheduled, start_usd_per_gpu: 0.1}")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    profiles = folder / "profiles.csv"
    shared = profiles.read_text(encoding="utf-8")
    profiles.write_text(shared.replace("NO,G,1,50,", "NO,G,1,100,"), encoding="utf-8")
    loaded = assemble_instance(path, cells=True)
    assert loaded.demand is not None
    solution = solve_cells(loaded.demand, loaded.settings)
    content = build_cells_plan(loaded, loaded.demand, solution, loaded.settings, {})
    plan = folder / "plan.json"
    plan.write_text(plan_file_text({**content, "scenario_path": "scenario.yaml"}), encoding="utf-8")
    source = load_any_plan(plan)
    assert isinstance(source, CellsPlanAndScenario)
    return source
