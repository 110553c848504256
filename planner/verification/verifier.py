"""The independent verifier: recomputes everything a plan claims from the instance, with numpy only
and none of the optimiser's code.

`run_verifier` reads like a table of contents: one check is one function that yields problems in
plain words with their numbers. Names and units are those of plan.json (ms, per cent, GiB, USD/h).
"""

from collections.abc import Mapping
from typing import Any

from models.instance import Instance
from planner.verification.change_checks import check_stated_changes
from planner.verification.deployed_options import (
    check_deployed_options_exist,
    check_restated_options,
    index_deployed_options,
    read_deployed_options,
)
from planner.verification.objective_checks import (
    check_no_objective,
    check_objective,
    check_objective_gap,
    check_objective_totals,
)
from planner.verification.placed_shards import read_placed_shards
from planner.verification.placement_checks import check_placed_shards, check_placement_room
from planner.verification.plan_shape import PLAN_SHAPE, check_plan_shape, check_strict_plan_json
from planner.verification.routing_certificate import certify_fractions, certify_router
from planner.verification.setup_checks import (
    check_setup_quotas,
    check_setup_rates,
    check_setup_replica_limits,
    check_setup_utilization,
)
from planner.verification.slo_checks import check_slo_latencies, check_slo_provenance, check_slos
from planner.verification.stated_nodes import check_stated_nodes, instance_with_stated_nodes

__all__ = ["run_verifier"]


def run_verifier(
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
    problems = list(check_strict_plan_json(plan))
    if plan.get("status") in ("infeasible", "unknown"):
        return tuple(problems + list(check_no_objective(plan)))
    problems += check_plan_shape(plan, PLAN_SHAPE)
    if problems:
        return tuple(problems)
    index = index_deployed_options(instance)
    problems += check_deployed_options_exist(plan, instance, index)
    problems += check_stated_nodes(plan, instance)
    if problems:
        return tuple(problems)
    instance = instance_with_stated_nodes(plan, instance)
    deployed = read_deployed_options(plan, index)
    problems += check_restated_options(instance, deployed)
    problems += check_setup_replica_limits(instance, deployed)
    problems += check_setup_utilization(instance, deployed)
    problems += check_setup_quotas(instance, deployed)
    problems += check_setup_rates(plan, instance, deployed)
    problems += check_slo_latencies(instance, deployed)
    problems += check_slo_provenance(instance, deployed)
    problems += check_slos(plan, instance, deployed)
    placed = read_placed_shards(plan["placement"], index)
    problems += check_placed_shards(placed, instance, deployed)
    problems += check_placement_room(placed, instance)
    problems += check_objective_totals(plan, instance, placed.gpus_by_pool())
    problems += certify_fractions(plan, instance)
    problems += certify_router(plan, instance)
    problems += check_objective(plan, instance)
    problems += check_objective_gap(plan, instance, rel_gap_target)
    problems += check_stated_changes(plan)
    return tuple(problems)
