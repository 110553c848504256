"""`planner.sweep` and `planner.baselines`: a scenario planned many times."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from models.demand.requests import DemandInstance
from planner.api.interrupts import with_interrupts
from planner.api.scenario import ScenarioSource, load
from planner.api.temporary_files import content_for_temporary_files, naming_temporary_files
from planner.cells.cell_baselines import compare_cell_baselines
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.cells.cells_plan import CellsPlan
from planner.presentation.baselines import baselines_table
from planner.presentation.cells.cell_baselines import cell_baseline_table
from planner.scenario.assemble import LoadResult
from planner.scenario.assemble_demand import refuse_scenario_sizing
from planner.studies import sweep as sweeps
from planner.studies import sweep_axes, sweep_point
from planner.studies.baselines.comparison import compare_baselines

__all__ = ["baselines", "sweep"]


def sweep(
    scenario: ScenarioSource, vary: Mapping[str, Iterable[Any]], *, jobs: int = 1
) -> pd.DataFrame:
    """Plan a scenario at every point of a grid.

    Parameters
    ----------
    scenario
        A scenario of `planner.load`, or what that function takes.
    vary
        Dotted path -> values in the file's units, e.g. `{"arrival_rate_rps": [40, 60, 80]}`; the
        points are the product of all values, the first path slowest.
    jobs
        Processes; 1 = this one, 0 = one per core.

    Returns
    -------
    pandas.DataFrame
        One row per point: the varied values, status, objective, bound, gap (%), quality, cost
        (USD/h), GPUs, SLOs (ms), fractions (%), of cases quality and cost of each, the reason where
        there is no plan, seconds. An infeasible point is a row, and so is one whose values are no
        scenario. After an interrupt, the points planned so far.

    Raises
    ------
    DataError
        With every fault of the scenario itself, and for too many points.

    """
    loaded = load(scenario)
    axes = [sweep_axes.Axis(key, tuple(values)) for key, values in _listed(vary).items()]
    overrides = [f"{key}={json.dumps(value)}" for key, value in loaded.overrides.items()]
    grid = sweep_axes.sweep_axes_points(axes)
    points = with_interrupts(
        lambda cancel: sweeps.sweep(loaded.path, overrides, grid, jobs=jobs, cancel=cancel)
    )
    return sweep_point.sweep_points_table(points, [axis.key for axis in axes])


def _listed(vary: Mapping[str, Iterable[Any]]) -> dict[str, list[Any]]:
    """The values as plain lists: a range, a numpy array and a Series become lists."""
    return content_for_temporary_files({key: list(values) for key, values in vary.items()})


def baselines(scenario: ScenarioSource) -> pd.DataFrame:
    """Compare the joint plan with simpler ways to decide (docs/baselines.md).

    Parameters
    ----------
    scenario
        A scenario of `planner.load`, or what that function takes.

    Returns
    -------
    pandas.DataFrame
        The joint plan first, then one row per baseline: GPUs, cost (USD/h), SLO, quality (mean
        score), and what the joint plan gains. A baseline that an interrupt or the
        time limit ended has no value, and its note says "unfinished". Of classes and cases the
        simpler ways to plan a day, and the cases that each breaks.

    Raises
    ------
    DataError
        With every fault of the input; where the scenario leaves numbers of nodes to the plan.
    InfeasibleError, NoPlanInTimeError
        When there is no joint plan to compare with.
    VerificationError
        When a plan fails its check or a baseline beats the proven bound: a bug of the planner.

    """
    scenario = load(scenario)
    with naming_temporary_files(scenario.files):
        refuse_scenario_sizing(scenario.result.scenario)
    loaded = scenario.result
    if loaded.demand is not None:
        return _cell_baselines(loaded, loaded.demand)
    comparison = with_interrupts(
        lambda cancel: compare_baselines(loaded, loaded.settings, cancel=cancel)
    )
    comparison.plan.demand_setup()
    return baselines_table(comparison, loaded.instance)


def _cell_baselines(loaded: LoadResult, demand: DemandInstance) -> pd.DataFrame:
    """Of classes and cases; the joint plan is verified."""
    joint, simpler = with_interrupts(
        lambda cancel: compare_cell_baselines(demand, loaded.settings, cancel=cancel)
    )
    CellsPlan(build_cells_plan(loaded, demand, joint, loaded.settings, {})).demand_setup()
    return cell_baseline_table(demand, joint, simpler)
