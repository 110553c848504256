"""The independent verifier: recomputes everything a plan claims from the instance, with numpy only
and none of the optimiser's code.

`verify` reads like a table of contents: one check is one function that yields problems in plain
words with their numbers. Names and units are those of plan.json (ms, per cent, GiB, USD/h).
"""

from collections.abc import Mapping
from typing import Any

from models.instance import Instance
from planner.verification.deployed_options import (
    check_options_exist,
    check_restated,
    index_options,
    read_options,
)
from planner.verification.objective_checks import (
    check_gap,
    check_no_plan,
    check_objective,
    check_totals,
)
from planner.verification.placement_checks import check_gpu_room, check_shards
from planner.verification.plan_shape import PLAN_SHAPE, check_shape, check_strict_json
from planner.verification.routing_certificate import check_fractions, check_router
from planner.verification.setup_checks import (
    check_quotas,
    check_rates,
    check_replica_limits,
    check_utilization,
)
from planner.verification.slo_checks import check_latencies, check_provenance, check_slos

__all__ = ["verify"]


def verify(
    plan: Mapping[str, Any], instance: Instance, *, rel_gap_target: float = 1e-4
) -> tuple[str, ...]:
    """Problems of a plan (the content of plan.json) for its instance, in plain words with numbers;
    empty when all is right.

    rel_gap_target: the scenario's solver.rel_gap, at which a gap counts as closed. Of a plan with
    status infeasible or unknown only strict JSON and its emptiness are checked;
    conflict.best_effort is a plan of another instance and is left to the caller. Never raises on a
    malformed plan: what is missing or of the wrong kind is reported, and the rest is then not
    checked.
    """
    problems = list(check_strict_json(plan))
    if plan.get("status") in ("infeasible", "unknown"):
        return tuple(problems + list(check_no_plan(plan)))
    problems += check_shape(plan, PLAN_SHAPE)
    if problems:
        return tuple(problems)
    index = index_options(instance)
    problems += check_options_exist(plan, instance, index)
    if problems:
        return tuple(problems)
    deployed = read_options(plan, index)
    problems += check_restated(instance, deployed)
    problems += check_replica_limits(instance, deployed)
    problems += check_utilization(instance, deployed)
    problems += check_quotas(instance, deployed)
    problems += check_rates(plan, instance, deployed)
    problems += check_latencies(instance, deployed)
    problems += check_provenance(instance, deployed)
    problems += check_slos(plan, instance, deployed)
    problems += check_shards(plan, instance, index, deployed)
    problems += check_gpu_room(plan, instance, index)
    problems += check_totals(plan, instance)
    problems += check_fractions(plan, instance)
    problems += check_router(plan, instance)
    problems += check_objective(plan, instance)
    problems += check_gap(plan, instance, rel_gap_target)
    return tuple(problems)
