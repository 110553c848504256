"""The master program: whole setups, each serving its cases, each case known by its cuts.

    variables   replicas[o] whole, gpus_used[p] whole     of every setup (a block of its own)
                start[s,o] >= 0                           where starts cost
                value[t]: weighted quality of a case's cells, score units
                spend[t] >= 0: USD/h outside

    maximise    sum_t value_t, or minimise the cost

    rows of a setup                  models.setup_constraints                     models.program
    obey_case_cuts[k]                value_t <= base_k + replicas_k . replicas + spend_k spend_t
                                     0 <= the same, of cuts that a setup must obey
    keep_mean_floor                  sum_t value_t >= floor, or least_value       a cost objective
    keep_cost                        cost <= cost_at_most, or most_cost           a budget
    count_starts[s,o]                start_so >= replicas_so - replicas_o of the setup before s, or
                                     of what runs before the only one
    bar_setups[b]                    not all setups of a plan that is known       model.barred
    spread_over_nodes[o]             V_p most_on_node_o >= replicas_o             with `spread`

    cost = sum_s (part of the hours of s) cost of its GPUs (models.formulation.FleetCost)
           + sum_t h_t / H spend_t + sum_so tp_o start_usd / H start_so

Whole numbers of replicas are decided here, everything else case by case (Benders, Numerische
Mathematik 4, 1962): any cut holds for every setup, so the master's optimum bounds every plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo

from models.compiled_program import compile_arrays
from models.demand.case_cut import CaseCut
from models.demand.demand_model import DemandModel, case_share
from models.formulation import Formulation, Goal, GoalKind, fleet_cost, formulation_lean_cost
from models.linear import LinearProgram
from models.setup_constraints import (
    cost_of_setup,
    fit_pool,
    keep_changes,
    keep_setup_quotas,
    keep_setup_replica_limits,
    reach_min_utilization,
    rent_beyond_reserved,
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
    """The program as arrays; positions of its columns, -1 where they are in no row. replicas (S,
    O), gpus_used (S, P); values, spends: by case. setup: (C,) that a column is of, -1 where it is
    of none.
    """

    linear: LinearProgram
    replicas: np.ndarray
    gpus_used: np.ndarray
    values: dict[int, int]
    spends: dict[int, int]
    setup: np.ndarray


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
    that a loss does not break. near: (S, O) replicas, not whole, that are only rounded.
    """
    form = _master_formulation(model)
    master = pyo.ConcreteModel("master over cases")
    instance, setups = model.demand.instance, range(len(model.demand.setups))
    master.setup = pyo.Block(setups)
    for s in setups:
        _add_setup(master.setup[s], form, None if near is None else near[s])
    cases = range(len(model.demand.cases))
    counted = [t for t in cases if model.weights[:, t].sum() > 0]
    master.value = pyo.Var(counted, bounds=lambda _, t: (None, _most_value(model, t)))
    sends = [t for t in cases if model.demand.outside and any(model.demand.cases[t].rates)]
    master.spend = pyo.Var(sends, domain=pyo.NonNegativeReals)
    for s in setups:
        rent_beyond_reserved(master.setup[s], form)
    if model.prices_starts:
        _add_starts(master, form, setups, model.instance.replicas_in_place)
    _add_master_goal(master, model, of, least_value, most_cost)
    _bar_setups(master, model)
    for s in setups:
        block, own = master.setup[s], model.demand.setups[s]
        fit_pool(block, form)
        respect_setup_no_goods(block, form)
        keep_setup_quotas(block, form)
        goal = replace(form.goal, changes=model.limit_of_setup(s))
        keep_changes(block, replace(form, goal=goal))
        keep_setup_replica_limits(block, form)
        reach_min_utilization(block, form)
        left = _surviving(block, model, own) if spread else {}
        _add_case_cuts(master, block, form, [cut for cut in cuts if cut.case in own], left)
    linear, info = compile_arrays(master)
    column = {id(var): j for j, var in enumerate(info.columns)}

    def at(var: object) -> int:
        return column.get(id(var), -1)

    replicas = np.full((len(setups), len(instance.options)), -1)
    for s in setups:
        for o in form.options:
            replicas[s, o] = at(master.setup[s].replicas[o])
    pools = range(len(instance.pools))
    values = {t: at(master.value[t]) for t in counted}
    spends = {t: at(master.spend[t]) for t in sends}
    setup = np.full(len(info.columns), -1)
    for s in setups:
        own_columns = [at(v) for v in master.setup[s].component_data_objects(pyo.Var)]
        of_cases = [
            held[t] for held in (values, spends) for t in model.demand.setups[s] if t in held
        ]
        setup[[j for j in (*own_columns, *of_cases) if j >= 0]] = s
    return MasterProgram(
        linear=linear,
        replicas=replicas,
        gpus_used=np.array([[at(master.setup[s].gpus_used[p]) for p in pools] for s in setups]),
        values=values,
        spends=spends,
        setup=setup,
    )


def _add_setup(block: Any, form: Formulation, near: np.ndarray | None) -> None:
    """Variables of one setup. near: (O,) replicas that are only rounded."""
    pools = form.instance.pools
    block.LLMS = pyo.Set(initialize=range(len(form.instance.llms)))
    block.POOLS = pyo.Set(initialize=range(len(pools)))
    block.fraction = pyo.Var(block.LLMS, bounds=(0, 1))
    block.replicas = pyo.Var(
        list(form.options),
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, o: (
            (0, float(form.upper[o]))
            if near is None
            else (float(np.floor(near[o] + WHOLE)), float(np.ceil(near[o] - WHOLE)))
        ),
    )
    block.gpus_used = pyo.Var(
        block.POOLS, domain=pyo.NonNegativeIntegers, bounds=lambda _, p: (0, pools[p].gpus)
    )


def _add_starts(
    master: pyo.ConcreteModel, form: Formulation, setups: Sequence[int], runs: Sequence[int]
) -> None:
    """Replicas that every setup starts after the one before it; the first follows the last, one
    alone what runs.
    """

    def before(m: pyo.ConcreteModel, s: int, o: int) -> Any:
        return runs[o] if len(setups) == 1 else m.setup[setups[s - 1]].replicas[o]

    master.start = pyo.Var(
        setups, list(form.options), bounds=lambda _, s, o: (0, float(form.upper[o]))
    )
    master.count_starts = pyo.Constraint(
        setups,
        list(form.options),
        rule=lambda m, s, o: m.start[s, o] >= m.setup[s].replicas[o] - before(m, s, o),
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
    value = pyo.quicksum(master.value.values())
    spent = pyo.quicksum(
        demand.cases[t].hours / demand.hours * master.spend[t] for t in master.spend
    )
    parts, fleet = demand.setup_parts(), fleet_cost(demand.instance)
    blocks = [(s, master.setup[s]) for s in master.setup]
    cost = pyo.quicksum(float(parts[s]) * cost_of_setup(one, fleet) for s, one in blocks) + spent
    if model.prices_starts:
        dear = model.start_prices()
        cost += pyo.quicksum(float(dear[o]) * start for (_, o), start in master.start.items())
    lean = formulation_lean_cost(demand.instance)
    gpus = pyo.quicksum(cost_of_setup(one, lean) for _, one in blocks)
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


def _surviving(block: Any, model: DemandModel, own: Sequence[int]) -> Surviving:
    """(n_o - k_p most_o) / K_o of a setup's cases with lost nodes, where most_o >= n_o / V_p is
    whole.
    """
    instance, cases = model.instance, model.demand.cases
    pools = {p for t in own for p, lost in enumerate(cases[t].lost_nodes) if lost}
    hit = [o for o in model.options if instance.options[o].pool in pools]
    block.SPREAD = pyo.Set(initialize=hit)
    block.most_on_node = pyo.Var(block.SPREAD, domain=pyo.NonNegativeIntegers)
    block.spread_over_nodes = pyo.Constraint(
        block.SPREAD,
        rule=lambda m, o: (
            instance.pools[instance.options[o].pool].nodes * m.most_on_node[o] >= m.replicas[o]
        ),
    )
    left: dict[tuple[int, int], Any] = {}
    for t in own:
        share = case_share(model.demand, t)
        for o in hit:
            lost = cases[t].lost_nodes[instance.options[o].pool]
            if lost and share[o] > 0:
                least = block.replicas[o] - lost * block.most_on_node[o]
                left[t, o] = least / float(share[o])
    return left


def _bar_setups(master: pyo.ConcreteModel, model: DemandModel) -> None:
    """Not all setups of a plan again: some option has fewer replicas in one, or some setup more in
    all.
    """
    barred, setups = model.barred, range(len(model.demand.setups))
    literals = [
        (b, s, int(o))
        for b, replicas in enumerate(barred)
        for s in setups
        for o in np.flatnonzero(replicas[s] > 0)
    ]
    totals = [(b, s) for b in range(len(barred)) for s in setups]
    master.reached = pyo.Var(literals, domain=pyo.Binary)
    master.more = pyo.Var(totals, domain=pyo.Binary)

    def notice_reached_rule(m: pyo.ConcreteModel, b: int, s: int, o: int) -> object:
        below = int(barred[b][s, o]) - 1
        most = float(model.upper[o])
        return m.setup[s].replicas[o] <= below + (most - below) * m.reached[b, s, o]

    def notice_more_rule(m: pyo.ConcreteModel, b: int, s: int) -> object:
        held = pyo.quicksum(m.setup[s].replicas.values())
        return held >= (int(barred[b][s].sum()) + 1) * m.more[b, s]

    master.notice_reached = pyo.Constraint(literals, rule=notice_reached_rule)
    master.use_more_replicas = pyo.Constraint(totals, rule=notice_more_rule)
    master.bar_setups = pyo.Constraint(
        range(len(barred)),
        rule=lambda m, b: (
            pyo.quicksum(m.reached[key] for key in literals if key[0] == b)
            - pyo.quicksum(m.more[b, s] for s in setups)
            <= sum(key[0] == b for key in literals) - 1
        ),
    )


def _add_case_cuts(
    master: pyo.ConcreteModel,
    block: Any,
    form: Formulation,
    cuts: Sequence[CaseCut],
    surviving: Surviving,
) -> None:
    """One row a cut, over the replicas of one setup."""
    block.CUTS = pyo.Set(initialize=range(len(cuts)))

    def case_cut_rule(b: Any, k: int) -> object:
        cut = cuts[k]
        # A coefficient that is left out counts at its most in the base, so that the cut holds.
        base = cut.base + sum(
            float(cut.replicas[o]) * float(form.upper[o])
            for o in form.options
            if 0 < cut.replicas[o] <= TINY
        )
        right = base + pyo.quicksum(
            float(cut.replicas[o]) * surviving.get((cut.case, o), b.replicas[o])
            for o in form.options
            if cut.replicas[o] > TINY
        )
        if cut.case in master.spend:
            right += cut.spend * master.spend[cut.case]
        if cut.must:
            # Without any replica in it the cut says that no setup serves the case; the search has
            # seen that.
            return pyo.Constraint.Skip if isinstance(right, float) else right >= 0
        if cut.case not in master.value:
            return pyo.Constraint.Skip
        return master.value[cut.case] - right <= 0

    block.obey_case_cuts = pyo.Constraint(block.CUTS, rule=case_cut_rule)
