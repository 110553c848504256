"""The independent verifier of plans with classes, cases, lost nodes and LLMs outside (plan.json,
schema 2): recomputes everything from the demand, with numpy only and none of the optimiser's code.

`run_cells_verifier` reads like a table of contents: one check is one function that yields problems
in plain words with their numbers. Names and units are those of plan.json.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.demand.requests import DemandInstance
from planner.verification.cells.cell_routing_checks import (
    certify_cell_routing,
    check_cell_floors,
    check_cell_permissions,
    check_cell_rates,
    check_outside_rates,
)
from planner.verification.cells.cell_slo_checks import check_case_slos, check_cell_slos
from planner.verification.cells.cells_references import check_cells_references
from planner.verification.cells.cells_shape import CELLS_SHAPE
from planner.verification.cells.cells_totals_checks import (
    check_cells_budget,
    check_cells_cost,
    check_cells_gpus,
    check_cells_objective,
    check_cells_quality,
)
from planner.verification.cells.lane_checks import (
    check_lane_loads,
    check_lane_partition,
    check_lane_provenance,
    check_lane_rates,
)
from planner.verification.cells.loss_checks import check_loss_survivors, check_losses_cover
from planner.verification.cells.setup_by_case_checks import (
    check_options_by_setup,
    check_setup_by_case,
)
from planner.verification.cells.stated_cells import StatedCells, read_stated_cells
from planner.verification.change_checks import check_stated_changes, check_stated_cycle_changes
from planner.verification.deployed_options import OptionIndex, index_deployed_options
from planner.verification.headroom import demand_to_verify
from planner.verification.plan_shape import check_plan_shape, check_strict_plan_json
from planner.verification.stated_nodes import check_stated_nodes, demand_with_stated_nodes

__all__ = ["check_cells_readable", "run_cells_verifier"]


def run_cells_verifier(
    plan: Mapping[str, Any], demand: DemandInstance, *, rel_gap_target: float = 1e-4
) -> tuple[str, ...]:
    """Problems of a plan (the content of plan.json, schema 2) for its demand, in plain words with
    numbers; empty when all is right.

    rel_gap_target: the scenario's solver.rel_gap, at which a gap counts as closed. Of a plan with
    status infeasible or unknown only strict JSON and its emptiness are checked. Never raises on a
    malformed plan: what is missing, of the wrong kind or leads nowhere is reported, and the rest is
    then not checked.
    """
    problems = list(check_strict_plan_json(plan))
    if not isinstance(plan, Mapping):
        return (*problems, "plan: should be a table of names")
    if plan.get("status") in ("infeasible", "unknown"):
        return tuple(problems + list(_check_nothing_stated(plan)))
    problems += check_cells_readable(plan, demand)
    if problems:
        return tuple(problems)
    index = index_deployed_options(demand.instance)
    demand = demand_with_stated_nodes(plan, demand)
    stated = read_stated_cells(plan, demand_to_verify(demand), index)
    return (
        *_check_stated(stated, index, rel_gap_target),
        *check_stated_changes(plan),
        *check_stated_cycle_changes(plan),
    )


def check_cells_readable(plan: Mapping[str, Any], demand: DemandInstance) -> tuple[str, ...]:
    """What keeps a plan with a setup from being read by its names and positions: keys and kinds of
    values, options, references. Empty when it can be, whether or not it is true.
    """
    problems = list(check_plan_shape(plan, CELLS_SHAPE))
    if not problems:
        problems += _check_head(plan)
        problems += check_options_by_setup(plan, index_deployed_options(demand.instance))
        problems += check_stated_nodes(plan, demand.instance)
    if not problems:
        problems += check_cells_references(plan, demand_with_stated_nodes(plan, demand))
    return tuple(problems)


def _check_head(plan: Mapping[str, Any]) -> Iterator[str]:
    """Status is a known word, and the schema, where it is stated, that of cells."""
    if plan["status"] not in ("optimal", "feasible"):
        yield f"status: unknown word {plan['status']}"
    if plan.get("schema", 2) != 2:
        yield f"schema: {plan['schema']} but a plan of cells is of schema 2"


def _check_nothing_stated(plan: Mapping[str, Any]) -> Iterator[str]:
    """A plan without a setup states no setup, cell, lane or loss and has no value."""
    objective = plan.get("objective")
    if isinstance(objective, Mapping) and objective.get("value") is not None:
        yield f"objective: value {objective['value']} in a plan with status {plan['status']}"
    for key in ("setups", "cells", "lanes", "losses"):
        if plan.get(key):
            yield f"{key}: stated in a plan with status {plan['status']}"


def _check_stated(stated: StatedCells, index: OptionIndex, rel_gap_target: float) -> Iterator[str]:
    for setup in stated.setups:
        yield from check_setup_by_case(setup, stated.demand.instance, index)
        yield from check_lane_provenance(stated, setup)
    yield from check_lane_partition(stated)
    yield from check_lane_loads(stated)
    yield from check_lane_rates(stated)
    yield from check_losses_cover(stated)
    yield from check_loss_survivors(stated)
    yield from check_cell_rates(stated)
    yield from check_cell_permissions(stated)
    yield from check_outside_rates(stated)
    yield from check_cell_slos(stated)
    yield from check_case_slos(stated)
    yield from certify_cell_routing(stated)
    yield from check_cell_floors(stated)
    yield from check_cells_quality(stated)
    yield from check_cells_gpus(stated)
    yield from check_cells_cost(stated)
    yield from check_cells_budget(stated)
    yield from check_cells_objective(stated, rel_gap_target)
