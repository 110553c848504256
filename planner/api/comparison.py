"""`planner.diff`: what changes from one plan to another."""

from dataclasses import dataclass

import pandas as pd

from planner.api.plan_result import PlanSource, content_with_setup
from planner.plans.changes.diff import PlanDiff, diff_plans
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.diff import diff_line, diff_tables

__all__ = ["DiffResult", "diff"]


@dataclass(frozen=True, repr=False, eq=False)
class DiffResult:
    """The difference of two plans, and the steps from the first to the second."""

    difference: PlanDiff
    lines: tuple[str, ...]
    """What differs, one sentence each: inputs, objective, cost, GPUs, latencies, setup."""

    @property
    def changes(self) -> pd.DataFrame:
        """One row per option that changes: replicas before and after, how many stay and move."""
        return diff_tables(self.difference)["changes"]

    @property
    def steps(self) -> pd.DataFrame:
        """Starts and stops in order, and what each LLM then falls short by (req/s)."""
        return diff_tables(self.difference)["steps"]

    @property
    def routing(self) -> pd.DataFrame:
        """One row per LLM: fraction of the requests before and after (%)."""
        return diff_tables(self.difference)["routing_change"]

    def __repr__(self) -> str:
        return f"DiffResult({diff_line(self.difference)})"


def diff(old: PlanSource, new: PlanSource) -> DiffResult:
    """Compare two plans and find the steps from one to the other.

    Parameters
    ----------
    old, new
        Plans of `planner.plan`, or their files (plan.json).

    Returns
    -------
    DiffResult
        Sentences and tables; the order of the steps keeps every LLM's capacity where possible.

    Raises
    ------
    DataError
        When a file cannot be read.
    InfeasibleError, NoPlanInTimeError
        When a plan has no setup.

    """
    before, after = content_with_setup(old), content_with_setup(new)
    return DiffResult(diff_plans(before, after), tuple(comparison_lines(before, after)))
