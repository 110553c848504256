"""`planner.plan`: the best plan of a scenario."""

import time
from collections.abc import Callable
from dataclasses import replace

from planner.api.interrupts import with_interrupts
from planner.api.plan_result import PlanResult, PlanSource, content_with_setup
from planner.api.scenario import LoadedScenario, ScenarioSource, load
from planner.joint import solve as joint
from planner.operation.near_limits import with_limits_simulated
from planner.plans.changes.running_setup import keep_running_places, running_setup
from planner.plans.plan_content import build_plan_content
from planner.settings import Progress

__all__ = ["plan"]


def plan(
    scenario: ScenarioSource,
    *,
    time_limit_s: float | None = None,
    rel_gap: float | None = None,
    threads: int | None = None,
    seed: int | None = None,
    current: PlanSource | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> PlanResult:
    """Find the best plan of a scenario: setup, placement and routing, with a bound.

    Parameters
    ----------
    scenario
        A scenario of `planner.load`, or what that function takes.
    time_limit_s, rel_gap, threads, seed
        Search options in place of the scenario's: seconds, relative gap at which the search
        ends, HiGHS threads, HiGHS seed.
    current
        The plan that runs now: replicas stay on their GPUs where possible.
    progress
        Called with `Progress` (phase, objective, bound, elapsed seconds) during the search, in
        another thread.

    Returns
    -------
    PlanResult
        Also for an infeasible scenario (`status`, `conflict`, `repairs`) and for a search that was
        stopped before any plan was found. An interrupt (Ctrl-C, a notebook's stop button) ends the
        search with the best plan so far.

    Raises
    ------
    DataError
        With every fault of the input, as `planner.load`.
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
    loaded = scenario.result
    settings = replace(loaded.settings, keep_program=True)
    seconds = time.perf_counter() - began
    running = (
        None if current is None else running_setup(loaded.instance, content_with_setup(current))
    )
    solution = with_interrupts(
        lambda cancel: joint.solve_joint(
            loaded.instance, settings, progress=progress, cancel=cancel
        )
    )
    if running is not None and solution.has_plan:
        solution = keep_running_places(loaded.instance, solution, running)
    assert solution.program is not None  # noqa: S101  (the settings keep it)
    record = build_plan_content(loaded, solution, settings, {"load": seconds})
    return PlanResult(scenario, with_limits_simulated(record, loaded), solution.program)
