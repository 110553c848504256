"""The constraints of the joint program that concern the setup alone: what fits the pools, what is
known not to fit, and the limits on replicas, cost and changes. Equations: models.program.
"""

from typing import Any

import pyomo.environ as pyo

from models.formulation import FleetCost, Formulation, KnobKind, fleet_cost
from models.routing_constraints import part_served

TINY = 1e-9
"""Coefficients below this are left out: HiGHS refuses a row for them."""


def fit_pool(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Capacity rows: per used GPU, or per node; where a pool's nodes are the knob, its GPUs are
    those of so many nodes.
    """
    pools = form.instance.pools
    model.CAPACITY = pyo.Set(initialize=range(len(form.capacity)))

    def fit_pool_setup_rule(m: pyo.ConcreteModel, r: int) -> object:
        row = form.capacity[r]
        terms = [float(row.weight[o]) * m.replicas[o] for o in form.options if row.weight[o] > TINY]
        if not terms:
            return pyo.Constraint.Feasible
        if row.per_node:
            moves = form.goal.moves(KnobKind.NODES, row.pool)
            return pyo.quicksum(terms) <= (m.knob if moves else pools[row.pool].nodes)
        return pyo.quicksum(terms) - m.gpus_used[row.pool] <= 0

    model.fit_pool = pyo.Constraint(model.CAPACITY, rule=fit_pool_setup_rule)
    model.fit_nodes = pyo.Constraint(
        pyo.Set(initialize=[p for p in model.POOLS if form.goal.moves(KnobKind.NODES, p)]),
        rule=lambda m, p: m.gpus_used[p] <= pools[p].gpus_per_node * m.knob,
    )


def rent_beyond_reserved(model: pyo.ConcreteModel, form: Formulation) -> None:
    """In pools with reserved nodes the GPUs in use beyond these are rented. The columns are made
    here, and only where there are such pools: other programs are as they were without them.
    """
    cost = fleet_cost(form.instance)
    if not cost.renting:
        return
    model.RESERVED_POOLS = pyo.Set(initialize=cost.renting)
    model.gpus_rented = pyo.Var(model.RESERVED_POOLS, domain=pyo.NonNegativeReals)
    model.rent_beyond_reserved = pyo.Constraint(
        model.RESERVED_POOLS,
        rule=lambda m, p: m.gpus_used[p] - m.gpus_rented[p] <= float(cost.reserved[p]),
    )


def cost_of_setup(model: pyo.ConcreteModel, cost: FleetCost) -> Any:
    """The cost, or the lean weight, of the GPUs in use."""
    used = pyo.quicksum(float(cost.use[p]) * model.gpus_used[p] for p in model.POOLS)
    if not cost.renting:
        return used + cost.base if cost.base else used
    rented = pyo.quicksum(float(cost.rent[p]) * model.gpus_rented[p] for p in cost.renting)
    return used + rented + cost.base


def pay_starts(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Replicas that start beside those that run, where their GPUs are still there. The columns are
    made here, and only where a start has its price.
    """
    if not form.instance.prices_changes:
        return
    stay = form.instance.replicas_in_place
    model.PAID = pyo.Set(initialize=[o for o in form.options if stay[o] > 0])
    model.start = pyo.Var(model.PAID, domain=pyo.NonNegativeReals)
    model.pay_starts = pyo.Constraint(
        model.PAID, rule=lambda m, o: m.replicas[o] - m.start[o] <= stay[o]
    )


def cost_of_starts(model: pyo.ConcreteModel, form: Formulation) -> Any:
    """USD/h of what starts; of options that do not run every replica does."""
    if not form.instance.prices_changes:
        return 0.0
    stay, price = form.instance.replicas_in_place, form.instance.start_prices
    return pyo.quicksum(
        float(price[o]) * (model.start[o] if stay[o] > 0 else model.replicas[o])
        for o in form.options
        if price[o] > TINY
    )


def respect_setup_no_goods(model: pyo.ConcreteModel, form: Formulation) -> None:
    """reached = 1 whenever a literal's count is reached; not all literals of a no-good may be."""
    present = set(form.options)
    literals = [
        (n, j) for n, no_good in enumerate(form.no_goods) for j in range(len(no_good.counts))
    ]
    model.NO_GOODS = pyo.Set(initialize=range(len(form.no_goods)))
    model.LITERALS = pyo.Set(dimen=2, initialize=literals)
    model.reached = pyo.Var(model.LITERALS, domain=pyo.Binary)
    limited = [n for n, no_good in enumerate(form.no_goods) if no_good.gpus is not None]
    exact = [n for n, no_good in enumerate(form.no_goods) if no_good.replicas is not None]
    model.LIMITED, model.EXACT = pyo.Set(initialize=limited), pyo.Set(initialize=exact)
    model.more_gpus = pyo.Var(model.LIMITED, domain=pyo.Binary)
    model.more_replicas = pyo.Var(model.EXACT, domain=pyo.Binary)

    def reach_setup_literal(m: pyo.ConcreteModel, n: int, j: int) -> object:
        no_good = form.no_goods[n]
        members = [o for o in no_good.members[j] if o in present]
        most = sum(float(form.upper[o]) for o in members)
        if most < no_good.counts[j]:
            return m.reached[n, j] == 0
        below = no_good.counts[j] - 1
        return (
            pyo.quicksum(m.replicas[o] for o in members) <= below + (most - below) * m.reached[n, j]
        )

    model.notice_reached = pyo.Constraint(model.LITERALS, rule=reach_setup_literal)
    model.use_more_gpus = pyo.Constraint(
        model.LIMITED,
        rule=lambda m, n: (
            m.gpus_used[form.no_goods[n].pool]
            >= ((form.no_goods[n].gpus or 0) + 1) * m.more_gpus[n]
        ),
    )
    model.use_more_replicas = pyo.Constraint(
        model.EXACT,
        rule=lambda m, n: (
            pyo.quicksum(m.replicas[o] for o in form.options)
            >= ((form.no_goods[n].replicas or 0) + 1) * m.more_replicas[n]
        ),
    )
    model.respect_no_good = pyo.Constraint(
        model.NO_GOODS,
        rule=lambda m, n: (
            pyo.quicksum(m.reached[n, j] for j in range(len(form.no_goods[n].counts)))
            - (m.more_gpus[n] if n in limited else 0)
            - (m.more_replicas[n] if n in exact else 0)
            <= len(form.no_goods[n].counts) - 1
        ),
    )


def keep_setup_quotas(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Separate limits on the setup: weighted replicas stay below each quota."""
    quotas = form.instance.quotas
    model.QUOTAS = pyo.Set(initialize=range(len(quotas)))

    def keep_setup_quota_rule(m: pyo.ConcreteModel, j: int) -> object:
        terms = [
            quotas[j].weight[o] * m.replicas[o] for o in form.options if quotas[j].weight[o] > 0
        ]
        return (
            pyo.quicksum(terms) <= quotas[j].most * (1 + 1e-9) if terms else pyo.Constraint.Feasible
        )

    model.keep_quota = pyo.Constraint(model.QUOTAS, rule=keep_setup_quota_rule)


def keep_setup_replica_limits(model: pyo.ConcreteModel, form: Formulation) -> None:
    """The replicas of an LLM over all its options stay within its limits."""
    of_llm = {
        i: [model.replicas[o] for o in form.options if form.instance.options[o].llm == i]
        for i in model.LLMS
    }
    llms = form.instance.llms
    model.LLMS_WITH_LEAST = pyo.Set(initialize=[i for i in model.LLMS if llms[i].min_replicas > 0])
    model.LLMS_WITH_MOST = pyo.Set(
        initialize=[i for i in model.LLMS if llms[i].max_replicas is not None and of_llm[i]]
    )

    def keep_setup_least_rule(m: pyo.ConcreteModel, i: int) -> object:
        if not of_llm[i]:
            # No option of it is in the program: a row that nothing satisfies, since a constraint
            # without variables is an error to Pyomo.
            return m.fraction[i] >= 2
        return pyo.quicksum(of_llm[i]) >= llms[i].min_replicas

    model.keep_min_replicas = pyo.Constraint(model.LLMS_WITH_LEAST, rule=keep_setup_least_rule)
    model.keep_max_replicas = pyo.Constraint(
        model.LLMS_WITH_MOST,
        rule=lambda m, i: (
            pyo.quicksum(of_llm[i])
            <= (m.knob if form.goal.moves(KnobKind.MOST, i) else llms[i].max_replicas)
        ),
    )
    knob = form.goal.knob
    if knob is not None and knob.kind == KnobKind.LEAST:
        model.reach_least_replicas = pyo.Constraint(
            expr=pyo.quicksum(of_llm[knob.of]) - model.knob >= 0
        )


def reach_min_utilization(model: pyo.ConcreteModel, form: Formulation) -> None:
    """The paper's retained-setup floor on sum(tp * share * replicas) / all GPUs."""
    floor: Any = form.instance.min_utilization * form.instance.gpus
    knob = form.goal.knob
    if knob is not None and knob.kind == KnobKind.UTILIZATION:
        floor = form.instance.gpus * model.knob
    elif knob is not None and knob.kind == KnobKind.NODES and form.instance.min_utilization > 0:
        pool = form.instance.pools[knob.of or 0]
        gpus = form.instance.gpus - pool.gpus + pool.gpus_per_node * model.knob
        floor = form.instance.min_utilization * gpus
    if not (isinstance(floor, float) and floor <= 0):
        options = form.instance.options
        used = pyo.quicksum(
            options[o].tp_degree * options[o].mps_share * model.replicas[o] for o in form.options
        )
        model.reach_min_utilization = pyo.Constraint(expr=used >= floor * (1 - 1e-9))


def keep_setup_objectives(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Limits that earlier decisions set: quality (0..1 scale), cost (USD/h), GPUs in all."""
    if form.goal.quality_at_least is not None:
        model.keep_quality = pyo.Constraint(
            expr=model.quality >= form.goal.quality_at_least * part_served(model, form)
        )
    cost = cost_of_setup(model, fleet_cost(form.instance)) + cost_of_starts(model, form)
    if form.goal.cost_at_most is not None:
        model.keep_cost = pyo.Constraint(expr=cost <= form.goal.cost_at_most)
    if form.goal.cost_at_least is not None:
        model.reach_cost = pyo.Constraint(expr=cost >= form.goal.cost_at_least)
    if form.goal.gpus_in_all is not None:
        model.keep_gpus = pyo.Constraint(
            expr=pyo.quicksum(model.gpus_used[p] for p in model.POOLS) <= form.goal.gpus_in_all
        )


def keep_changes(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Few replicas start or stop against a setup that runs: what is left out of the program stops
    whole.
    """
    limit = form.changes
    if limit is None:
        return
    running = limit.replicas
    model.RUNNING = pyo.Set(initialize=[o for o in form.options if running[o] > 0])
    model.changed = pyo.Var(model.RUNNING, domain=pyo.NonNegativeReals)
    model.count_started = pyo.Constraint(
        model.RUNNING, rule=lambda m, o: m.replicas[o] - running[o] <= m.changed[o]
    )
    model.count_stopped = pyo.Constraint(
        model.RUNNING, rule=lambda m, o: running[o] - m.replicas[o] <= m.changed[o]
    )
    left_out = sum(running) - sum(running[o] for o in model.RUNNING)
    news = pyo.quicksum(model.replicas[o] for o in form.options if running[o] == 0)
    changed = news + pyo.quicksum(model.changed[o] for o in model.RUNNING)
    model.keep_changes = pyo.Constraint(expr=changed <= limit.most - left_out)
