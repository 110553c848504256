"""A plan.json of either schema, read and together with its scenario: for commands that take both.

A plan over cells is trusted as little as one of schema 1 (planner.plans.plan_file,
planner.plans.soundness): strict JSON within limits, docs/plan-cells.schema.json, names and
positions that lead somewhere, the scenario of its hash, then every claim by the independent
verifier and what it restates of the scenario. Of a plan that is looked at unverified the first
four hold all the same.
"""

from pathlib import Path
from typing import Any

from planner.errors import DataError
from planner.plans.cells.cells_plan import CellsPlan, CellsPlanAndScenario
from planner.plans.cells.cells_plan_references import contradictions_of_cells_plan
from planner.plans.plan_and_scenario import (
    PlanAndScenario,
    join_plan_and_scenario,
    join_plan_to_compare,
    scenario_at_hand,
    scenario_of_plan,
    unsound_plan_faults,
    unverified_line,
)
from planner.plans.plan_file import (
    CELLS_SCHEMA,
    check_plan_content,
    plan_schema_faults,
    read_plan_content,
)
from planner.plans.record import REWRITE, Plan
from planner.plans.soundness import context_problems
from planner.scenario.assemble import LoadResult
from planner.verification.cells.cells_verifier import check_cells_readable, run_cells_verifier
from profiles.io.faults import Fault, shown_in_fault

__all__ = ["load_any_plan", "load_any_plan_to_compare", "read_any_plan_file"]

SCHEMA_FILE = "plan-cells.schema.json"


def read_any_plan_file(path: Path) -> Plan | CellsPlan:
    """Read plan.json; DataError with every fault when it is not a sound file of either schema."""
    content, file = read_plan_content(path), str(path)
    if content["schema"] != CELLS_SCHEMA:
        return check_plan_content(content, file)
    faults = list(plan_schema_faults(content, file, SCHEMA_FILE)) or [
        Fault(file, where, shown_in_fault(value), problem, REWRITE)
        for where, value, problem in contradictions_of_cells_plan(content)
    ]
    if faults:
        raise DataError(faults)
    return CellsPlan(content)


def load_any_plan(
    path: Path, scenario: Path | None = None, *, unverified: bool = False
) -> PlanAndScenario | CellsPlanAndScenario:
    """Read plan.json and its scenario, verified; arguments and DataError as
    `planner.plans.plan_and_scenario.load_plan_and_scenario`.
    """
    plan = read_any_plan_file(path)
    if isinstance(plan, Plan):
        return join_plan_and_scenario(plan, path, scenario, unverified=unverified)
    loaded = scenario_of_plan(plan.content, path, scenario)
    return _verified_cells_plan(plan, loaded, path, unverified=unverified)


def load_any_plan_to_compare(
    path: Path, *, unverified: bool = False
) -> tuple[Plan | CellsPlan, str]:
    """Read plan.json, verified where its scenario is at hand; the plan, and a sentence when it is
    not verified ("" when it is).
    """
    plan = read_any_plan_file(path)
    if isinstance(plan, Plan):
        return join_plan_to_compare(plan, path, unverified=unverified)
    loaded = scenario_at_hand(plan.content, path)
    if isinstance(loaded, str):
        return plan, loaded
    source = _verified_cells_plan(plan, loaded, path, unverified=unverified)
    return source.plan, unverified_line(path, source.problems) if source.problems else ""


def _verified_cells_plan(
    plan: CellsPlan, loaded: LoadResult, path: Path, *, unverified: bool
) -> CellsPlanAndScenario:
    """The plan with its scenario, marked where it fails its checks; DataError where that is not
    allowed, or where it could not even be read by its names and positions.
    """
    content, file = plan.content, str(path)
    if loaded.demand is None:
        problem = "the scenario has one class in one case, and the plan states more"
        raise DataError([Fault(file, "schema", "2", problem, REWRITE)])
    has_setup = plan.status in ("optimal", "feasible")
    broken = check_cells_readable(content, loaded.demand) if has_setup else ()
    problems = [*broken] or _problems_of_cells_plan(content, loaded)
    if broken or (problems and not unverified):
        raise DataError(list(unsound_plan_faults(content, problems, file)))
    if problems:
        plan = CellsPlan({**content, "checks": {"verified": False, "problems": problems}})
    return CellsPlanAndScenario(plan, loaded, tuple(problems))


def _problems_of_cells_plan(content: Any, loaded: LoadResult) -> list[str]:
    """What of a plan is not true of its scenario."""
    demand = loaded.demand
    if demand is None:
        raise AssertionError("a plan over cells is of a scenario with cells")
    target = loaded.scenario.spec.solver.rel_gap
    problems = list(run_cells_verifier(content, demand, rel_gap_target=target))
    problems += context_problems(content["context"], loaded, demand.instance)
    if content["scenario"] != loaded.scenario.spec.name:
        problems.append(f"scenario: its name is {loaded.scenario.spec.name}")
    return problems
