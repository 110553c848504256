"""The joint mixed-integer program in Pyomo.

    sets        LLMS i; OPTIONS o = (LLM, pool, tp degree, share); ARMS (o, a) intervals of rates of
                one replica; POINTS (o, a, k) vertices of the convex under-estimate of an arm's
                budgets; POOLS p; SLOS s over all requests; CUTS c
    variables   replicas[o] whole; weight[o,a,k] >= 0: replicas of o that run at point k;
                fraction[i]; quality (0..1 scale); gpus_used[p] whole; arm_replicas[o,a],
                arm_chosen[o,a] only where an option has several arms
    maximise    quality            (or minimise the cost, or the number, of used GPUs)

    obey_quality_cuts[c]        quality <= base_c + sum_i price_ci fraction_i
                                score, 0..1
    serve_every_request         sum_i fraction_i = 1
    serve_llm_fraction[i]       sum_{o of i} sum_k rate_k weight_k = demand * fraction_i
                                unit req/s
    stay_within_latency_budget[s]  sum_o sum_k budget_sk weight_k <= demand
                                   see models.latency
    run_replicas_at_points[o,a] sum_k weight_oak = replicas_o (or arm_replicas_oa)
    replicas
    share_replicas_among_arms[o] sum_a arm_replicas_oa = replicas_o
    replicas
    use_chosen_arm[o,a]         arm_replicas_oa <= most_o * arm_chosen_oa
    run_in_one_arm[o]           sum_a arm_chosen_oa <= 1
    fit_pool[r]                 capacity rows of models.capacity
                                GPUs
    notice_reached[n,j]         sum_{o of literal j} replicas_o < count_nj unless reached_nj
                                replicas
    use_more_gpus[n]            gpus_used_p > gpus_n where more_gpus_n (no-goods that hold on few
                                GPUs only)
    use_more_replicas[n]        sum_o replicas_o > replicas_n where more_replicas_n (no-goods that
                                hold of few replicas only)
    respect_no_good[n]          not all literals of a no-good are reached, unless more GPUs or
                                replicas are used
    keep_quota[j]               sum_o weight_jo replicas_o <= most_j
                                baselines only
    count_started[o], count_stopped[o]  |replicas_o - running_o| <= changed_o
                                        replicas, of a setup that runs
    keep_changes                sum_o changed_o + sum_{o new} replicas_o <= changes
                                replicas
    keep_min_replicas[i], keep_max_replicas[i], reach_min_utilization, keep_quality, keep_cost,
    reach_cost, keep_gpus

The weights of one option need not be adjacent: arms are convex, so spreading never lowers a budget.
"""

from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csr_matrix

from models.formulation import Formulation, GoalKind, lean_weights, pool_prices
from models.linear import LinearProgram


@dataclass(frozen=True)
class CompiledProgram:
    """The program as arrays, with the columns of what is read back.

    Maps go from option (or (option, arm)) to column.

    points: (option, arm) -> columns of the weights, and their rates in req/s.
    """

    linear: LinearProgram
    replicas: dict[int, int]
    arm_replicas: dict[tuple[int, int], int]
    points: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]
    fractions: tuple[int, ...]
    quality: int
    gpus_used: tuple[int, ...]


def build(formulation: Formulation) -> pyo.ConcreteModel:
    """The Pyomo model; it is not solved here."""
    model = pyo.ConcreteModel("joint plan")
    _sets(model, formulation)
    _variables(model, formulation)
    _objective(model, formulation)
    obey_quality_cuts(model, formulation)
    serve_requests(model, formulation)
    stay_within_latency_budget(model, formulation)
    run_replicas_at_points(model, formulation)
    run_in_one_arm(model, formulation)
    fit_pool(model, formulation)
    respect_no_goods(model, formulation)
    keep_quotas(model, formulation)
    keep_replica_limits(model, formulation)
    reach_min_utilization(model, formulation)
    keep_objectives(model, formulation)
    keep_changes(model, formulation)
    return model


def _sets(model: pyo.ConcreteModel, form: Formulation) -> None:
    model.LLMS = pyo.Set(initialize=range(len(form.instance.llms)))
    model.POOLS = pyo.Set(initialize=range(len(form.instance.pools)))
    model.OPTIONS = pyo.Set(initialize=form.options)
    model.ARMS = pyo.Set(
        dimen=2, initialize=[(o, a) for o in form.options for a in range(len(form.arms[o]))]
    )
    vertices = {(o, a): form.arms[o][a].points() for o, a in model.ARMS}
    points = [(o, a, k) for (o, a), (rates, _) in vertices.items() for k in range(rates.size)]
    model.POINTS = pyo.Set(dimen=3, initialize=points)
    model.SLOS = pyo.Set(initialize=range(len(form.shared_slos)))
    model.vertices = vertices


def _variables(model: pyo.ConcreteModel, form: Formulation) -> None:
    model.fraction = pyo.Var(model.LLMS, bounds=(0, 1))
    model.quality = pyo.Var(bounds=(None, 2))
    model.replicas = pyo.Var(
        model.OPTIONS, domain=pyo.NonNegativeIntegers, bounds=lambda _, o: (0, float(form.upper[o]))
    )
    model.weight = pyo.Var(model.POINTS, domain=pyo.NonNegativeReals)
    most = form.goal.gpus_at_most or tuple(pool.gpus for pool in form.instance.pools)
    model.gpus_used = pyo.Var(
        model.POOLS, domain=pyo.NonNegativeIntegers, bounds=lambda _, p: (0, most[p])
    )


def _objective(model: pyo.ConcreteModel, form: Formulation) -> None:
    if form.goal.of == GoalKind.QUALITY:
        model.objective = pyo.Objective(expr=-model.quality)
        return
    price = (
        pool_prices(form.instance) if form.goal.of == GoalKind.COST else lean_weights(form.instance)
    )
    model.objective = pyo.Objective(
        expr=pyo.quicksum(float(price[p]) * model.gpus_used[p] for p in model.POOLS)
    )


def obey_quality_cuts(model: pyo.ConcreteModel, form: Formulation) -> None:
    """quality <= base_c + price_c . fraction, one row a cut."""
    model.CUTS = pyo.Set(initialize=range(form.cut_base.size))
    base, price = form.cut_base.tolist(), form.cut_prices.tolist()
    model.obey_quality_cuts = pyo.Constraint(
        model.CUTS,
        rule=lambda m, c: (
            m.quality - pyo.quicksum(price[c][i] * m.fraction[i] for i in m.LLMS) <= base[c]
        ),
    )


def serve_requests(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Every request is routed, and every LLM's options carry exactly its fraction."""
    model.serve_every_request = pyo.Constraint(
        expr=pyo.quicksum(model.fraction[i] for i in model.LLMS) == 1
    )
    carried: dict[int, list[object]] = {i: [] for i in model.LLMS}
    for (o, a), (rates, _) in model.vertices.items():
        llm = form.instance.options[o].llm
        carried[llm] += [
            rate / form.unit * model.weight[o, a, k]
            for k, rate in enumerate(rates.tolist())
            if rate > 0
        ]
    model.serve_llm_fraction = pyo.Constraint(
        model.LLMS, rule=lambda m, i: pyo.quicksum(carried[i]) - form.demand * m.fraction[i] == 0
    )


def stay_within_latency_budget(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Requests in flight (or late requests) of all options stay within the SLO's allowance."""
    scale = form.budget_scale
    spent: dict[int, list[object]] = {s: [] for s in model.SLOS}
    for (o, a), (_, budgets) in model.vertices.items():
        for s in model.SLOS:
            terms = (budgets[s] / scale[s]).tolist()
            spent[s] += [b * model.weight[o, a, k] for k, b in enumerate(terms) if abs(b) > 1e-9]
    model.stay_within_latency_budget = pyo.Constraint(
        model.SLOS,
        rule=lambda m, s: (
            pyo.quicksum(spent[s]) <= form.demand if spent[s] else pyo.Constraint.Feasible
        ),
    )


def run_replicas_at_points(model: pyo.ConcreteModel, form: Formulation) -> None:
    """The weights of an arm sum to its replicas; an option with one arm needs no arm variable."""
    several = [(o, a) for o, a in model.ARMS if len(form.arms[o]) > 1]
    model.SPLIT_ARMS = pyo.Set(dimen=2, initialize=several)
    model.arm_replicas = pyo.Var(
        model.SPLIT_ARMS,
        domain=lambda _, o, a: (
            pyo.NonNegativeIntegers if form.upper[o] <= 1 else pyo.NonNegativeReals
        ),
        bounds=lambda _, o, a: (0, float(form.upper[o])),
    )

    def rule(m: pyo.ConcreteModel, o: int, a: int) -> object:
        total = m.arm_replicas[o, a] if (o, a) in m.SPLIT_ARMS else m.replicas[o]
        return pyo.quicksum(m.weight[o, a, k] for k in range(m.vertices[o, a][0].size)) == total

    model.run_replicas_at_points = pyo.Constraint(model.ARMS, rule=rule)


def run_in_one_arm(model: pyo.ConcreteModel, form: Formulation) -> None:
    """All replicas of an option run at one rate, hence in one arm."""
    split = [o for o in form.options if len(form.arms[o]) > 1]
    many = [(o, a) for o in split if form.upper[o] > 1 for a in range(len(form.arms[o]))]
    model.SPLIT_OPTIONS = pyo.Set(initialize=split)
    model.CHOSEN_ARMS = pyo.Set(dimen=2, initialize=many)
    model.arm_chosen = pyo.Var(model.CHOSEN_ARMS, domain=pyo.Binary)
    model.share_replicas_among_arms = pyo.Constraint(
        model.SPLIT_OPTIONS,
        rule=lambda m, o: (
            pyo.quicksum(m.arm_replicas[o, a] for a in range(len(form.arms[o]))) == m.replicas[o]
        ),
    )
    model.use_chosen_arm = pyo.Constraint(
        model.CHOSEN_ARMS,
        rule=lambda m, o, a: m.arm_replicas[o, a] <= float(form.upper[o]) * m.arm_chosen[o, a],
    )
    model.run_in_one_arm = pyo.Constraint(
        model.SPLIT_OPTIONS,
        rule=lambda m, o: (
            pyo.quicksum(m.arm_chosen[o, a] for a in range(len(form.arms[o]))) <= 1
            if form.upper[o] > 1
            else pyo.Constraint.Feasible
        ),
    )


def fit_pool(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Capacity rows: per used GPU, or per node."""
    model.CAPACITY = pyo.Set(initialize=range(len(form.capacity)))

    def rule(m: pyo.ConcreteModel, r: int) -> object:
        row = form.capacity[r]
        terms = [float(row.weight[o]) * m.replicas[o] for o in form.options if row.weight[o] > 1e-9]
        if not terms:
            return pyo.Constraint.Feasible
        if row.per_node:
            return pyo.quicksum(terms) <= form.instance.pools[row.pool].nodes
        return pyo.quicksum(terms) - m.gpus_used[row.pool] <= 0

    model.fit_pool = pyo.Constraint(model.CAPACITY, rule=rule)


def respect_no_goods(model: pyo.ConcreteModel, form: Formulation) -> None:
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

    def reach(m: pyo.ConcreteModel, n: int, j: int) -> object:
        no_good = form.no_goods[n]
        members = [o for o in no_good.members[j] if o in present]
        most = sum(float(form.upper[o]) for o in members)
        if most < no_good.counts[j]:
            return m.reached[n, j] == 0
        below = no_good.counts[j] - 1
        return (
            pyo.quicksum(m.replicas[o] for o in members) <= below + (most - below) * m.reached[n, j]
        )

    model.notice_reached = pyo.Constraint(model.LITERALS, rule=reach)
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


def keep_quotas(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Limits of their own on the setup: weighted replicas stay below each quota."""
    quotas = form.instance.quotas
    model.QUOTAS = pyo.Set(initialize=range(len(quotas)))

    def rule(m: pyo.ConcreteModel, j: int) -> object:
        terms = [
            quotas[j].weight[o] * m.replicas[o] for o in form.options if quotas[j].weight[o] > 0
        ]
        return (
            pyo.quicksum(terms) <= quotas[j].most * (1 + 1e-9) if terms else pyo.Constraint.Feasible
        )

    model.keep_quota = pyo.Constraint(model.QUOTAS, rule=rule)


def keep_replica_limits(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Replicas of an LLM over all its options."""
    of_llm = {
        i: [model.replicas[o] for o in form.options if form.instance.options[o].llm == i]
        for i in model.LLMS
    }
    model.keep_min_replicas = pyo.ConstraintList()
    model.keep_max_replicas = pyo.ConstraintList()
    for i, llm in enumerate(form.instance.llms):
        if llm.min_replicas > 0 and not of_llm[i]:
            model.keep_min_replicas.add(model.quality * 0 + model.fraction[i] >= 2)
        elif llm.min_replicas > 0:
            model.keep_min_replicas.add(pyo.quicksum(of_llm[i]) >= llm.min_replicas)
        if llm.max_replicas is not None and of_llm[i]:
            model.keep_max_replicas.add(pyo.quicksum(of_llm[i]) <= llm.max_replicas)


def reach_min_utilization(model: pyo.ConcreteModel, form: Formulation) -> None:
    """The paper's retained-setup floor on sum(tp * share * replicas) / all GPUs."""
    floor = form.instance.min_utilization * form.instance.gpus
    if floor > 0:
        options = form.instance.options
        used = pyo.quicksum(
            options[o].tp_degree * options[o].mps_share * model.replicas[o] for o in form.options
        )
        model.reach_min_utilization = pyo.Constraint(expr=used >= floor * (1 - 1e-9))


def keep_objectives(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Limits that earlier decisions set: quality (0..1 scale), cost (USD/h), GPUs in all."""
    if form.goal.quality_at_least is not None:
        model.keep_quality = pyo.Constraint(expr=model.quality >= form.goal.quality_at_least)
    price = pool_prices(form.instance)
    cost = pyo.quicksum(float(price[p]) * model.gpus_used[p] for p in model.POOLS)
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
    if form.goal.changes is None:
        return
    running = form.goal.changes.replicas
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
    model.keep_changes = pyo.Constraint(expr=changed <= form.goal.changes.most - left_out)


def compile_program(
    model: pyo.ConcreteModel, form: Formulation, *, named: bool = False
) -> CompiledProgram:
    """From Pyomo to arrays; named: with the names of rows and columns, for a reader."""
    info = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
    column = {id(var): j for j, var in enumerate(info.columns)}
    bound = np.array([row.bound_type for row in info.rows], dtype=int)
    right = np.asarray(info.rhs, dtype=float)
    lower = np.where(bound <= 0, right, -np.inf)
    upper = np.where(bound >= 0, right, np.inf)
    low = np.array([-np.inf if v.lb is None else v.lb for v in info.columns], dtype=float)
    high = np.array([np.inf if v.ub is None else v.ub for v in info.columns], dtype=float)
    integer = np.array([v.is_integer() for v in info.columns], dtype=bool)
    cost = np.asarray(info.c.todense(), dtype=float).ravel()
    linear = LinearProgram(
        cost,
        csr_matrix(info.A),
        lower,
        upper,
        low,
        high,
        integer,
        float(info.c_offset[0]),
        [str(row.constraint.name) for row in info.rows],
    )

    def at(var: object) -> int:
        return column.get(id(var), -1)

    points = {}
    for (o, a), (rates, _) in model.vertices.items():
        points[o, a] = (np.array([at(model.weight[o, a, k]) for k in range(rates.size)]), rates)
    return CompiledProgram(
        linear,
        {o: at(model.replicas[o]) for o in form.options},
        {(o, a): at(model.arm_replicas[o, a]) for o, a in model.SPLIT_ARMS},
        points,
        tuple(at(model.fraction[i]) for i in model.LLMS),
        at(model.quality),
        tuple(at(model.gpus_used[p]) for p in model.POOLS),
    )
