"""The joint mixed-integer program in Pyomo. `build_program` makes it, and does not solve it.

    sets         LLMS i; OPTIONS o = (LLM, pool, tp degree, share); ARMS (o, a) intervals of rates
                 of one replica; POINTS (o, a, k) vertices of the convex under-estimate of an arm's
                 budgets; POOLS p; SLOS s over all requests; CUTS c

    variables    replicas[o] whole; weight[o,a,k] >= 0: replicas of o that run at point k
                 fraction[i] 0..1; quality, 0..1 scale; gpus_used[p] whole
                 gpus_rented[p] >= 0: pools with reserved nodes
                 arm_replicas[o,a], arm_chosen[o,a] binary: options with several arms
                 reached[n,j], more_gpus[n], more_replicas[n] binary: no-goods
                 changed[o]: with a setup that runs, and a limit of changes
                 start[o] >= 0: with a setup that runs, and a price of changes
                 open[i] 0..1: whether LLM i has a replica, with opening cuts
                 knob: a number of the scenario that moves (formulation.Knob)

    maximise     quality             (or minimise the cost, or the lean weight, of used GPUs, or
                                     what is moved of a knob: it then stands in its rows)

    routing (models.routing_constraints)                                               unit

    obey_quality_cuts[c]             quality <= base_c + sum_i price_ci fraction_i     score, 0..1
    obey_opening_cuts[c]             quality <= base_c + sum_i price_ci fraction_i
                                       + sum_i gain_ci open_i (models.openings)        score, 0..1
    open_with_replicas[i]            open_i <= sum_{o of i} replicas_o                 LLMs
    route_to_open[i]                 fraction_i <= open_i                              share
    open_while_served[i]             open_i <= knob (the rate)                         share
    serve_every_request              sum_i fraction_i = 1                              share
    serve_llm_fraction[i]            sum_{o of i} sum_a sum_k rate_oak weight_oak
                                       = demand * fraction_i                           req/s
    stay_within_latency_budget[s]    sum_o sum_a sum_k budget_soak weight_oak
                                       <= demand (models.latency)                      req/s

    replicas at their rates (models.routing_constraints)

    run_replicas_at_points[o,a]      sum_k weight_oak = replicas_o, or arm_replicas_oa replicas
    share_replicas_among_arms[o]     sum_a arm_replicas_oa = replicas_o                replicas
    use_chosen_arm[o,a]              arm_replicas_oa <= most_o * arm_chosen_oa         replicas
    run_in_one_arm[o]                sum_a arm_chosen_oa <= 1                          arms

    setup (models.setup_constraints)

    fit_pool[r]                      sum_o weight_ro replicas_o <= gpus_used_p,
                                       or <= nodes_p (models.capacity)                 GPUs, nodes
    rent_beyond_reserved[p]          gpus_used_p - reserved_p <= gpus_rented_p         GPUs
    fit_nodes[p]                     gpus_used_p <= gpus_per_node_p knob               GPUs
    notice_reached[n,j]              sum_{o of literal j} replicas_o < count_nj
                                       unless reached_nj                               replicas
    use_more_gpus[n]                 gpus_used_p > gpus_n where more_gpus_n            GPUs
    use_more_replicas[n]             sum_o replicas_o > replicas_n
                                       where more_replicas_n                           replicas
    respect_no_good[n]               not all reached_nj, unless more_gpus_n or
                                       more_replicas_n                                 literals
    keep_quota[j]                    sum_o weight_jo replicas_o <= most_j (baselines)  as most_j
    keep_min_replicas[i]             sum_{o of i} replicas_o >= min_i                  replicas
    keep_max_replicas[i]             sum_{o of i} replicas_o <= max_i                  replicas
    reach_least_replicas             sum_{o of i} replicas_o >= knob                   replicas
    reach_min_utilization            sum_o tp_o share_o replicas_o >= floor * GPUs     GPUs

    limits of earlier decisions and of a running setup (models.setup_constraints)

    keep_quality                     quality >= quality_at_least                       score, 0..1
    keep_cost, reach_cost            cost_at_least <= cost <= cost_at_most; cost =
                                       base + sum_p price_p gpus_used_p, of reserved
                                       pools price_p gpus_rented_p, of owned 0,
                                       + sum_{o running} dear_o start_o
                                       + sum_{o new} dear_o replicas_o                 USD/h
    keep_gpus                        sum_p gpus_used_p <= gpus_in_all                  GPUs
    pay_starts[o]                    replicas_o - start_o <= running_o                 replicas
    count_started[o]                 replicas_o - running_o <= changed_o               replicas
    count_stopped[o]                 running_o - replicas_o <= changed_o               replicas
    keep_changes                     sum_o changed_o + sum_{o new} replicas_o <= most  replicas

The weights of one option need not be adjacent: arms are convex, so spreading never lowers a budget.
"""

import pyomo.environ as pyo

from models.formulation import Formulation, GoalKind, fleet_cost, formulation_lean_cost
from models.routing_constraints import (
    obey_opening_cuts,
    obey_quality_cuts,
    run_in_one_arm,
    run_replicas_at_points,
    serve_requests,
    stay_within_latency_budget,
)
from models.setup_constraints import (
    cost_of_setup,
    cost_of_starts,
    fit_pool,
    keep_changes,
    keep_setup_objectives,
    keep_setup_quotas,
    keep_setup_replica_limits,
    pay_starts,
    reach_min_utilization,
    rent_beyond_reserved,
    respect_setup_no_goods,
)


def build_program(formulation: Formulation) -> pyo.ConcreteModel:
    """The Pyomo model of a formulation, its constraints in the order of this file's docstring.

    Rows and columns come in a fixed order: two builds of one formulation are identical, and HiGHS
    takes the same path.
    """
    model = pyo.ConcreteModel("joint plan")
    _program_sets(model, formulation)
    _program_variables(model, formulation)
    rent_beyond_reserved(model, formulation)
    pay_starts(model, formulation)
    _program_objective(model, formulation)
    obey_quality_cuts(model, formulation)
    obey_opening_cuts(model, formulation)
    serve_requests(model, formulation)
    stay_within_latency_budget(model, formulation)
    run_replicas_at_points(model, formulation)
    run_in_one_arm(model, formulation)
    fit_pool(model, formulation)
    respect_setup_no_goods(model, formulation)
    keep_setup_quotas(model, formulation)
    keep_setup_replica_limits(model, formulation)
    reach_min_utilization(model, formulation)
    keep_setup_objectives(model, formulation)
    keep_changes(model, formulation)
    return model


def _program_sets(model: pyo.ConcreteModel, form: Formulation) -> None:
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


def _program_variables(model: pyo.ConcreteModel, form: Formulation) -> None:
    model.fraction = pyo.Var(model.LLMS, bounds=(0, 1))
    model.quality = pyo.Var(bounds=(None, 2))
    model.replicas = pyo.Var(
        model.OPTIONS, domain=pyo.NonNegativeIntegers, bounds=lambda _, o: (0, float(form.upper[o]))
    )
    model.weight = pyo.Var(model.POINTS, domain=pyo.NonNegativeReals)
    knob = form.goal.knob
    if knob is not None:
        domain = pyo.NonNegativeIntegers if knob.whole else pyo.NonNegativeReals
        model.knob = pyo.Var(domain=domain, bounds=(knob.low, knob.high))
    most = form.goal.gpus_at_most or tuple(pool.gpus for pool in form.instance.pools)
    model.gpus_used = pyo.Var(
        model.POOLS, domain=pyo.NonNegativeIntegers, bounds=lambda _, p: (0, most[p])
    )


def _program_objective(model: pyo.ConcreteModel, form: Formulation) -> None:
    if form.goal.of == GoalKind.QUALITY:
        model.objective = pyo.Objective(expr=-model.quality)
        return
    knob = form.goal.knob
    if knob is not None:
        model.objective = pyo.Objective(expr=-model.knob if knob.maximised else model.knob)
        return
    if form.goal.of == GoalKind.COST:
        cost = cost_of_setup(model, fleet_cost(form.instance)) + cost_of_starts(model, form)
    else:
        cost = cost_of_setup(model, formulation_lean_cost(form.instance))
    model.objective = pyo.Objective(expr=cost)
