"""`planner.read_plan`, and what a function of the API is given as a plan: a result of
`planner.plan`, or a file.
"""

import os
from pathlib import Path
from typing import TypeAlias

from planner.api.cells_plan_result import CellsPlanResult
from planner.api.plan_result import PlanResult
from planner.api.scenario import LoadedScenario, load
from planner.errors import DataError
from planner.plans.cells.any_plan import load_any_plan, load_any_plan_to_compare
from planner.plans.cells.cells_plan import CellsPlan, CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import read_plan_file
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.scenario.assemble import LoadResult
from profiles.io.faults import Fault

__all__ = [
    "AnyPlanResult",
    "PlanSource",
    "plan_source_setup",
    "plan_source_to_compare",
    "plan_source_with_scenario",
    "read_plan",
]

AnyPlanResult: TypeAlias = PlanResult | CellsPlanResult
"""What `planner.plan` returns."""

PlanSource: TypeAlias = AnyPlanResult | str | os.PathLike[str]
"""A plan, or its file (plan.json)."""

NO_CELLS = "a plan of classes and cases (schema 2) cannot be the one that runs now"


def read_plan(
    path: str | os.PathLike[str], *, scenario: str | os.PathLike[str] | None = None
) -> AnyPlanResult:
    """Read a plan.json with its scenario, and verify it.

    Parameters
    ----------
    path
        The file: of `to_json`, or of a command.
    scenario
        The plan's scenario file, where the path in the plan's file does not lead to it.

    Returns
    -------
    PlanResult or CellsPlanResult
        As `planner.plan` has returned it, without the program of its search.

    Raises
    ------
    DataError
        When either cannot be read, when the scenario is not the plan's, or when the plan fails the
        verifier.

    """
    source = plan_source_with_scenario(path, scenario)
    loaded = _as_stated(source.loaded)
    # In the file the path is relative to its folder, in a result to the current one.
    where = loaded.path.as_posix()
    if isinstance(source, CellsPlanAndScenario):
        cells = CellsPlan({**source.plan.content, "scenario_path": where})
        return CellsPlanResult(loaded, cells)
    plan = Plan({**source.plan.content, "scenario_path": where})
    return PlanResult(loaded, plan, None)


def _as_stated(loaded: LoadResult) -> LoadedScenario:
    """The scenario of a plan that was read, its numbers of nodes open where they are stated so."""
    if all(isinstance(pool.nodes, int) for pool in loaded.scenario.spec.pools):
        return LoadedScenario(loaded)
    return load(loaded.scenario.path, loaded.scenario.overrides)


def plan_source_with_scenario(
    source: PlanSource, scenario: str | os.PathLike[str] | None = None
) -> PlanAndScenario | CellsPlanAndScenario:
    """A plan with its scenario. scenario: the scenario's file, where the path in the plan's file
    does not lead to it.
    """
    if isinstance(source, PlanResult | CellsPlanResult):
        return source.with_scenario()
    return load_any_plan(Path(source), None if scenario is None else Path(scenario))


def plan_source_to_compare(source: PlanSource) -> tuple[Plan | CellsPlan, str]:
    """A plan with a setup, and a sentence where it is not verified since its scenario is not at
    hand; InfeasibleError or NoPlanInTimeError without a setup.
    """
    if isinstance(source, PlanResult | CellsPlanResult):
        return source.record.demand_setup(), ""
    plan, caution = load_any_plan_to_compare(Path(source))
    return plan.demand_setup(), caution


def plan_source_setup(source: PlanSource) -> PlanContent:
    """The content of a plan of one class in one case, with a setup; DataError of any other plan,
    InfeasibleError or NoPlanInTimeError without a setup.
    """
    if isinstance(source, CellsPlanResult):
        name = str(source.content["scenario"])
        raise DataError([Fault(name, "schema", "2", NO_CELLS, "name a plan of schema 1")])
    record = source.record if isinstance(source, PlanResult) else read_plan_file(source)
    return record.demand_setup().content
