"""Shadow prices from the linear relaxation: what one more unit of each limit would buy, replicas
taken as divisible.

With the duals y of the relaxation (d loss / d right-hand side), arrival rate lambda, rate unit u,
SLO allowance A:

    d loss / d lambda = sum_i y_i f_i / u + sum_s y_s / u     every fraction carries more, every
                                                              budget grows
    d loss / d A_s    = y_s lambda / (u A_s)                  mean SLOs over all requests only
    d loss / d nodes  = gpus_per_node * min(0, reduced cost of gpus_used) + y of the per-node rows;
                        of owned nodes also what they cost, where cost is minimised

A reduced cost above zero is a pool's price where none of it is used, not the value of more of it. A
node is a long step for a slope: its price is cut at what the objective can still gain at all.
Integers make true steps smaller, zero or larger; only solving again with one unit more says what it
really buys. Duals of the integer program itself would say less: with all integers fixed they are
degenerate, and mostly zero.
"""

from dataclasses import replace

import numpy as np

from models.formulation import GoalKind, allowance
from models.instance import Headroom
from planner.joint.programs.root_relaxation import RootRelaxation
from planner.solution import ShadowPrices


def shadow_prices(relaxation: RootRelaxation, to_value: float, room: float) -> ShadowPrices:
    """Prices per +1 req/s, +1 s of each SLO, +1 node of each pool, in units of the objective value.

    to_value: objective value per unit of loss (with its sign). room: what the objective can gain
    at most. Percentile and each-LLM limits have no such price: None, with a note.
    """
    form, where, point = relaxation.form, relaxation.layout, relaxation.point
    instance, row_dual = form.instance, point.row_dual
    serve = row_dual[where.serve_row : where.serve_row + where.llms]
    budget = row_dual[where.budget_row : where.replica_row]
    notes = ["estimates from the linear relaxation; real steps come in whole GPUs and may be zero"]
    rate = float((serve @ point.fractions + budget.sum()) / form.unit)
    slo: list[float | None] = []
    k = 0
    for j, limit in enumerate(instance.slos):
        price = None
        if limit.scope != "all":
            notes.append(f"slo.{j}: no quick estimate for limits on each LLM")
        elif limit.statistic != "mean":
            notes.append(f"slo.{j}: no quick estimate for {limit.statistic} limits")
        else:
            price = _clean(to_value * float(budget[k]) * form.demand / allowance(limit))
        slo.append(price)
        k += limit.scope == "all"
    pools: list[float | None] = []
    for p, pool in enumerate(instance.pools):
        price = pool.gpus_per_node * min(float(point.gpus_used_dual[p]), 0.0)
        for r, row in enumerate(form.capacity):
            if row.pool == p and row.per_node:
                price += float(row_dual[where.replica_row + r])
        own = pool.gpus_per_node * (pool.price or 0.0) if pool.owned else 0.0
        paid = own if form.goal.of == GoalKind.COST else 0.0
        pools.append(_clean(float(np.clip(to_value * price, -room, room)) + paid))
    return ShadowPrices(_clean(to_value * rate), tuple(slo), tuple(pools), tuple(notes))


def shadow_prices_before_headroom(prices: ShadowPrices, headroom: Headroom) -> ShadowPrices:
    """Prices of the planned rate and limits as those of the stated: +1 req/s stated is 1 + h_rate
    planned, +1 s of a limit 1 - h_slo.
    """
    return replace(
        prices,
        arrival_rate=prices.arrival_rate and prices.arrival_rate * (1.0 + headroom.rate),
        slo=tuple(price and price * (1.0 - headroom.slo) for price in prices.slo),
    )


def _clean(value: float) -> float:
    """Without the simplex's noise around zero."""
    return 0.0 if abs(value) < 1e-12 else value
