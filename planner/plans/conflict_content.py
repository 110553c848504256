"""Why nothing fits, in plan.json: conflicting limits, single changes that repair it, and the plan
of the nearest feasible case.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models.instance import Instance
from planner.plans.context_content import context_content
from planner.plans.numbers import tidy
from planner.plans.schema import BestEffortContent, ChangeContent, ConflictContent
from planner.plans.solved_content import solved_content
from planner.solution import Conflict, Repair

if TYPE_CHECKING:
    from planner.scenario.assemble import LoadResult

__all__ = ["conflict_content", "instance_without_conflict"]


def conflict_content(loaded: "LoadResult", conflict: Conflict, rel_gap: float) -> ConflictContent:
    """Return limits in words, repairs in the scenario's own paths and units, and the best effort.

    VerificationError when the best effort fails the verifier against its own instance.
    """
    return {
        "limits": list(conflict.limits),
        "repairs": [_change_content(repair) for repair in conflict.repairs],
        "best_effort": _conflict_best_effort_content(loaded, conflict, rel_gap),
    }


def _conflict_best_effort_content(
    loaded: "LoadResult", conflict: Conflict, rel_gap: float
) -> BestEffortContent | None:
    """The plan of the instance after the one change that makes it feasible, verified against that
    instance; None without one.
    """
    solution, change = conflict.best_effort, conflict.best_effort_change
    if solution is None or not solution.has_plan:
        return None
    nearest = (
        loaded.instance if change is None else instance_without_conflict(loaded.instance, change)
    )
    # Dropped options and notices are the same as for the conflict and are listed there.
    without_options = replace(nearest, dropped=())
    return {
        "change": None if change is None else _change_content(change),
        **solved_content(nearest, solution, rel_gap),
        "context": context_content(loaded, without_options, solution, {}, []),
    }


def _change_content(repair: Repair) -> ChangeContent:
    """Dotted path, value before and after in the scenario's units; whole numbers as such."""
    return {
        "change": repair.change,
        "from": tidy(repair.before),
        "to": tidy(repair.after),
        "proved": repair.proved,
    }


def instance_without_conflict(instance: Instance, change: Repair) -> Instance:
    """Return the instance with one number of the scenario (`change` is in its units) replaced.

    ValueError for a path that is no number of the scenario.
    """
    after = change.after
    match change.change.split("."):
        case ["arrival_rate_rps"]:
            return replace(instance, arrival_rate=float(after))
        case ["slo", at, "limit_ms"]:
            return replace(
                instance, slos=_with_conflict_change(instance.slos, int(at), limit=after / 1000.0)
            )
        case ["pools", at, "nodes"]:
            return replace(
                instance, pools=_with_conflict_change(instance.pools, int(at), nodes=round(after))
            )
        case ["llms", at, ("min_replicas" | "max_replicas") as key]:
            return replace(
                instance, llms=_with_conflict_change(instance.llms, int(at), **{key: round(after)})
            )
        case ["objective", "quality_at_least"]:
            return replace(instance, quality_floor=float(after))
        case ["setups", "min_gpu_utilization_pct"]:
            return replace(instance, min_utilization=after / 100.0)
        case ["headroom", ("slo_pct" | "rate_pct" | "utilization_pct") as key]:
            changed = {key.removesuffix("_pct"): after / 100.0}
            return replace(instance, headroom=replace(instance.headroom, **changed))
        case ["most_changes"]:
            # No number of the scenario: the limit that `plan --from` was given.
            return instance
    raise ValueError(f"no instance is known for a change of {change.change}")


def _with_conflict_change(records: Sequence[Any], at: int, **changes: Any) -> tuple[Any, ...]:
    """The records with the one at position `at` changed. IndexError where there is none."""
    if not 0 <= at < len(records):
        raise IndexError(at)
    return tuple(
        replace(record, **changes) if k == at else record for k, record in enumerate(records)
    )
