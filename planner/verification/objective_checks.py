"""Checks of GPUs, cost, objective value, bound and gap; and that a plan without a setup claims
nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.instance import Instance
from planner.verification.change_checks import recomputed_changes_cost
from planner.verification.fleet_cost import recompute_fleet_cost
from planner.verification.tolerances import CLOSED_RANGE, FLOOR_TOL, GAP_TOL, RANGE_TOL, RESTATE_TOL

__all__ = [
    "check_gap_and_status",
    "check_no_objective",
    "check_objective",
    "check_objective_gap",
    "check_objective_sense",
    "check_objective_totals",
]


def check_no_objective(plan: Mapping[str, Any]) -> Iterator[str]:
    """Check that a plan without a setup deploys nothing, places nothing and has no value."""
    for key in ("options", "placement"):
        if plan.get(key):
            yield f"{key}: {len(plan[key])} entries in a plan with status {plan['status']}"
    objective = plan.get("objective") or {}
    if objective.get("value") is not None:
        yield f"objective: value {objective['value']} in a plan with status {plan['status']}"


def check_objective_totals(
    plan: Mapping[str, Any], instance: Instance, used: Mapping[str, int]
) -> Iterator[str]:
    """gpus_total, gpus_used and cost (`fleet_cost`); null where a GPU that is paid for has no
    price.

    used: GPUs with a shard by the pool's name.
    """
    if plan["gpus_total"] != instance.gpus:
        yield f"gpus_total: {plan['gpus_total']} but the pools have {instance.gpus}"
    held = sum(used.values())
    if plan["gpus_used"] != held:
        yield f"gpus_used: {plan['gpus_used']} but {held} GPUs hold a shard"
    cost, stated = recompute_fleet_cost(instance.pools, used), plan["cost_usd_per_h"]
    if cost is None:
        if stated is not None:
            yield f"cost_usd_per_h: {stated} although a used GPU has no price"
    elif stated is None:
        if all(pool.price is not None for pool in instance.pools):
            yield f"cost_usd_per_h: null but the used GPUs cost {cost:.9g}"
    elif abs(stated - cost) > RESTATE_TOL * cost:
        yield f"cost_usd_per_h: {stated:.9g} but the used GPUs cost {cost:.9g}"


def check_objective(plan: Mapping[str, Any], instance: Instance) -> Iterator[str]:
    """Check that the objective is the instance's, its value the plan's quality or cost, and the
    quality floor kept.
    """
    yield from check_objective_sense(plan, instance)
    floor = instance.quality_floor
    if instance.objective == "cost" and floor is not None and plan["quality"] < floor - FLOOR_TOL:
        yield f"quality: {plan['quality']:.9g} is below quality_at_least {floor:.9g}"


def check_objective_sense(plan: Mapping[str, Any], instance: Instance) -> Iterator[str]:
    """Sense and kind of the objective are the instance's, its value the plan's quality, or its cost
    with that of the changes from what runs.
    """
    objective, cost = plan["objective"], plan["cost_usd_per_h"]
    sense, stated = (
        ("maximize", plan["quality"])
        if instance.objective == "quality"
        else ("minimize", None if cost is None else cost + recomputed_changes_cost(plan))
    )
    if (objective["sense"], objective["of"]) != (sense, instance.objective):
        yield (
            f"objective: {objective['sense']} {objective['of']} but the instance says {sense}"
            f" {instance.objective}"
        )
    if stated is None or abs(objective["value"] - stated) > RANGE_TOL * (1 + abs(stated)):
        yield (
            f"objective: value {objective['value']:.9g} but the plan's {instance.objective} is"
            f" {stated}"
        )


def check_objective_gap(
    plan: Mapping[str, Any], instance: Instance, rel_gap_target: float
) -> Iterator[str]:
    """`check_gap_and_status` with the objective and the scores of the instance."""
    span = float(instance.scores.values.max() - instance.scores.values.min())
    return check_gap_and_status(plan, instance, span, rel_gap_target)


def check_gap_and_status(
    plan: Mapping[str, Any], instance: Instance, span: float, rel_gap_target: float
) -> Iterator[str]:
    """Check the side of the bound, rel_gap = |bound - value| / max(|value|, 1e-9), and that status
    is optimal just where it is closed.

    span: range of the scores.
    """
    value, bound, stated = (plan["objective"][key] for key in ("value", "bound", "rel_gap"))
    if bound is None:
        if stated is not None or plan["status"] == "optimal":
            yield f"objective: no bound, but rel_gap is {stated} and status {plan['status']}"
        return
    beyond = value - bound if instance.objective == "quality" else bound - value
    if beyond > RANGE_TOL * (1 + abs(value)):
        yield f"objective: bound {bound:.12g} is on the wrong side of the value {value:.12g}"
    gap = abs(bound - value) / max(abs(value), 1e-9)
    if stated is None or abs(stated - gap) > GAP_TOL + RESTATE_TOL * gap:
        yield f"objective: rel_gap {stated} but |bound - value| / |value| is {gap:.9g}"
    closed = gap <= rel_gap_target * (1 + RESTATE_TOL) + GAP_TOL or abs(
        bound - value
    ) <= CLOSED_RANGE * span * (1 + RESTATE_TOL)
    if closed != (plan["status"] == "optimal"):
        yield (
            f"status: {plan['status']} but the gap {gap:.3g} is {'closed' if closed else 'open'} at"
            f" the target {rel_gap_target:.3g}"
        )
