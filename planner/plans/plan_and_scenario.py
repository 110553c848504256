"""A plan together with the scenario it was made of, for everything that takes a plan.json."""

import os
from dataclasses import dataclass
from pathlib import Path

from planner.errors import DataError
from planner.plans.record import Plan, read_plan_record
from planner.scenario.assemble import LoadResult, assemble_instance
from profiles.io.faults import Fault

__all__ = ["PlanAndScenario", "load_plan_and_scenario"]


@dataclass(frozen=True)
class PlanAndScenario:
    """A plan, and its scenario loaded with the plan's overrides; their hashes are equal."""

    plan: Plan
    loaded: LoadResult


def load_plan_and_scenario(path: Path, scenario: Path | None = None) -> PlanAndScenario:
    """Read plan.json and find its scenario: `scenario`, else by scenario_path relative to the
    plan, else from the current folder.

    DataError when either cannot be read, or when the scenario's hash is not the plan's.
    """
    plan = read_plan_record(path)
    file = scenario or _scenario_file_of_plan(path, str(plan.content.get("scenario_path", "")))
    loaded = assemble_instance(file, plan.content.get("overrides", {}))
    if loaded.sha256 != plan.content.get("scenario_sha256"):
        fix = "plan it again, or name the scenario it was made of with --scenario"
        raise DataError(
            [
                Fault(
                    str(path),
                    "scenario_sha256",
                    "",
                    f"{file} is not (or no longer) the scenario of this plan",
                    fix,
                )
            ]
        )
    return PlanAndScenario(plan, loaded)


def _scenario_file_of_plan(plan: Path, stated: str) -> Path:
    """The stated path relative to the plan, else from the current folder."""
    for file in (Path(os.path.normpath(plan.resolve().parent / stated)), Path(stated)):
        if file.is_file():
            return file
    raise DataError(
        [
            Fault(
                str(plan),
                "scenario_path",
                stated,
                "the scenario of this plan is not there",
                "name it with --scenario",
            )
        ]
    )
