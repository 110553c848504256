"""The content of a report: the plan's named tables and additional ones, as plain frames and
plain values for `reports`.

tables   those of planner.plans.tables, and
  assumptions   numbers of the scenario (planner.export.report_assumptions)
  pools, llms, points, ties, conflict, repairs   (planner.export.report_tables)
  marginals     value of one unit more or less of a limit, where `plan --marginals` found it
  alternatives  other setups nearly as good, where `plan --near` found them
  sensitivity, frontier, spread, histogram, setups, baselines   where they were computed
                (planner.export.report_studies)
meta     words and numbers (planner.export.report_meta)
nearest  with a conflict the same three of its best effort, else None; assumptions are then those
         after the change that makes it feasible
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from planner.export.report_assumptions import assumptions_table
from planner.export.report_meta import report_meta
from planner.export.report_tables import (
    report_conflict_tables,
    report_llms_table,
    report_points_table,
    report_pools_table,
    report_ties_table,
)
from planner.plans.record import Plan
from planner.plans.tables import plan_tables
from planner.presentation.alternatives import alternatives_table
from planner.presentation.marginals import marginals_table
from planner.scenario.assemble import LoadResult
from reports.content import Report

__all__ = ["build_report"]


def build_report(
    plan: Plan,
    loaded: LoadResult,
    studies: Mapping[str, pd.DataFrame] | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Gather tables, meta and nearest.

    plan: of `loaded`, or the best effort of its conflict; studies: tables computed
    in addition to the plan; notes: sentences on them for the log.
    """
    content, nearest = plan.content, plan.best_effort
    tables = {
        **plan_tables(content),
        "assumptions": assumptions_table(content, loaded),
        "pools": report_pools_table(content),
        "llms": report_llms_table(content, loaded),
        "points": report_points_table(content, loaded),
        "ties": report_ties_table(content),
        "marginals": marginals_table(content),
        "alternatives": alternatives_table(content),
        **report_conflict_tables(plan),
        **(studies or {}),
    }
    return {
        "tables": tables,
        "meta": report_meta(plan, loaded, notes),
        "nearest": None if nearest is None else build_report(nearest, loaded),
    }
