"""The plan that a command is given: read, verified against its scenario, and never silently used
when it fails.
"""

from pathlib import Path

from planner.cli.terminal.frame import warn
from planner.errors import DataError
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_and_scenario import (
    PlanAndScenario,
    load_plan_and_scenario,
    unverified_line,
)
from profiles.io.faults import Fault

__all__ = ["load_any_plan_input", "load_plan_input", "refuse_cell_words"]


def load_plan_input(
    plan: Path, scenario: str | None, *, unverified: bool = False
) -> PlanAndScenario:
    """Read the plan and its scenario; an unverified one with a line on standard error, which
    --quiet does not silence.

    scenario: as --scenario; unverified: as --unverified. DataError as `load_plan_and_scenario`.
    """
    source = load_plan_and_scenario(
        plan, None if scenario is None else Path(scenario), unverified=unverified
    )
    if source.problems:
        warn([unverified_line(plan, source.problems)])
    return source


def load_any_plan_input(
    plan: Path, scenario: str | None, *, unverified: bool = False
) -> PlanAndScenario | CellsPlanAndScenario:
    """The same for a plan of either schema."""
    source = load_any_plan(
        plan, None if scenario is None else Path(scenario), unverified=unverified
    )
    if source.problems:
        warn([unverified_line(plan, source.problems)])
    return source


def refuse_cell_words(plan: Path, **words: object) -> None:
    """Raise DataError where options that name a class, a case or a loss go with a plan that has
    none. words: option -> what was given, None or empty where nothing was.
    """
    faults = [
        Fault(str(plan), option, str(given), "the plan has one class in one case", "leave it out")
        for option, given in words.items()
        if given is not None and given != ()
    ]
    if faults:
        raise DataError(faults)
