"""The master program: one setup for all cases, each case known by its cuts.

    variables   replicas[o] whole; gpus_used[p] whole; value[t]: weighted quality of a case's
                cells, score units; spend[t] >= 0: USD/h outside

    maximise    sum_t value_t, or minimise the cost

    rows of a setup                  models.setup_constraints                     models.program
    obey_case_cuts[k]                value_t <= base_k + replicas_k . replicas + spend_k spend_t
                                     0 <= the same, of cuts that a setup must obey
    keep_mean_floor                  sum_t value_t >= floor, or least_value       a cost objective
    keep_cost                        cost <= cost_at_most, or most_cost           a budget
    spread_over_nodes[o]             V_p most_on_node_o >= replicas_o             with `spread`

    cost = sum_p price_p gpus_used_p + sum_t h_t / H spend_t

Whole numbers of replicas are decided here, everything else case by case (Benders, Numerische
Mathematik 4, 1962): any cut holds for every setup, so the master's optimum bounds every plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from models.compiled_program import compile_arrays
from models.demand.case_cut import CaseCut
from models.demand.demand_model import DemandModel, case_share
from models.formulation import Formulation, Goal, GoalKind, formulation_lean_weights, pool_prices
from models.linear import LinearProgram
from models.setup_constraints import (
    fit_pool,
    keep_setup_quotas,
    keep_setup_replica_limits,
    reach_min_utilization,
    respect_setup_no_goods,
)

__all__ = ["MasterProgram", "build_master_program"]

WHOLE = 1e-6
"""Replicas of a relaxation this close to a whole number are whole."""

TINY = 1e-9
"""Coefficients below this are left out of a cut; they are at least 0, so it is weaker by next to
nothing where their replicas are counted in its base.
"""


@dataclass(frozen=True, kw_only=True)
class MasterProgram:
    """The program as arrays; positions of its columns, -1 where they are in no row. replicas (O,),
    gpus_used (P,); values, spends: by case.
    """

    linear: LinearProgram
    replicas: np.ndarray
    gpus_used: np.ndarray
    values: dict[int, int]
    spends: dict[int, int]


def build_master_program(
    model: DemandModel,
    cuts: Sequence[CaseCut],
    *,
    of: GoalKind,
    least_value: float | None = None,
    most_cost: float | None = None,
    spread: bool = False,
    near: np.ndarray | None = None,
) -> MasterProgram:
    """The master over all usable options.

    of: quality, cost, or fewest GPUs. least_value, most_cost: what a plan must reach to be of
    interest, score units and USD/h. spread: a case with lost nodes counts on what is left where
    every node holds at most ceil(n_o / V_p) replicas, in place of K_o n_o: no bound, but setups
    that a loss does not break. near: (O,) replicas, not whole, that are only rounded.
    """
    form = _master_formulation(model)
    master = pyo.ConcreteModel("master over cases")
    instance = model.demand.instance
    master.LLMS = pyo.Set(initialize=range(len(instance.llms)))
    master.POOLS = pyo.Set(initialize=range(len(instance.pools)))
    master.fraction = pyo.Var(master.LLMS, bounds=(0, 1))
    master.replicas = pyo.Var(
        list(form.options),
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, o: (
            (0, float(model.upper[o]))
            if near is None
            else (float(np.floor(near[o] + WHOLE)), float(np.ceil(near[o] - WHOLE)))
        ),
    )
    master.gpus_used = pyo.Var(
        master.POOLS,
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, p: (0, instance.pools[p].gpus),
    )
    cases = range(len(model.demand.cases))
    counted = [t for t in cases if model.weights[:, t].sum() > 0]
    master.value = pyo.Var(counted, bounds=lambda _, t: (None, _most_value(model, t)))
    sends = [t for t in cases if model.demand.outside and any(model.demand.cases[t].rates)]
    master.spend = pyo.Var(sends, domain=pyo.NonNegativeReals)
    _add_master_goal(master, model, of, least_value, most_cost)
    fit_pool(master, form)
    respect_setup_no_goods(master, form)
    keep_setup_quotas(master, form)
    keep_setup_replica_limits(master, form)
    reach_min_utilization(master, form)
    _add_case_cuts(master, form, cuts, _surviving(master, model) if spread else {})
    linear, info = compile_arrays(master)
    column = {id(var): j for j, var in enumerate(info.columns)}

    def at(var: object) -> int:
        return column.get(id(var), -1)

    replicas = np.full(len(instance.options), -1)
    for o in form.options:
        replicas[o] = at(master.replicas[o])
    return MasterProgram(
        linear=linear,
        replicas=replicas,
        gpus_used=np.array([at(master.gpus_used[p]) for p in master.POOLS]),
        values={t: at(master.value[t]) for t in counted},
        spends={t: at(master.spend[t]) for t in sends},
    )


def _most_value(model: DemandModel, case: int) -> float:
    """A case's value where every prompt had its best answer."""
    return float(
        sum(
            weight * (quality.offset + quality.scale)
            for weight, quality in zip(model.weights[:, case], model.qualities, strict=True)
        )
    )


def _master_formulation(model: DemandModel) -> Formulation:
    """What the rows of a setup need of a formulation."""
    instance = model.demand.instance
    return Formulation(
        instance=instance,
        goal=Goal(of=GoalKind.QUALITY),
        options=model.options,
        arms={},
        upper=model.upper,
        capacity=model.capacity,
        cut_prices=np.zeros((0, len(instance.llms))),
        cut_base=np.zeros(0),
        no_goods=model.no_goods,
        unit=1.0,
    )


def _add_master_goal(
    master: pyo.ConcreteModel,
    model: DemandModel,
    of: GoalKind,
    least_value: float | None,
    most_cost: float | None,
) -> None:
    """The objective, the mean floor, the budget, and limits that earlier plans set."""
    demand = model.demand
    price = pool_prices(demand.instance)
    value = pyo.quicksum(master.value.values())
    spent = pyo.quicksum(
        demand.cases[t].hours / demand.hours * master.spend[t] for t in master.spend
    )
    cost = pyo.quicksum(float(price[p]) * master.gpus_used[p] for p in master.POOLS) + spent
    lean = formulation_lean_weights(demand.instance)
    gpus = pyo.quicksum(float(lean[p]) * master.gpus_used[p] for p in master.POOLS)
    goals = {GoalKind.QUALITY: -value, GoalKind.COST: cost, GoalKind.GPUS: gpus}
    master.objective = pyo.Objective(expr=goals[of])
    floors = [f for f in (demand.instance.quality_floor, least_value) if f is not None]
    if floors and len(master.value):
        master.keep_mean_floor = pyo.Constraint(expr=value >= max(floors))
    limits = [f for f in (demand.cost_at_most, most_cost) if f is not None]
    if limits:
        master.keep_cost = pyo.Constraint(expr=cost <= min(limits))


Surviving = Mapping[tuple[int, int], Any]
"""(case, option) -> the replicas that a case counts on, per K_o, where these are not n_o."""


def _surviving(master: pyo.ConcreteModel, model: DemandModel) -> Surviving:
    """(n_o - k_p most_o) / K_o of cases with lost nodes, where most_o >= n_o / V_p is whole."""
    instance, cases = model.instance, model.demand.cases
    pools = {p for case in cases for p, lost in enumerate(case.lost_nodes) if lost}
    hit = [o for o in model.options if instance.options[o].pool in pools]
    master.SPREAD = pyo.Set(initialize=hit)
    master.most_on_node = pyo.Var(master.SPREAD, domain=pyo.NonNegativeIntegers)
    master.spread_over_nodes = pyo.Constraint(
        master.SPREAD,
        rule=lambda m, o: (
            instance.pools[instance.options[o].pool].nodes * m.most_on_node[o] >= m.replicas[o]
        ),
    )
    left: dict[tuple[int, int], Any] = {}
    for t, case in enumerate(cases):
        share = case_share(model.demand, t)
        for o in hit:
            lost = case.lost_nodes[instance.options[o].pool]
            if lost and share[o] > 0:
                least = master.replicas[o] - lost * master.most_on_node[o]
                left[t, o] = least / float(share[o])
    return left


def _add_case_cuts(
    master: pyo.ConcreteModel, form: Formulation, cuts: Sequence[CaseCut], surviving: Surviving
) -> None:
    """One row a cut."""
    master.CUTS = pyo.Set(initialize=range(len(cuts)))

    def case_cut_rule(m: pyo.ConcreteModel, k: int) -> object:
        cut = cuts[k]
        # A coefficient that is left out counts at its most in the base, so that the cut holds.
        base = cut.base + sum(
            float(cut.replicas[o]) * float(form.upper[o])
            for o in form.options
            if 0 < cut.replicas[o] <= TINY
        )
        right = base + pyo.quicksum(
            float(cut.replicas[o]) * surviving.get((cut.case, o), m.replicas[o])
            for o in form.options
            if cut.replicas[o] > TINY
        )
        if cut.case in m.spend:
            right += cut.spend * m.spend[cut.case]
        if cut.must:
            # Without any replica in it the cut says that no setup serves the case; the search has
            # seen that.
            return pyo.Constraint.Skip if isinstance(right, float) else right >= 0
        return m.value[cut.case] - right <= 0 if cut.case in m.value else pyo.Constraint.Skip

    master.obey_case_cuts = pyo.Constraint(master.CUTS, rule=case_cut_rule)
