"""What the page Plan computes in a worker: functions of plain arguments that give plain results.

A worker keeps the quality cuts of the scores it saw last, because they depend on nothing else:
another SLO or rate starts from them.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from app_pages.jobs.cells_export import scenario_of_cells
from app_pages.jobs.messages import CellsPlanView, JobContext, PlanView
from planner.cells.lost_node_table import lost_node_table, lost_nodes_of_solution
from planner.export.cells.cells_report_content import build_cells_report
from planner.export.report_content import build_report
from planner.joint import solve as joint
from planner.operation.near_limits import with_limits_simulated
from planner.operation.simulation import run_simulation
from planner.operation.simulation_outcomes import Demand
from planner.operation.step_level_replica import build_step_level_replica
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.cells.cells_setups import read_cells_setups
from planner.plans.plan_and_scenario import PlanAndScenario, scenario_with_plan_nodes
from planner.plans.plan_content import build_plan_content
from planner.plans.record import Plan
from planner.plans.schema import LostNodeContent, MarginalContent, PlanContent
from planner.plans.to_solution import plan_to_solution
from planner.presentation.cells.class_results import lost_pools_table
from planner.presentation.cells.lost_nodes import lost_nodes_content
from planner.presentation.marginals import marginals_content
from planner.presentation.simulation import (
    CAVEATS,
    simulated_option_lines,
    simulated_slos_table,
    simulation_advice_lines,
    simulation_demand_line,
    simulation_headroom_lines,
    simulation_verdict_line,
)
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.sizing.cell_sizing import solve_sized_cells
from planner.sizing.rate_sizing import solve_sized_rate
from planner.studies.marginals import marginal_values
from planner.studies.quality_cache import cached_quality_of

__all__ = [
    "plan_view",
    "run_lost_nodes_planning_job",
    "run_marginals_planning_job",
    "run_plan_lost_nodes_job",
    "run_planned_simulation_job",
    "run_planning_job",
]


def run_planning_job(
    path: str, overrides: Mapping[str, Any], *, job: JobContext
) -> PlanView | CellsPlanView:
    """Plan a scenario file with changes. DataError for bad input, VerificationError for a bug."""
    loaded = assemble_instance(Path(path), dict(overrides), cells=True, sizing=True)
    if loaded.demand is not None:
        return _plan_cells(loaded, job)
    settings = loaded.settings
    instance, solution = solve_sized_rate(
        loaded.instance,
        settings,
        progress=job.progress,
        cancel=job.cancel,
        quality=cached_quality_of(loaded.instance.scores),
    )
    loaded = replace(loaded, instance=instance)
    plan = build_plan_content(loaded, solution, settings, {})
    plan = with_limits_simulated(plan, loaded, job.cancel)
    return plan_view(plan, loaded)


def plan_view(plan: Plan, loaded: LoadResult) -> PlanView:
    """A plan of one rate as pages show it."""
    nearest = plan.best_effort
    return PlanView(
        plan.content,
        build_report(plan, loaded),
        None if nearest is None else build_report(nearest, loaded),
    )


def _plan_cells(loaded: LoadResult, job: JobContext) -> CellsPlanView:
    """The plan of a scenario with classes, cases, LLMs outside or a budget."""
    demand, settings = loaded.demand, loaded.settings
    if demand is None:
        raise AssertionError("a scenario without cells is planned as one")
    demand, solution = solve_sized_cells(demand, settings, progress=job.progress, cancel=job.cancel)
    loaded = replace(loaded, instance=demand.instance, demand=demand)
    content = build_cells_plan(loaded, demand, solution, settings, {})
    return CellsPlanView(content, build_cells_report(content, loaded))


def run_lost_nodes_planning_job(
    path: str, overrides: Mapping[str, Any], content: Mapping[str, Any], *, job: JobContext
) -> pd.DataFrame:
    """What the loss of any one node does to a plan over classes and cases, a row a case and pool.

    The plan must be of this scenario; DataError where its files have changed since.
    """
    loaded = scenario_of_cells(path, overrides, content)
    demand = loaded.demand
    if demand is None:
        raise AssertionError("a plan over cells is of a scenario with cells")
    setups = read_cells_setups(content, demand)
    outcomes = lost_node_table(demand, setups, loaded.settings, job.cancel)
    pools = [pool.name for pool in demand.instance.pools]
    entries = lost_nodes_content(outcomes, pools, [case.name for case in demand.cases])
    return lost_pools_table({"context": {"lost_nodes": entries}})


def run_plan_lost_nodes_job(
    path: str, overrides: Mapping[str, Any], content: PlanContent, *, job: JobContext
) -> list[LostNodeContent]:
    """What the loss of any one node does to a plan of one rate, as `context.lost_nodes`.

    The plan must be of this scenario.
    """
    loaded = assemble_instance(Path(path), dict(overrides), sizing=True)
    instance = scenario_with_plan_nodes(loaded, content).instance
    solution = plan_to_solution(instance, content)
    outcomes = lost_nodes_of_solution(instance, solution, loaded.settings, job.cancel)
    return lost_nodes_content(outcomes, [pool.name for pool in instance.pools], None)


def run_marginals_planning_job(
    path: str, overrides: Mapping[str, Any], *, job: JobContext
) -> list[MarginalContent]:
    """The value of one unit more or less of every limit, as `context.marginals` of a plan; empty
    where no plan is found in time.
    """
    loaded = assemble_instance(Path(path), dict(overrides))
    settings, quality = loaded.settings, cached_quality_of(loaded.instance.scores)
    solution = joint.solve_joint(
        loaded.instance,
        settings,
        progress=job.progress,
        cancel=job.cancel,
        quality=quality,
        explain=False,
    )
    if not solution.has_plan or job.cancel.is_set():
        return []
    changes = marginal_values(
        loaded.instance, solution, settings, quality, progress=job.progress, cancel=job.cancel
    )
    return [] if job.cancel.is_set() else marginals_content(changes)


def run_planned_simulation_job(
    path: str, overrides: Mapping[str, Any], content: PlanContent, *, job: JobContext
) -> dict[str, Any]:
    """Replay a plan request by request: verdict and demand in words, the table of SLOs, notes.

    The plan must be of this scenario.
    """
    loaded = assemble_instance(Path(path), dict(overrides), sizing=True)
    source = PlanAndScenario(Plan(content), scenario_with_plan_nodes(loaded, content))
    loaded = source.loaded
    simulation = run_simulation(
        source, Demand(), engine=build_step_level_replica, progress=job.progress, cancel=job.cancel
    )
    notes = [
        *simulation_headroom_lines(content),
        *simulation_advice_lines(simulation, on_page=True),
        *simulated_option_lines(simulation, loaded.instance),
        *(one.note for one in simulation.slos if one.note),
        *CAVEATS,
    ]
    return {
        "verdict": simulation_verdict_line(simulation),
        "demand": simulation_demand_line(simulation, loaded.instance.arrival_rate),
        "slos": simulated_slos_table(simulation),
        "notes": notes,
    }
