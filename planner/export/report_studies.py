"""What a report may show in addition to the plan, computed on demand: the study of all setups,
baselines, frontiers, sensitivity.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from planner.export.report_sweeps import (
    frontier_report_table,
    plan_report_sweep_points,
    report_frontier_points,
    report_sensitivity_points,
    sensitivity_report_table,
)
from planner.operation.routing_cost import routing_cost_of_plan
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.baselines import baselines_table
from planner.presentation.router import (
    router_cost_from_baselines,
    router_cost_text,
    router_single_llm_cost_text,
)
from planner.presentation.setup_study import (
    setup_histogram_table,
    setup_spread_line,
    setup_spread_table,
    setup_study_counts_line,
    setup_study_table,
)
from planner.settings import Progress, Settings
from planner.studies.baselines.comparison import compare_baselines
from planner.studies.setup_study import study_setups

__all__ = ["KINDS", "ReportStudy", "run_report_study"]

KINDS = ("setups", "baselines", "frontier", "sensitivity")

OnProgress = Callable[[Progress], None] | None
Cancel = threading.Event | None


@dataclass(frozen=True)
class ReportStudy:
    """Named tables of one kind, sentences for the log, and whether all of it was computed."""

    tables: Mapping[str, pd.DataFrame]
    notes: Sequence[str]
    complete: bool


def run_report_study(
    kind: str, source: PlanAndScenario, settings: Settings, progress: OnProgress, cancel: Cancel
) -> ReportStudy:
    """Compute one of KINDS for a plan that has a setup. DataError when there are too many setups to
    study.
    """
    if kind == "setups":
        return _report_setups_study(source, progress, cancel)
    if kind == "baselines":
        comparison = compare_baselines(source.loaded, settings, progress, cancel)
        table = baselines_table(comparison, source.loaded.instance)
        notes = _report_cost_notes(source, table)
        return ReportStudy({"baselines": table}, notes, not comparison.interrupted)
    frontier = kind == "frontier"
    points = report_frontier_points(source) if frontier else report_sensitivity_points(source)
    done = plan_report_sweep_points(source, points, progress, cancel)
    build = frontier_report_table if frontier else sensitivity_report_table
    complete = len(done) == sum(not point.here for point in points)
    return ReportStudy({kind: build(source, points, done)}, [], complete)


def _report_cost_notes(source: PlanAndScenario, baselines: pd.DataFrame) -> list[str]:
    """What the plan costs beside the best single LLM, where a cost is known."""
    cost = routing_cost_of_plan(source)
    if cost is None:
        return []
    single = router_single_llm_cost_text(router_cost_from_baselines(cost, baselines))
    return [f"Baselines: {router_cost_text(cost)}; {single}."]


def _report_setups_study(
    source: PlanAndScenario, progress: OnProgress, cancel: Cancel
) -> ReportStudy:
    """All setups, and where the plan lies among them."""
    instance, quality = source.loaded.instance, source.plan.content["quality"]
    study = study_setups(instance, progress=progress, cancel=cancel)
    spread = setup_spread_table(study)
    spread.loc[len(spread)] = ["Quality of this plan", quality, "mean score"]
    tables = {
        "spread": spread,
        "histogram": setup_histogram_table(study),
        "setups": setup_study_table(study, instance),
    }
    counts = setup_study_counts_line(study, exact_packing=False)
    return ReportStudy(
        tables, [f"Setups: {counts}", f"Setups: {setup_spread_line(study)}"], study.complete
    )
