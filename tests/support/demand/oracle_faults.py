"""What of a plan of cells disagrees with brute force and with the independent verifier."""

from collections.abc import Mapping
from typing import Any

from models.demand.requests import DemandInstance
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.oracle import DemandOracle

__all__ = ["demand_plan_faults"]

SLACK = 2e-6
"""Score units: what tolerances of limits and of floors may give a plan."""


def demand_plan_faults(
    demand: DemandInstance,
    plan: Mapping[str, Any],
    truth: DemandOracle,
    *,
    rel_gap: float = 1e-4,
    bound: float | None = None,
) -> list[str]:
    """Return what disagrees, in words.

    bound: what the planner proved, where the plan does not say (infeasible: None).
    """
    found = list(run_cells_verifier(plan, demand, rel_gap_target=rel_gap))
    sign = 1.0 if demand.instance.objective == "quality" else -1.0
    objective = plan.get("objective") or {}
    proved = objective.get("bound") if bound is None else bound
    if truth.value is None:
        if truth.infeasible and plan["status"] in ("optimal", "feasible"):
            found.append(f"status {plan['status']}, but no setup has a routing")
        return found
    slack = SLACK * (1 + abs(truth.value))
    if plan["status"] == "infeasible" or (plan["status"] == "unknown" and truth.exact):
        found.append(f"status {plan['status']}, but a plan reaches {truth.value:.9g}")
    if proved is not None and sign * (truth.value - proved) > slack:
        found.append(f"bound {proved:.9g}, but a plan reaches {truth.value:.9g}")
    value = objective.get("value")
    if value is None:
        return found
    short = sign * (truth.value - value)
    allowed = rel_gap * max(abs(value), 1e-9) + slack
    # With one class in a case a setup's best routing is sure to be found, with more it need not be.
    if (plan["status"] == "optimal" or truth.exact) and short > allowed:
        found.append(f"{plan['status']} at {value:.9g}, but a plan reaches {truth.value:.9g}")
    if truth.bound is not None and sign * (value - truth.bound) > slack:
        found.append(f"value {value:.9g} is beyond what any plan reaches, {truth.bound:.9g}")
    return found
