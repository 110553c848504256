"""What the pages What-if and Setups have computed in a worker: functions of plain arguments that
give plain results.

Points of a frontier are planned one after the other in the worker: its quality cuts serve all of
them, and a request to stop is heard in the midst of one. The command `sweep` spreads them over
processes instead.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app_pages.jobs.messages import Told, Watch
from planner.export.report_content import report_of
from planner.export.report_extras import extra
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.record import Plan
from planner.plans.running_setup import running_setup
from planner.plans.schema import AlternativesContent, PlanContent, SearchedContent
from planner.plans.to_solution import to_solution
from planner.presentation.alternatives import alternative_plan, alternatives_content
from planner.presentation.setup_listing import SetupListing
from planner.presentation.setup_study import (
    histogram_table,
    setup_counts_line,
    setups_table,
    spread_line,
    spread_table,
)
from planner.scenario.assemble import load_instance
from planner.settings import Progress
from planner.studies.alternatives import AlternativesOptions, find_alternatives
from planner.studies.baselines.comparison import (
    BaselineComparison,
    baselines_table,
    compare_baselines,
)
from planner.studies.quality_cache import quality_of
from planner.studies.setup_study import study_setups
from planner.studies.sweep import SweepPoint, plan_point

__all__ = ["baselines", "frontier", "near", "other", "sensitivity", "setups"]

Overrides = Mapping[str, Any]
MOST_ROWS = 1_000
"""Setups that a page tabulates, the best ones; `setups --csv` writes all."""


def frontier(
    path: str, overrides: Overrides, key: str, values: Sequence[Any], *, watch: Watch
) -> list[SweepPoint]:
    """Plan a scenario at every value of one field, each point handed over as it is done; stopped,
    those that are done.
    """
    load_instance(Path(path), dict(overrides))  # bad input is told as such, not as rows
    asked = [f"{name}={json.dumps(value)}" for name, value in overrides.items()]
    found: list[SweepPoint] = []
    for number, value in enumerate(values):
        watch.progress(Progress(0.0, f"{number} of {len(values)} points planned", None, None))
        point = plan_point(path, asked, number, {key: value}, watch.cancel)
        if watch.cancel.is_set():
            break
        found.append(point)
        watch.part(point)
    return found


def sensitivity(
    path: str, overrides: Overrides, content: PlanContent, *, watch: Watch
) -> pd.DataFrame:
    """Plan again with one input at a time a little lower and higher: the table `sensitivity` of
    reports.

    content: of the plan.
    """
    loaded = load_instance(Path(path), dict(overrides))
    found = extra(
        "sensitivity",
        PlanAndScenario(Plan(content), loaded),
        loaded.settings,
        watch.progress,
        watch.cancel,
    )
    return found.tables["sensitivity"]


def near(
    path: str,
    overrides: Overrides,
    content: PlanContent,
    number: int,
    loss_pct: float,
    name: str | None,
    current: PlanContent | None,
    *,
    watch: Watch,
) -> AlternativesContent:
    """Other setups nearly as good as a plan (content of plan.json), as `context.alternatives`.

    name, current: of a plan that runs.
    """
    loaded = load_instance(Path(path), dict(overrides))
    instance, settings = loaded.instance, loaded.settings
    running = None if current is None else running_setup(instance, current)
    plan = to_solution(instance, content)
    watched: dict[str, Any] = {"progress": watch.progress, "cancel": watch.cancel}
    found = find_alternatives(
        instance,
        plan,
        settings,
        AlternativesOptions(number, loss_pct / 100.0, running),
        quality=quality_of(loaded.instance.scores),
        **watched,
    )
    searched: SearchedContent = {"number": number, "loss_pct": loss_pct, "current": name}
    return alternatives_content(instance, content, found, searched, current, settings.rel_gap)


def other(
    path: str, overrides: Overrides, content: PlanContent, number: int, *, watch: Watch
) -> Told:
    """One of the alternatives (from 0) that a plan's content holds, as pages show a plan."""
    del watch
    loaded = load_instance(Path(path), dict(overrides))
    plan = alternative_plan(loaded.instance, content, number, loaded.settings.rel_gap)
    return Told(plan, report_of(Plan(plan), loaded))


def setups(path: str, overrides: Overrides, *, watch: Watch) -> SetupListing:
    """The study of every retained setup; stopped, of those that were routed.

    DataError where there are too many to list.
    """
    loaded = load_instance(Path(path), dict(overrides))
    found = study_setups(loaded.instance, progress=watch.progress, cancel=watch.cancel)
    quality = np.sort(found.quality[~np.isnan(found.quality)])[::-1]
    return SetupListing(
        quality,
        found.complete,
        (setup_counts_line(found, False), spread_line(found)),
        spread_table(found),
        histogram_table(found),
        setups_table(found, loaded.instance).head(MOST_ROWS),
    )


def baselines(path: str, overrides: Overrides, *, watch: Watch) -> pd.DataFrame:
    """The joint plan beside the baselines: the table of the command `baselines`; without rows where
    nothing can be planned.
    """
    loaded = load_instance(Path(path), dict(overrides))
    found: BaselineComparison = compare_baselines(
        loaded, loaded.settings, watch.progress, watch.cancel
    )
    return baselines_table(found, loaded.instance)
