"""`planner.diff`: what changes from one plan to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.api.plan_source import PlanSource, plan_source_to_compare
from planner.errors import DataError
from planner.plans.cells.cells_plan import CellsPlan
from planner.plans.changes.cells_diff import CellsDiff, diff_cells_plans
from planner.plans.changes.diff import PlanDiff, diff_plans
from planner.presentation.cells.cells_diff import (
    cells_diff_case_table,
    cells_diff_lines,
    cells_diff_routing_table,
)
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.diff import diff_line, diff_tables
from profiles.io.faults import Fault

__all__ = ["CellsDiffResult", "DiffResult", "diff"]

DIFFERENT_KINDS = "one plan is of classes and cases (schema 2), the other of one class in one case"


@dataclass(frozen=True, repr=False, eq=False)
class DiffResult:
    """The difference of two plans of one class in one case, and the steps from the first to the
    second.
    """

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


@dataclass(frozen=True, repr=False, eq=False)
class CellsDiffResult:
    """The difference of two plans of classes and cases: setup by setup, and cell by cell."""

    difference: CellsDiff
    lines: tuple[str, ...]
    """What differs, one sentence each: inputs, quality, cost and its parts, GPUs."""
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    """The contents of both plan.json."""

    @property
    def changes(self) -> pd.DataFrame:
        """One row per option of a pair of setups that changes: replicas before and after, how many
        stay and move.
        """
        return self._of_setups("changes")

    @property
    def steps(self) -> pd.DataFrame:
        """Starts and stops of every pair of setups in order, and what each LLM then falls short by
        (req/s).
        """
        return self._of_setups("steps")

    @property
    def cases(self) -> pd.DataFrame:
        """One row per case of either plan: quality, GPUs and cost (USD/h), before and after."""
        return cells_diff_case_table(self.old, self.new)

    @property
    def routing(self) -> pd.DataFrame:
        """One row per LLM of a class in a case whose fraction of the requests changes: before and
        after (%).
        """
        return cells_diff_routing_table(self.difference)

    def _of_setups(self, name: str) -> pd.DataFrame:
        """A table of every pair of setups, with the cases that both serve."""
        heads, rows = ["Cases"], list[dict[str, Any]]()
        for setup in self.difference.setups:
            table, cases = diff_tables(setup.diff)[name], ", ".join(setup.cases)
            heads = ["Cases", *map(str, table.columns)]
            rows += [
                {"Cases": cases} | dict(zip(heads[1:], row, strict=True))
                for row in table.itertuples(index=False, name=None)
            ]
        return pd.DataFrame(rows, columns=heads)

    def __repr__(self) -> str:
        setups = self.difference.setups
        words = [
            f"{', '.join(one.cases) + ': ' if len(setups) > 1 else ''}{diff_line(one.diff)}"
            for one in setups
        ]
        return f"CellsDiffResult({' '.join(words) or 'no case in common'})"


def diff(old: PlanSource, new: PlanSource) -> DiffResult | CellsDiffResult:
    """Compare two plans and find the steps from one to the other.

    Parameters
    ----------
    old, new
        Plans of `planner.plan`, or their files (plan.json), both of classes and cases or neither.

    Returns
    -------
    DiffResult, or CellsDiffResult of plans of classes and cases
        Sentences and tables; the first sentences name files that could not be verified since their
        scenario is not at hand. The order of the steps keeps every LLM's capacity where possible.

    Raises
    ------
    DataError
        When a file cannot be read, or holds a plan that fails the verifier; when one plan alone is
        of classes and cases.
    InfeasibleError, NoPlanInTimeError
        When a plan has no setup.

    """
    read = [plan_source_to_compare(source) for source in (old, new)]
    cautions = [caution for _, caution in read if caution]
    before, after = (plan for plan, _ in read)
    if isinstance(before, CellsPlan) and isinstance(after, CellsPlan):
        return _diff_cells(before.content, after.content, cautions)
    if isinstance(before, CellsPlan) or isinstance(after, CellsPlan):
        name = str(after.content["scenario"])
        fix = "plan both for the same classes and cases, and compare those"
        raise DataError([Fault(name, "schema", "", DIFFERENT_KINDS, fix)])
    lines = (*cautions, *comparison_lines(before.content, after.content))
    return DiffResult(diff_plans(before.content, after.content), lines)


def _diff_cells(
    before: Mapping[str, Any], after: Mapping[str, Any], cautions: Sequence[str]
) -> CellsDiffResult:
    difference = diff_cells_plans(before, after)
    lines = (*cautions, *cells_diff_lines(before, after, difference))
    return CellsDiffResult(difference, lines, before, after)
