"""Shadow prices from the linear relaxation: what one more unit of each limit would buy, replicas
taken as divisible.

With the duals y of the relaxation (d loss / d right-hand side), arrival rate lambda, rate unit u,
SLO allowance A:

    d loss / d lambda = sum_i y_i f_i / u + sum_s y_s / u            every fraction carries more,
    every budget grows
    d loss / d A_s    = y_s lambda / (u A_s)                         mean SLOs over all requests
                      only
    d loss / d nodes  = gpus_per_node * min(0, reduced cost of gpus_used) + y of the per-node rows

A reduced cost above zero is a pool's price where none of it is used, not worth of more of it. A
node is a long step for a slope: its price is cut at what the objective can still gain at all
(`room`). Integers make true steps smaller, zero or larger; only solving again with one unit more
says what it really buys.
"""

import numpy as np

from models.formulation import Formulation, allowance
from models.relaxation import Layout
from planner.solution import ShadowPrices


def shadow_prices(
    form: Formulation,
    where: Layout,
    fractions: np.ndarray,
    row_dual: np.ndarray,
    gpus_used_dual: np.ndarray,
    to_value: float,
    room: float,
) -> ShadowPrices:
    """Prices per +1 req/s, +1 s of each SLO, +1 node of each pool, in units of the objective value.

    room: what it can gain at most.
    """
    instance = form.instance
    serve = row_dual[where.serve_row : where.serve_row + where.llms]
    budget = row_dual[where.budget_row : where.replica_row]
    notes = [
        "slopes, replicas taken as divisible: a rough guide; planning again tells the real steps,"
        " which may be zero"
    ]
    rate = float((serve @ fractions + budget.sum()) / form.unit)
    slo: list[float | None] = []
    k = 0
    for j, limit in enumerate(instance.slos):
        if limit.scope != "all":
            slo.append(None)
            notes.append(
                f"slo.{j}: a limit on each LLM cuts the curves, the relaxation has no price for it"
            )
            continue
        if limit.statistic == "mean":
            slo.append(_clean(to_value * float(budget[k]) * form.demand / allowance(limit)))
        else:
            slo.append(None)
            notes.append(
                f"slo.{j}: a percentile limit changes the curves themselves, the relaxation has no"
                " price for it"
            )
        k += 1
    pools: list[float | None] = []
    for p, pool in enumerate(instance.pools):
        price = pool.gpus_per_node * min(float(gpus_used_dual[p]), 0.0)
        for r, row in enumerate(form.capacity):
            if row.pool == p and row.per_node:
                price += float(row_dual[where.replica_row + r])
        pools.append(_clean(float(np.clip(to_value * price, -room, room))))
    return ShadowPrices(_clean(to_value * rate), tuple(slo), tuple(pools), tuple(notes))


def _clean(value: float) -> float:
    return 0.0 if abs(value) < 1e-12 else value
