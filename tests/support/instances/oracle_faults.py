"""What of a joint solution disagrees with brute force and with the independent verifier."""

import numpy as np

from models.instance import Instance
from planner.plans.setup_content import setup_content
from planner.solution import Solution
from planner.verification.verifier import run_verifier
from tests.support.instances.oracle import OracleResult, fewest_gpus

__all__ = ["REL_GAP", "plan_content_of", "solution_faults", "value_faults"]

REL_GAP = 1e-4
"""Relative gap that the solutions were sought with."""
SLACK = 1e-6
"""Score units: the verifier forgives 1e-7 of a limit, and curves of the tiny instances turn that
into less than this.
"""
UNIT = 1e-7
"""USD/h: costs are sums of a few prices."""


def solution_faults(instance: Instance, solution: Solution, truth: OracleResult) -> list[str]:
    """Return what disagrees, in words."""
    if truth.feasible is None:
        return []
    if not truth.feasible:
        return (
            []
            if solution.status == "infeasible"
            else [f"{solution.status}, value {solution.value}, but nothing is feasible"]
        )
    if solution.status != "optimal" or solution.value is None or solution.bound is None:
        return [
            f"{solution.status} ({solution.effort.termination}), but {truth.value} is feasible:"
            f" {truth}"
        ]
    return [
        *value_faults(instance, solution.value, solution.bound, truth),
        *_leanest_faults(instance, solution),
        *run_verifier(plan_content_of(instance, solution), instance, rel_gap_target=REL_GAP),
    ]


def value_faults(instance: Instance, value: float, bound: float, truth: OracleResult) -> list[str]:
    """What of a value and a bound disagrees, in words."""
    closed = max(REL_GAP * abs(value), 1e-6 * float(np.ptp(instance.scores.values)))
    if instance.objective == "cost":
        checks = {
            f"value {value} is below the proven {truth.bound}": value >= truth.bound - UNIT,
            f"bound {bound} is above the reached {truth.value}": bound <= truth.value + UNIT,
            f"value {value} is above the reached {truth.value}": (
                value <= truth.value + closed + UNIT
            ),
        }
    else:
        checks = {
            f"value {value} is above the proven {truth.bound}": value <= truth.bound + SLACK,
            f"bound {bound} is below the reached {truth.value} of {truth.replicas}": (
                bound >= truth.value - UNIT
            ),
            f"value {value} is below the reached {truth.value} of {truth.replicas}": (
                value >= truth.value - closed - UNIT
            ),
        }
    return [fault for fault, holds in checks.items() if not holds]


def _leanest_faults(instance: Instance, solution: Solution) -> list[str]:
    """Fewer GPUs must not surely reach the quality found (of a cost plan: the floor, at its own
    price).
    """
    if instance.objective == "cost" or solution.quality is None:
        return []
    used = len({(instance.options[s.option].pool, s.node, s.gpu) for s in solution.placement})
    enough = fewest_gpus(instance, solution.quality)
    return (
        [f"{used} GPUs used, {enough} reach its quality {solution.quality}"]
        if enough is not None and enough < used
        else []
    )


def plan_content_of(instance: Instance, solution: Solution) -> dict[str, object]:
    """Status, objective (mean score or USD/h) and setup as in plan.json, unverified."""
    assert solution.value is not None
    assert solution.bound is not None
    quality = instance.objective == "quality"
    gap = abs(solution.bound - solution.value) / max(abs(solution.value), 1e-9)
    sense, of = ("maximize", "quality") if quality else ("minimize", "cost")
    objective = {
        "sense": sense,
        "of": of,
        "value": float(solution.value),
        "bound": float(solution.bound),
        "rel_gap": float(gap),
    }
    return {"status": solution.status, "objective": objective, **setup_content(instance, solution)}
