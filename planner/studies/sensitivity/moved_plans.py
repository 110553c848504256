"""A scenario with one input moved, planned and verified; and today's setup kept there.

A plan's *setup* is what runs: options and their replicas, of every setup of a schedule, and the
nodes that the plan has decided.

Kept is a setup by quotas (`models.instance.Quota`): no replica beyond those it has. The plan within
the quotas runs a part of the setup, and the setup itself can route as that part does: it has the
same quality, and costs

    its own GPUs at the prices there + what that plan sends outside

at most, exactly so where there is nothing outside. A price of GPUs changes nothing else, so where
cost is minimised and nothing is sent outside, no plan is needed to know what the setup costs.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.demand.node_numbers import decided_demand, decided_instance
from models.formulation import known_fleet_cost
from models.instance import Instance, ObjectiveKind, Quota
from planner.plans.option_index import OptionSlice, option_key, option_key_order, option_slice_of
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.studies.sensitivity.moved_inputs import scenario_with_moved_input
from planner.studies.sensitivity.studied_inputs import InputKind, StudiedInput
from planner.studies.sweep_point import PointStatus, plan_content_of_point

__all__ = [
    "MovedPlan",
    "RunningOptions",
    "is_price_of_cost",
    "plan_moved_input",
    "value_of_kept_setup",
]

COST_NOISE = 1e-9
"""Part of a budget by which a cost exceeds it through rounding alone."""

RunningOptions = tuple[tuple[str, str, int, OptionSlice, int], ...]
"""(LLM, pool, tp degree, MPS share in per cent, replicas) of every deployed option, sorted."""


@dataclass(frozen=True, kw_only=True)
class MovedPlan:
    """A plan where an input has another value; without a plan value and bound may be None.

    value, bound: of the objective (mean score, or USD/h). setups: what runs, an entry a setup (one
    where the fleet is fixed). nodes: decided, by pool. gpus: in use, by pool, of all setups.
    outside: USD/h for LLMs outside. reason: why there is no plan.
    """

    status: PointStatus
    value: float | None
    bound: float | None
    setups: tuple[RunningOptions, ...] = ()
    nodes: tuple[tuple[str, int], ...] = ()
    gpus: tuple[tuple[str, int], ...] = ()
    outside: float = 0.0
    reason: str = ""

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan."""
        return self.value is not None

    def open_part(self) -> float:
        """What value and bound leave open, in the unit of the objective."""
        if self.value is None or self.bound is None:
            return float("inf")
        return abs(self.bound - self.value)

    def runs_as(self, other: "MovedPlan") -> bool:
        """Whether both plans run the same options with as many replicas on as many nodes."""
        return self.setups == other.setups and self.nodes == other.nodes


def plan_moved_input(
    loaded: LoadResult,
    moved: tuple[StudiedInput, float] | None,
    cancel: threading.Event | None = None,
) -> MovedPlan:
    """Plan with one input at another value; None: as the scenario is. VerificationError when the
    plan fails the verifier.
    """
    there = loaded if moved is None else scenario_with_moved_input(loaded, *moved)
    return _moved_plan(*plan_content_of_point(there, cancel))


def _moved_plan(status: PointStatus, content: Mapping[str, Any], reason: str) -> MovedPlan:
    setups = content["setups"] if "setups" in content else [content]
    cells = "setups" in content
    return MovedPlan(
        status=status,
        value=content["objective"]["value"],
        bound=content["objective"]["bound"],
        setups=tuple(_running_options(setup["options"]) for setup in setups),
        nodes=tuple((one["pool"], int(one["nodes"])) for one in content.get("pools", ())),
        gpus=_used_gpus(setups),
        outside=content["cost"]["outside_usd_per_h"] or 0.0 if cells else 0.0,
        reason=reason,
    )


def _running_options(options: Sequence[Mapping[str, Any]]) -> RunningOptions:
    named = [(*option_key(one), one["replicas"]) for one in options]
    return tuple(sorted(named, key=lambda one: option_key_order(one[:4])))


def _used_gpus(setups: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    """GPUs with a shard, by pool, over all setups."""
    used = {
        (k, seat["pool"], seat["node"], seat["gpu"])
        for k, setup in enumerate(setups)
        for seat in setup["placement"]
    }
    return tuple(sorted(Counter(pool for _, pool, _, _ in used).items()))


def is_price_of_cost(loaded: LoadResult, one: StudiedInput) -> bool:
    """Whether an input is a price of GPUs where cost is minimised."""
    return one.kind == InputKind.PRICE and loaded.instance.objective == ObjectiveKind.COST


def value_of_kept_setup(
    loaded: LoadResult,
    today: MovedPlan,
    moved: tuple[StudiedInput, float],
    cancel: threading.Event | None = None,
) -> MovedPlan:
    """The plan with today's setup where an input has another value; infeasible where it is proved
    that it breaks a limit or costs more than the budget, else without a plan unknown.

    today: of one setup (a fixed fleet).
    """
    there = scenario_with_moved_input(loaded, *moved)
    instance = _with_kept_setup(there.instance, today)
    if is_price_of_cost(loaded, moved[0]) and not today.outside:
        cost = _cost_of_kept_setup(instance, today)
        return replace(today, status=PointStatus.OPTIMAL, value=cost, bound=cost)
    demand = there.demand
    if demand is not None:
        numbers = {p: pool.nodes for p, pool in enumerate(instance.pools) if pool.sized is not None}
        kept = replace(demand, instance=instance)
        demand = decided_demand(kept, numbers) if numbers else kept
    plan = _moved_plan(
        *plan_content_of_point(replace(there, instance=instance, demand=demand), cancel)
    )
    if not plan.has_plan:
        return plan
    most = None if demand is None else demand.cost_at_most
    if instance.objective == ObjectiveKind.QUALITY and most is None:
        return plan
    cost = _cost_of_kept_setup(instance, today) + plan.outside
    if instance.objective == ObjectiveKind.QUALITY:
        if most is None or cost <= most * (1.0 + COST_NOISE):
            return plan
        # With less sent outside it may still fit the budget.
        status = PointStatus.UNKNOWN if plan.outside else PointStatus.INFEASIBLE
        return replace(plan, status=status, value=None)
    return replace(plan, value=cost, bound=plan.bound if plan.outside else cost)


def _cost_of_kept_setup(instance: Instance, today: MovedPlan) -> float:
    """USD/h of the GPUs that today's setup uses, at the instance's prices and numbers of nodes."""
    used = dict(today.gpus)
    cost = known_fleet_cost(instance, [used.get(pool.name, 0) for pool in instance.pools])
    if cost is None:
        raise ValueError("cost counts, and a pool in use has no price")
    return cost


def _with_kept_setup(instance: Instance, today: MovedPlan) -> Instance:
    """The instance with as many nodes as today, and no replica beyond today's."""
    names = {pool.name: p for p, pool in enumerate(instance.pools)}
    numbers = {names[pool]: count for pool, count in today.nodes}
    running = {one[:4]: one[4] for one in today.setups[0]}
    most = [
        running.get(
            (
                instance.llms[option.llm].name,
                instance.pools[option.pool].name,
                option.tp_degree,
                option_slice_of(option),
            ),
            0,
        )
        for option in instance.options
    ]
    quotas = [Quota("options that run today", tuple(float(n == 0) for n in most), 0.0)]
    for o in np.flatnonzero(most):
        weight = np.zeros(len(most))
        weight[o] = 1.0
        quotas.append(Quota(f"replicas of option {o} today", tuple(weight), float(most[o])))
    return replace(decided_instance(instance, numbers), quotas=(*instance.quotas, *quotas))


def read_scenario_of_moves(scenario: str, overrides: Sequence[str]) -> LoadResult:
    """The scenario, with the kinds that a study plans: classes and cases, decided nodes."""
    return assemble_instance(Path(scenario), overrides, cells=True, sizing=True)
