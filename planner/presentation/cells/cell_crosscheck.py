"""The cross-check of a plan over classes and cases: the verdict, the cases as a table, and what was
compared in sentences.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.demand.requests import DemandInstance
from planner.cell_solution import CellSolution
from planner.presentation.formatting import format_number
from planner.solution import Status
from planner.studies.cell_crosscheck import CaseCheck, CaseCoverage, CellCrossCheck
from planner.studies.crosscheck import CheckVerdict

__all__ = ["cell_crosscheck_lines", "cell_crosscheck_table", "cell_crosscheck_verdict_line"]

MEANING: Mapping[CheckVerdict, str] = {
    CheckVerdict.AGREE: "joint plan and decomposition both find",
    CheckVerdict.BRACKETS: "the joint plan lies within all of the decomposition's bounds",
    CheckVerdict.DISAGREE: "joint plan and decomposition contradict each other",
    CheckVerdict.OPEN: "the joint search was stopped before there was anything to compare",
}


def cell_crosscheck_verdict_line(check: CellCrossCheck, solution: CellSolution) -> str:
    """Render the verdict in one line."""
    what = MEANING[check.verdict]
    if check.verdict == CheckVerdict.AGREE:
        nothing = solution.status == Status.INFEASIBLE
        found = "that no plan keeps all limits" if nothing else f"quality {solution.value:.6f}"
        what = f"{what} {found}"
    elif check.verdict == CheckVerdict.BRACKETS and solution.status == Status.INFEASIBLE:
        what = "the joint search finds no plan, and the decomposition does not prove it"
    return f"{check.verdict}: {what}"


def cell_crosscheck_table(check: CellCrossCheck, demand: DemandInstance) -> pd.DataFrame:
    """One row a case, on the plan's setup: quality of the plan, of the decomposition, its bound."""
    return pd.DataFrame([_case_check_row(row, demand) for row in check.cases])


def _case_check_row(row: CaseCheck, demand: DemandInstance) -> dict[str, object]:
    proved = row.bound is not None and np.isfinite(row.bound)
    return {
        "Case": demand.cases[row.case].name,
        "Classes": row.classes,
        "Plan": row.quality,
        "Decomposition": row.found,
        "Best possible": row.bound if proved else None,
        "Verdict": "-" if row.coverage is CaseCoverage.EMPTY else str(row.verdict),
    }


def cell_crosscheck_lines(
    check: CellCrossCheck, solution: CellSolution, demand: DemandInstance
) -> list[str]:
    """Say what was compared case by case, and over all setups."""
    lines = [
        line
        for line in (
            _several_classes_line(check),
            _money_line(check),
            _lost_nodes_line(check, demand),
            _empty_line(check),
        )
        if line
    ]
    return [*lines, _all_setups_line(check, solution)]


def _counted_cases(number: int) -> str:
    return f"{number} case{'s' if number != 1 else ''}"


def _several_classes_line(check: CellCrossCheck) -> str:
    rows = [row for row in check.cases if row.coverage is CaseCoverage.BOUNDED]
    if not rows:
        return ""
    return (
        f"{_counted_cases(len(rows))} with several classes: bracketed, each class as if the others"
        " left it the replicas that it needs; limits over all requests of a case are not looked at."
    )


def _money_line(check: CellCrossCheck) -> str:
    rows = [row for row in check.cases if row.coverage is CaseCoverage.MONEY]
    if not rows:
        return ""
    return (
        f"{_counted_cases(len(rows))} in which money counts: bracketed, since another routing may"
        " cost more; cost itself is not checked here."
    )


def _lost_nodes_line(check: CellCrossCheck, demand: DemandInstance) -> str:
    rows = [row for row in check.cases if demand.cases[row.case].loses_nodes]
    if not rows:
        return ""
    return (
        f"{_counted_cases(len(rows))} with lost nodes: every loss that has a routing in the plan on"
        " the replicas it leaves, and the worst is told; which losses there are is the verifier's."
    )


def _empty_line(check: CellCrossCheck) -> str:
    rows = [row for row in check.cases if row.coverage is CaseCoverage.EMPTY]
    return f"{_counted_cases(len(rows))} without requests: nothing to compare." if rows else ""


def _all_setups_line(check: CellCrossCheck, solution: CellSolution) -> str:
    """Value and bound of all setups beside the plan."""
    if check.setups is None:
        how = "Setups are too many to list, so every class of every case was relaxed alone"
    else:
        looked = max(one.enumerated for one in check.setups)
        routed = sum(one.routed_setups for one in check.setups)
        stopped = "" if all(one.complete for one in check.setups) else ", then stopped"
        how = f"Over all {looked:,} setups within the compute ({routed:,} routed{stopped})"
    if check.bound == -np.inf:
        return f"{how}: none serves every case."
    bound = f"no plan exceeds quality {check.bound:.6f}"
    if solution.plan is not None:
        quality = solution.plan.quality
        width = 100.0 * max(check.bound - quality, 0.0) / max(abs(quality), 1e-9)
        bound += f", {format_number(width, 2)} % above the joint plan's {quality:.6f}"
    if check.value is not None:
        bound += f"; the best plan of the decomposition has {check.value:.6f}"
    return f"{how}: {bound}."
