"""What a page has computed in a worker: functions of plain arguments that give plain results
(docs/page.md lists them).

A worker keeps the quality cuts of the scores it saw last, for they depend on nothing else: another
SLO or rate starts from them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app_pages.jobs.messages import Told, Watch
from planner.errors import DataError
from planner.export.report_content import report_of
from planner.joint import solve as joint
from planner.operation.simulation import simulate
from planner.operation.simulation_outcomes import Demand
from planner.operation.step_level_replica import build_step_level_replica
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan
from planner.plans.record import Plan
from planner.plans.schema import MarginalContent, PlanContent
from planner.presentation.marginals import marginals_content
from planner.presentation.simulation import (
    CAVEATS,
    simulated_option_lines,
    simulated_slos_table,
    simulation_advice_lines,
    simulation_demand_line,
    simulation_verdict_line,
)
from planner.scenario.assemble import load_instance
from planner.scenario.workbook import read_book
from planner.studies.marginals import marginal_values
from planner.studies.quality_cache import quality_of
from profiles.curves import parse_profiles, read_profiles
from profiles.io.faults import Fault
from profiles.io.workbook_guard import is_workbook
from profiles.summary import profiles_summary, scores_summary

__all__ = ["look", "plan", "simulated", "worth"]


def plan(path: str, overrides: Mapping[str, Any], *, watch: Watch) -> Told:
    """Plan a scenario file with changes. DataError for bad input, VerificationError for a bug."""
    loaded = load_instance(Path(path), dict(overrides))
    settings = loaded.settings
    solution = joint.solve(
        loaded.instance,
        settings,
        progress=watch.progress,
        cancel=watch.cancel,
        quality=quality_of(loaded.instance.scores),
    )
    told = build_plan(loaded, solution, settings, {})
    nearest = told.best_effort
    return Told(
        told.content,
        report_of(told, loaded),
        None if nearest is None else report_of(nearest, loaded),
    )


def worth(path: str, overrides: Mapping[str, Any], *, watch: Watch) -> list[MarginalContent]:
    """What one unit more or less of every limit is worth, as `context.marginals` of a plan; empty
    where none is found in time.
    """
    loaded = load_instance(Path(path), dict(overrides))
    settings, quality = loaded.settings, quality_of(loaded.instance.scores)
    solution = joint.solve(
        loaded.instance,
        settings,
        progress=watch.progress,
        cancel=watch.cancel,
        quality=quality,
        explain=False,
    )
    if not solution.has_plan or watch.cancel.is_set():
        return []
    found = marginal_values(
        loaded.instance, solution, settings, quality, progress=watch.progress, cancel=watch.cancel
    )
    return [] if watch.cancel.is_set() else marginals_content(found)


def simulated(
    path: str, overrides: Mapping[str, Any], content: PlanContent, *, watch: Watch
) -> dict[str, Any]:
    """Replay a plan request by request: verdict and demand in words, the table of SLOs, notes.

    The plan must be of this scenario.
    """
    loaded = load_instance(Path(path), dict(overrides))
    source = PlanAndScenario(Plan(content), loaded)
    found = simulate(
        source,
        Demand(),
        engine=build_step_level_replica,
        progress=watch.progress,
        cancel=watch.cancel,
    )
    notes = [
        *simulation_advice_lines(found),
        *simulated_option_lines(found, loaded.instance),
        *(one.note for one in found.slos if one.note),
        *CAVEATS,
    ]
    return {
        "verdict": simulation_verdict_line(found),
        "demand": simulation_demand_line(found, loaded.instance.arrival_rate),
        "slos": simulated_slos_table(found),
        "notes": notes,
    }


def look(path: str, overrides: Mapping[str, Any], *, watch: Watch) -> dict[str, Any]:
    """Read everything a scenario names: summaries of its tables, notices, prompts, options.

    DataError with every fault.
    """
    loaded = load_instance(Path(path), dict(overrides))
    faults: list[Fault] = []
    book = read_book(loaded.scenario.path, faults) if is_workbook(loaded.scenario.path) else None
    sheet = None if book is None else book.tables.get(loaded.scenario.spec.profiles)
    table = (
        read_profiles(loaded.scenario.profiles_path, faults)
        if sheet is None
        else parse_profiles(sheet, faults)
    )
    if table is None:
        raise DataError(faults)
    scores = loaded.instance.scores
    return {
        "profiles": profiles_summary(table),
        "scores": scores_summary(scores),
        "prompts": len(scores.weights),
        "dropped_prompts": scores.dropped,
        "options": len(loaded.instance.options),
        "left_out": len(loaded.instance.dropped),
        "notices": list(loaded.notices),
    }
