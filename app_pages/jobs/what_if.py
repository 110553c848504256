"""What the pages What-if and Setups compute in a worker: functions of plain arguments that
give plain results.

Points of a frontier are planned one after the other in the worker: its quality cuts serve all of
them, and a request to stop is handled during a point. The command `sweep` spreads them over
processes instead.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from app_pages.jobs.messages import JobContext, PlanView
from planner.export.report_content import build_report
from planner.plans.changes.running_setup import running_setup
from planner.plans.record import Plan
from planner.plans.schema import AlternativesContent, PlanContent, SearchedContent
from planner.plans.to_solution import plan_to_solution
from planner.presentation.alternatives import alternative_plan, alternatives_content
from planner.presentation.baselines import baselines_table
from planner.presentation.setup_listing import SetupListing, setup_listing
from planner.scenario.assemble import assemble_instance
from planner.settings import Progress
from planner.studies.alternatives import AlternativesOptions, find_alternatives
from planner.studies.baselines.comparison import compare_baselines
from planner.studies.quality_cache import cached_quality_of
from planner.studies.sensitivity.thresholds import Thresholds, find_thresholds
from planner.studies.sensitivity.tornado import Tornado, plan_tornado
from planner.studies.setup_study import study_setups
from planner.studies.sweep_point import SweepPoint, plan_sweep_point

__all__ = [
    "AlternativesRequest",
    "what_if_alternative_job",
    "what_if_alternatives_job",
    "what_if_baselines_job",
    "what_if_frontier_job",
    "what_if_setups_job",
    "what_if_thresholds_job",
    "what_if_tornado_job",
]

Overrides = Mapping[str, Any]
MOST_ROWS = 1_000
"""Setups that a page tabulates, the best ones; `setups --csv` writes all."""


@dataclass(frozen=True, kw_only=True)
class AlternativesRequest:
    """Which alternatives to look for.

    number: at most; loss_pct: of the objective, at most; running_name, running: name and plan.json
    of a plan that runs, None without one.
    """

    number: int
    loss_pct: float
    running_name: str | None = None
    running: PlanContent | None = None


def what_if_frontier_job(
    path: str, overrides: Overrides, key: str, values: Sequence[Any], *, job: JobContext
) -> list[SweepPoint]:
    """Plan a scenario at every value of one field, each point published as it is done; stopped,
    those that are done. DataError when the scenario itself is bad.
    """
    assemble_instance(Path(path), dict(overrides))
    changes = [f"{name}={json.dumps(value)}" for name, value in overrides.items()]
    points: list[SweepPoint] = []
    for number, value in enumerate(values):
        job.progress(Progress(0.0, f"{number} of {len(values)} points planned", None, None))
        point = plan_sweep_point(path, changes, number, {key: value}, job.cancel)
        if job.cancel.is_set():
            break
        points.append(point)
        job.publish(point)
    return points


def what_if_tornado_job(path: str, overrides: Overrides, *, job: JobContext) -> Tornado:
    """Plan again with every input a tenth lower and higher; stopped, the ends that are done."""
    changes = [f"{name}={json.dumps(value)}" for name, value in overrides.items()]
    return plan_tornado(Path(path), changes, jobs=1, progress=job.progress, cancel=job.cancel)


def what_if_thresholds_job(path: str, overrides: Overrides, *, job: JobContext) -> Thresholds:
    """How far rate and prices may move before another setup is best; stopped, what is found."""
    changes = [f"{name}={json.dumps(value)}" for name, value in overrides.items()]
    return find_thresholds(Path(path), changes, jobs=1, progress=job.progress, cancel=job.cancel)


def what_if_alternatives_job(
    path: str,
    overrides: Overrides,
    content: PlanContent,
    request: AlternativesRequest,
    *,
    job: JobContext,
) -> AlternativesContent:
    """Other setups nearly as good as a plan (content of plan.json), as `context.alternatives`."""
    loaded = assemble_instance(Path(path), dict(overrides))
    instance, settings, running = loaded.instance, loaded.settings, request.running
    current = None if running is None else running_setup(instance, running)
    alternatives = find_alternatives(
        instance,
        plan_to_solution(instance, content),
        settings,
        AlternativesOptions(request.number, request.loss_pct / 100.0, current),
        quality=cached_quality_of(instance.scores),
        progress=job.progress,
        cancel=job.cancel,
    )
    searched: SearchedContent = {
        "number": request.number,
        "loss_pct": request.loss_pct,
        "current": request.running_name,
    }
    return alternatives_content(
        instance, content, alternatives, searched, running, settings.rel_gap
    )


def what_if_alternative_job(
    path: str, overrides: Overrides, content: PlanContent, number: int, *, job: JobContext
) -> PlanView:
    """One of the alternatives (from 0) that a plan's content holds, as pages show a plan."""
    del job
    loaded = assemble_instance(Path(path), dict(overrides))
    plan = alternative_plan(loaded.instance, content, number, loaded.settings.rel_gap)
    return PlanView(plan, build_report(Plan(plan), loaded))


def what_if_setups_job(path: str, overrides: Overrides, *, job: JobContext) -> SetupListing:
    """The study of every retained setup; stopped, of those that were routed.

    DataError where there are too many to list.
    """
    loaded = assemble_instance(Path(path), dict(overrides))
    study = study_setups(loaded.instance, progress=job.progress, cancel=job.cancel)
    return setup_listing(study, loaded.instance, MOST_ROWS)


def what_if_baselines_job(path: str, overrides: Overrides, *, job: JobContext) -> pd.DataFrame:
    """The joint plan and the baselines: the table of the command `baselines`; without rows where
    nothing can be planned.
    """
    loaded = assemble_instance(Path(path), dict(overrides))
    comparison = compare_baselines(loaded, loaded.settings, job.progress, job.cancel)
    return baselines_table(comparison, loaded.instance)
