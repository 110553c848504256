"""Simpler ways to plan a day beside the joint plan, as a table."""

from collections.abc import Sequence

import pandas as pd

from models.demand.requests import DemandInstance
from planner.cell_solution import CellBaseline, CellBaselineKind, CellPlan, CellSolution

__all__ = ["CELL_BASELINE_WORDS", "cell_baseline_table"]

CELL_BASELINE_WORDS = {
    CellBaselineKind.PEAK: "the setup is planned for the case with the highest rate alone",
    CellBaselineKind.MEAN: "the setup is planned for the mean of the rates over the hours",
    CellBaselineKind.STRICTEST: "every class keeps the strictest limit that any class states",
    CellBaselineKind.ISOLATED: "every class has replicas of its own, none serves two",
    CellBaselineKind.BLIND: "cases with lost nodes are left out of the plan",
    CellBaselineKind.FIXED: "one setup serves all cases, nothing starts or stops",
}


def cell_baseline_table(
    demand: DemandInstance, joint: CellSolution, baselines: Sequence[CellBaseline]
) -> pd.DataFrame:
    """One row a plan. `Joint gains`: of the objective; `Breaks`: the cases that a setup cannot
    serve within their limits, or `ties` where the difference is within the joint plan's gap.
    """
    by_cost = demand.instance.objective == "cost"
    rows = [_plan_row("joint plan", joint.plan, None, "")]
    for one in baselines:
        gain = None
        if one.plan is not None and joint.plan is not None:
            gain = one.plan.value - joint.plan.value
            gain = gain if by_cost else -gain
        names = ", ".join(demand.cases[t].name for t in one.broken)
        if one.planned.plan is None:
            names = "no plan"
        elif one.plan is None and not one.broken:
            names = "floor or budget"
        elif gain is not None and gain <= _joint_gap(joint):
            names, gain = "ties", None
        rows.append(_plan_row(str(one.kind), one.plan or one.planned.plan, gain, names))
    return pd.DataFrame(rows)


def _joint_gap(joint: CellSolution) -> float:
    """How much better than the joint plan another may be."""
    if joint.value is None or joint.bound is None:
        return 0.0
    return abs(joint.bound - joint.value)


def _plan_row(
    name: str, plan: CellPlan | None, gain: float | None, breaks: str
) -> dict[str, object]:
    """Numbers of a setup that breaks are not shown: they are of another demand."""
    known = plan if breaks in ("", "ties") else None
    return {
        "Plan": name,
        "GPUs": None if plan is None else plan.gpus,
        "USD/h": None if known is None else known.cost,
        "Quality": None if known is None else known.quality,
        "Joint gains": gain,
        "Breaks": breaks,
    }
