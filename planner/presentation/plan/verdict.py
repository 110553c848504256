"""The verdict on a plan in one line: status, value, bound, gap, time."""

from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_gap, format_objective, format_objective_value

__all__ = ["verdict_line"]

STOPPED = {
    "time": "the time limit",
    "interrupt": "a request to stop",
    "stalled": "lack of progress",
    "choice": "the choice of another setup",
}


def verdict_line(content: PlanContent) -> str:
    """Render status, value found, best possible, gap and seconds in one line."""
    objective, status = content["objective"], content["status"]
    seconds, why = f"{content['solver']['wall_s']:.1f} s", content["solver"]["termination"]
    if status == "infeasible":
        return f"infeasible: no plan keeps all limits at once ({seconds})"
    bound = f"best possible {format_objective_value(content, objective['bound'])}"
    stopped = f"stopped by {STOPPED.get(why, why)}"
    if status == "unknown":
        return f"unknown: {stopped} before a plan was found ({seconds})" + (
            "" if objective["bound"] is None else f"; {bound}"
        )
    gap = format_gap(objective["rel_gap"])
    head = status if status == "optimal" else f"{status} ({stopped})"
    return (
        f"{head}: {format_objective(content, objective['value'])} found, {bound} (gap {gap}),"
        f" {seconds}"
    )
