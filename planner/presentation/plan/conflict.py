"""An infeasible scenario in words: what conflicts, and the single changes that repair it."""

from planner.plans.labels import slo_name
from planner.plans.schema import ChangeContent, PlanContent
from planner.presentation.formatting import format_exact

__all__ = ["conflict_lines", "conflict_repair_text"]

SMALLEST = {True: ", the smallest that does", False: ", perhaps less is enough", None: ""}
"""What is proved of a repair; plans of 0.1.0 do not say."""


def conflict_lines(content: PlanContent) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the conflicting limits, and each repair as (words, argument of --set or an option by
    itself), with whether it is proved to be the smallest.

    content: of an infeasible plan.
    """
    conflict = content["conflict"]
    repairs = [
        (
            conflict_repair_text(content, repair) + SMALLEST[repair.get("proved")],
            _repair_argument(repair),
        )
        for repair in conflict["repairs"]
    ]
    return list(conflict["limits"]), repairs


def _repair_argument(repair: ChangeContent) -> str:
    """What applies a repair: a path and a value, or an option of `plan`."""
    if repair["change"] == "most_changes":
        return f"--most-changes {repair['to']}"
    return f"{repair['change']}={repair['to']}"


def conflict_repair_text(content: PlanContent, repair: ChangeContent) -> str:
    """Render one change, e.g. `raise the SLO on mean TTFT from 300 to 412.5 ms`."""
    before, after = format_exact(repair["from"]), format_exact(repair["to"])
    match repair["change"].split("."):
        case ["arrival_rate_rps"]:
            return f"drop to {after} req/s (from {before})"
        case ["slo", at, "limit_ms"]:
            return (
                f"raise the SLO on {slo_name(content['slo'][int(at)])} from {before} to {after} ms"
            )
        case ["pools", at, "nodes"]:
            more = repair["to"] - repair["from"]
            pool = content["context"]["pools"][int(at)]["name"]
            nodes = f"{format_exact(more)} node{'s' if more != 1 else ''}"
            return f"add {nodes} to pool {pool} ({after} instead of {before})"
        case ["objective", "quality_at_least"]:
            return f"lower the required quality from {before} to {after} (mean score)"
        case ["llms", at, ("min_replicas" | "max_replicas") as key] if name := _llm_at(
            content, int(at)
        ):
            count = f"{after} replica{'' if repair['to'] == 1 else 's'} of {name}"
            return (
                f"allow {count} ({before} now)"
                if key == "max_replicas"
                else f"require only {count} ({before} now)"
            )
        case ["setups", "min_gpu_utilization_pct"]:
            return f"lower the minimum of allocated compute from {before} to {after} %"
        case ["headroom", key]:
            of = {"slo_pct": "the SLO limits", "rate_pct": "the arrival rate"}
            kept = of.get(key, "the curves' last rates")
            return f"lower the headroom of {kept} from {before} to {after} %"
        case ["most_changes"]:
            return f"let {after} replicas start or stop ({before} now)"
    return f"change {repair['change']} from {before} to {after}"


def _llm_at(content: PlanContent, at: int) -> str | None:
    """The LLM at a position of the scenario; None in plans that do not list them."""
    llms = content["context"].get("llms", [])
    return str(llms[at]["name"]) if at < len(llms) else None
