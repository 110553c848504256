"""A small day planned, for the tests of reports, and the same day with names that are attacks on
spreadsheets.
"""

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from planner.cells.lost_node_table import lost_node_table
from planner.cells.solve import solve_cells
from planner.plans.cells.cells_content import build_cells_plan
from planner.presentation.cells.lost_nodes import lost_nodes_content
from planner.scenario.assemble import LoadResult, assemble_instance
from profiles.io.faults import Fault
from profiles.io.yaml_text import parse_yaml
from tests.support.scenarios.demand_case import write_day

__all__ = ["day_planned", "hostile_day", "impossible_day", "planned_cells"]

Source = tuple[dict[str, Any], LoadResult]

NAMES = {
    "chat": "=1+1",
    "batch": "_x0041_ <b>&",
    "night": "+cmd|' /C calc'!A0",
    "node-lost": "<r><t>x</t></r>",
    "far": "http://example.org",
    "day": "=DAY()",
}


def planned_cells(scenario: Path, *overrides: str) -> Source:
    """A scenario planned and looked at for lost nodes: the content of its plan, and itself."""
    loaded = assemble_instance(scenario, overrides, cells=True)
    demand = loaded.demand
    assert demand is not None
    solution = solve_cells(demand, loaded.settings)
    content = build_cells_plan(loaded, demand, solution, loaded.settings, {})
    if (plan := solution.plan) is not None:
        lost = lost_node_table(demand, plan.setups, loaded.settings)
        pools = [pool.name for pool in demand.instance.pools]
        cases = [case.name for case in demand.cases]
        content["context"]["lost_nodes"] = lost_nodes_content(lost, pools, cases)
    return content, loaded


@cache
def day_planned() -> Source:
    """Two classes, a night without chat, a node that may be lost, an LLM outside and a budget."""
    # Where requests may take longer some are worth sending outside.
    return planned_cells(write_day(Path(mkdtemp(prefix="day"))), "classes.0.slo.0.limit_ms=1000")


@cache
def impossible_day() -> Source:
    """The same with more requests than it can serve."""
    scenario = write_day(Path(mkdtemp(prefix="impossible")))
    return planned_cells(scenario, "cases.0.arrival_rate_rps.batch=50000")


@cache
def hostile_day() -> Source:
    """Names that spreadsheets would run, cut or drop."""
    scenario = write_day(Path(mkdtemp(prefix="hostile-day")))
    faults: list[Fault] = []
    content = parse_yaml(scenario.read_text(encoding="utf-8"), "", faults)
    scenario.write_text(json.dumps(_renamed(content)), encoding="utf-8")
    scores = scenario.with_name("scores.csv")
    text = scores.read_text(encoding="utf-8").replace("far", NAMES["far"], 1)
    scores.write_text(text, encoding="utf-8")
    return planned_cells(scenario)


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {NAMES.get(key, key): _renamed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    return NAMES.get(value, value) if isinstance(value, str) else value
