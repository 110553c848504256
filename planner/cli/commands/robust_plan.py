"""The part of the command `plan` that looks for the headroom that bursts need (--robust-to)."""

import re
from collections.abc import Sequence
from pathlib import Path

from planner.cli.terminal.command_options import ReplayOptions
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.operation.simulation import seconds_of_short_run
from planner.operation.simulation_outcomes import Demand
from planner.operation.step_level_replica import build_step_level_replica
from planner.operation.trace_replay import TraceScale, check_trace_copies
from planner.plans.schema import RobustnessContent
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.settings import Settings
from planner.solution import Solution
from planner.studies.clusters.cluster_backend import cluster_joblib_backend
from planner.studies.robustness import REPLAYS, RobustPlan, plan_robustly
from profiles.io.faults import Fault
from profiles.trace import load_trace

__all__ = ["plan_robust_scenario", "read_robust_demand"]

MOST_CV = 100.0


def read_robust_demand(text: str, rate: float) -> tuple[Demand, str]:
    """How requests arrive in the replays, and that in words.

    text: `cv=C` for gamma arrivals, else the file of a trace. DataError for a faulty one.
    """
    seconds = seconds_of_short_run(rate)
    if match := re.fullmatch(r"cv=(.+)", text.strip()):
        try:
            cv = float(match[1])
        except ValueError:
            cv = 0.0
        if not 0 < cv <= MOST_CV:
            problem = f"the coefficient of variation must be above 0, at most {MOST_CV:g}"
            fix = "write e.g. cv=3, or the file of a trace"
            raise DataError([Fault("--robust-to", "", text, problem, fix)])
        return Demand(seconds, cv), f"gamma arrivals with a coefficient of variation of {cv:g}"
    gaps = load_trace(Path(text)).gaps
    check_trace_copies(text, gaps, rate, TraceScale.SUPERPOSE)
    return Demand(seconds, gaps=gaps), f"the trace {Path(text).name}, superposed in real time"


def plan_robust_scenario(
    loaded: LoadResult,
    overrides: Sequence[str],
    settings: Settings,
    asked: tuple[str, ReplayOptions],
    interrupt: Interrupt,
    *,
    quiet: bool,
) -> tuple[LoadResult, Solution, RobustnessContent] | None:
    """The scenario with the smallest headroom that is robust, its plan, and the search in numbers;
    without that headroom where there is none. None where there is no plan at all.

    asked: the bursts, as the user wrote them, and where they are replayed.
    """
    text, replays = asked
    demand, words = read_robust_demand(text, loaded.instance.arrival_rate)
    with cluster_joblib_backend(replays.dask, replays.ray):
        found = with_progress(
            lambda progress, cancel: plan_robustly(
                loaded,
                settings,
                demand,
                engine=build_step_level_replica,
                jobs=replays.jobs,
                progress=progress,
                cancel=cancel,
            ),
            interrupt,
            show=not quiet,
        )
    without = found.without
    if without is None:
        return None
    plan = found.robust or without
    raised = plan is not without
    if raised:
        more = [*overrides, f"headroom.{plan.key}={plan.percent:g}"]
        loaded = assemble_instance(loaded.scenario.path, more)
    content: RobustnessContent = {
        "to": words,
        "replays": REPLAYS,
        "seconds_per_replay": demand.seconds,
        "seed": demand.seed,
        "kept_pct": _kept_pct(plan),
        "kept_without_pct": _kept_pct(without),
        "key": plan.key if raised else None,
        "percent": plan.percent if raised else None,
        "value_without": float(without.solution.value or 0.0),
        "plans_tried": found.tried,
        "complete": not found.interrupted,
    }
    return loaded, plan.solution, content


def _kept_pct(plan: RobustPlan) -> float:
    return round(100.0 * plan.kept, 9)
