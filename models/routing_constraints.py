"""The constraints of the joint program that route requests: quality of the routing, requests that
are served, latency budgets, and replicas that run at the rates of the routing. Equations:
models.program.
"""

from typing import Any

import pyomo.environ as pyo

from models.formulation import Formulation, KnobKind


def part_served(model: pyo.ConcreteModel, form: Formulation) -> Any:
    """Part of the arrival rate that is served: 1, unless the rate is the knob. Fractions, and the
    quality of all answers, are then parts of the stated rate, too: every row stays linear.
    """
    return model.knob if form.goal.moves(KnobKind.RATE) else 1


def obey_quality_cuts(model: pyo.ConcreteModel, form: Formulation) -> None:
    """quality <= base_c + price_c . fraction, one row per cut."""
    served = part_served(model, form)
    model.CUTS = pyo.Set(initialize=range(form.cut_base.size))
    base, price = form.cut_base.tolist(), form.cut_prices.tolist()
    model.obey_quality_cuts = pyo.Constraint(
        model.CUTS,
        rule=lambda m, c: (
            m.quality - pyo.quicksum(price[c][i] * m.fraction[i] for i in m.LLMS)
            <= base[c] * served
        ),
    )


def obey_opening_cuts(model: pyo.ConcreteModel, form: Formulation) -> None:
    """quality <= base_c + price_c . fraction + gain_c . open, one row per cut; an LLM is open where
    it has a replica, and only then answers requests.

    open is continuous: it is at most 1 and at most the replicas, which are whole. Where the rate is
    the knob, open is a part of the stated rate like the fractions: at most the knob, and none
    without a replica.
    """
    cuts, knob = form.openings, form.goal.knob
    if cuts is None:
        return
    moves, served = form.goal.moves(KnobKind.RATE), part_served(model, form)
    most = 1.0 if knob is None or not moves else knob.high
    model.OPENINGS = pyo.Set(initialize=range(len(cuts)))
    model.open = pyo.Var(model.LLMS, bounds=(0, most))
    base, price, gain = cuts.base.tolist(), cuts.prices.tolist(), cuts.gains.tolist()
    model.obey_opening_cuts = pyo.Constraint(
        model.OPENINGS,
        rule=lambda m, c: (
            m.quality
            - pyo.quicksum(price[c][i] * m.fraction[i] + gain[c][i] * m.open[i] for i in m.LLMS)
            <= base[c] * served
        ),
    )
    of: dict[int, list[int]] = {i: [] for i in model.LLMS}
    for o in form.options:
        of[form.instance.options[o].llm].append(o)
    model.open_with_replicas = pyo.Constraint(
        model.LLMS,
        rule=lambda m, i: m.open[i] - most * pyo.quicksum(m.replicas[o] for o in of[i]) <= 0,
    )
    model.route_to_open = pyo.Constraint(
        model.LLMS, rule=lambda m, i: m.fraction[i] - m.open[i] <= 0
    )
    if moves:
        model.open_while_served = pyo.Constraint(
            model.LLMS, rule=lambda m, i: m.open[i] - m.knob <= 0
        )


def serve_requests(model: pyo.ConcreteModel, form: Formulation) -> None:
    """Every request is routed, and every LLM's options carry exactly its fraction."""
    model.serve_every_request = pyo.Constraint(
        expr=pyo.quicksum(model.fraction[i] for i in model.LLMS) == part_served(model, form)
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
    scale, served = form.budget_scale, part_served(model, form)
    spent: dict[int, list[object]] = {s: [] for s in model.SLOS}
    for (o, a), (_, budgets) in model.vertices.items():
        for s in model.SLOS:
            terms = (budgets[s] / scale[s]).tolist()
            spent[s] += [b * model.weight[o, a, k] for k, b in enumerate(terms) if abs(b) > 1e-9]
    model.stay_within_latency_budget = pyo.Constraint(
        model.SLOS,
        rule=lambda m, s: (
            pyo.quicksum(spent[s])
            <= form.demand * (m.knob if form.goal.moves(KnobKind.SLO, s) else served)
            if spent[s]
            else pyo.Constraint.Feasible
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

    def weights_at_points_rule(m: pyo.ConcreteModel, o: int, a: int) -> object:
        total = m.arm_replicas[o, a] if (o, a) in m.SPLIT_ARMS else m.replicas[o]
        return pyo.quicksum(m.weight[o, a, k] for k in range(m.vertices[o, a][0].size)) == total

    model.run_replicas_at_points = pyo.Constraint(model.ARMS, rule=weights_at_points_rule)


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
