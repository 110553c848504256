"""`planner.plan`: the best plan of a scenario."""

import time
from collections.abc import Callable
from dataclasses import replace

from models.demand.requests import DemandInstance
from models.quality import Quality
from planner.api.cells_plan_result import CellsPlanResult
from planner.api.interrupts import with_interrupts
from planner.api.plan_result import PlanResult
from planner.api.plan_source import AnyPlanResult, PlanSource, plan_source_setup
from planner.api.scenario import LoadedScenario, ScenarioSource, load
from planner.errors import DataError
from planner.operation.all_prompts import check_on_all_prompts, with_all_prompts
from planner.operation.near_limits import with_limits_simulated
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.cells.cells_plan import CellsPlan
from planner.plans.changes.running_setup import keep_running_places, running_setup
from planner.plans.plan_content import build_plan_content
from planner.settings import Progress
from planner.sizing.cell_sizing import solve_sized_cells
from planner.sizing.rate_sizing import solve_sized_rate
from profiles.io.faults import Fault

__all__ = ["plan"]

NO_CURRENT = "plans of classes and cases do not keep a running plan's replicas where they are yet"


def plan(
    scenario: ScenarioSource,
    *,
    time_limit_s: float | None = None,
    rel_gap: float | None = None,
    threads: int | None = None,
    seed: int | None = None,
    current: PlanSource | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> AnyPlanResult:
    """Find the best plan of a scenario: setup, placement and routing, with a bound.

    Parameters
    ----------
    scenario
        A scenario of `planner.load`, or what that function takes.
    time_limit_s, rel_gap, threads, seed
        Search options in place of the scenario's: seconds, relative gap at which the search
        ends, HiGHS threads, HiGHS seed.
    current
        The plan that runs now: replicas stay on their GPUs where possible. Not of scenarios with
        classes and cases.
    progress
        Called with `Progress` (phase, objective, bound, elapsed seconds) during the search, in
        another thread.

    Returns
    -------
    PlanResult, or CellsPlanResult of a scenario with classes, cases, outside LLMs or a budget
        Also for an infeasible scenario (`status`, `conflict`, `repairs`) and for a search that was
        stopped before any plan was found. An interrupt (Ctrl-C, a notebook's stop button) ends the
        search with the best plan so far.

    Raises
    ------
    DataError
        With every fault of the input, as `planner.load`; when `current` does not go with the
        scenario.
    InfeasibleError, NoPlanInTimeError
        When `current` has no setup.
    VerificationError
        When the plan fails the independent check: a bug of the planner.

    """
    began = time.perf_counter()
    options = {"time_limit_s": time_limit_s, "rel_gap": rel_gap, "threads": threads, "seed": seed}
    changes = {f"solver.{key}": value for key, value in options.items() if value is not None}
    if changes or not isinstance(scenario, LoadedScenario):
        scenario = load(scenario, changes)
    seconds = time.perf_counter() - began
    if (stated := scenario.result.demand) is not None:
        if current is not None:
            raise DataError([Fault(str(scenario.path), "current", "", NO_CURRENT, "leave it out")])
        return _plan_cells(scenario, stated, seconds, progress)
    return _plan_rate(scenario, seconds, current, progress)


def _plan_rate(
    scenario: LoadedScenario,
    seconds: float,
    current: PlanSource | None,
    progress: Callable[[Progress], None] | None,
) -> PlanResult:
    """Of one class in one case. seconds: spent on loading."""
    loaded = scenario.result
    settings = replace(loaded.settings, keep_program=True)
    runs_now = None if current is None else plan_source_setup(current)
    quality = Quality(loaded.instance.scores)
    instance, solution = with_interrupts(
        lambda cancel: solve_sized_rate(
            loaded.instance, settings, progress=progress, cancel=cancel, quality=quality
        )
    )
    decided = replace(loaded, instance=instance)
    if runs_now is not None and solution.has_plan:
        solution = keep_running_places(instance, solution, running_setup(instance, runs_now))
    record = build_plan_content(decided, solution, settings, {"load": seconds})
    record = with_limits_simulated(record, decided)
    if instance.scores.whole is not None and solution.has_plan:
        held = with_interrupts(
            lambda cancel: check_on_all_prompts(
                instance, solution, quality, progress=progress, cancel=cancel
            )
        )
        record = with_all_prompts(record, instance, held)
    return PlanResult(scenario, record, solution.program)


def _plan_cells(
    scenario: LoadedScenario,
    stated: DemandInstance,
    seconds: float,
    progress: Callable[[Progress], None] | None,
) -> CellsPlanResult:
    """Of classes and cases, outside LLMs, a budget. stated: the scenario's demand."""
    loaded, settings = scenario.result, scenario.result.settings
    demand, solution = with_interrupts(
        lambda cancel: solve_sized_cells(stated, settings, progress=progress, cancel=cancel)
    )
    decided = replace(loaded, instance=demand.instance, demand=demand)
    content = build_cells_plan(decided, demand, solution, settings, {"load": seconds})
    return CellsPlanResult(scenario, CellsPlan(content))
