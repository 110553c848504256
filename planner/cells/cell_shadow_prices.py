"""Shadow prices of a demand: what one more unit of each rate, limit and pool would buy, by the
duals of the relaxation of all cases, replicas taken as divisible.

With the duals y of the program that is minimised (d loss / d right-hand side), cell (c,t) of rate l
in units u, fractions f, weight om and quality Q, limit L of a mean:

    d loss / d l    = sum_i y_i f_i / u + sum_s y_s / u  - (Q_ct - Q) om_ct / l
    d loss / d L    = y_s (l / u) / L                     a class's; at the top sum_c l for l
    d loss / d node = G_p min(0, reduced cost of gpus_used) + y of the per-node rows

sums over s: the class's SLOs, then those over all requests of the case. The last term of the first
line is that the weights of the objective, or of a mean floor (times its dual), follow the rates. A
pool's price is divided over the cases of a setup like K_o n_o y of its replicas, and cut at what
the objective can still gain at all, for a node is a long step. Integers make true steps smaller,
zero or larger.

Prices are made of the planned demand; of the numbers as they are stated they are, with the headroom
(models.demand.headroom), (1 + h_rate) times as much for a rate and (1 - h_slo) for a limit.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.demand.cell_program import CellColumns
from models.demand.demand_model import DemandModel
from models.demand.requests import DemandInstance
from models.instance import Headroom, ObjectiveKind, Slo
from planner.cell_solution import CellPrices
from planner.cells.routing.cell_loop import CellLoop, CellPoint

__all__ = ["cell_prices_before_headroom", "cell_shadow_prices", "joined_cell_prices"]

ESTIMATES = "estimates from the linear relaxation; real steps come in whole GPUs and may be zero"
NO_ESTIMATE = "no quick estimate for limits of percentiles or on each LLM"
NOISE = 1e-12
"""Prices below this are the simplex's noise around zero."""


def cell_shadow_prices(model: DemandModel, loop: CellLoop, point: CellPoint) -> CellPrices:
    """Prices in units of the objective value, from an optimum of all cases with the setups free."""
    demand = model.demand
    sign = 1.0 if demand.instance.objective == ObjectiveKind.COST else -1.0
    cases = len(demand.cases)
    slos: dict[tuple[int | None, int, int], float] = {}
    rates = np.full((len(demand.classes), cases), np.nan)
    pools = np.zeros((len(demand.instance.pools), cases))
    weight = _weight_changes(model, loop, point)
    for k, one in enumerate(loop.layout.cells):
        c, t = one.cell.request_class, one.cell.case
        rates[c, t] = sign * (_rate_price(model, loop, point, k) + weight[k])
        for s, (at, slo) in enumerate(_shared_limits(demand.classes[c].slos)):
            if slo.statistic == "mean":
                dual = float(point.row_dual[one.slo_rows[s]])
                slos[c, t, at] = sign * dual * one.cell.rate / model.unit / slo.limit
    for t, rows in loop.layout.cases.items():
        total = sum(demand.cases[t].rates) / model.unit
        for s, (at, slo) in enumerate(_shared_limits(demand.instance.slos)):
            if slo.statistic == "mean" and total > 0:
                dual = float(point.row_dual[rows.slo_rows[s]])
                slos[None, t, at] = sign * dual * total / slo.limit
    room = _room(model, point)
    for s, own_cases in enumerate(demand.setups):
        for p in range(len(demand.instance.pools)):
            price = float(np.clip(_node_price(model, loop, point, s, p), -room, room))
            pools[p, list(own_cases)] = sign * price * _parts_of_cases(model, loop, point, s, p)
    limits = [*demand.instance.slos, *(slo for entry in demand.classes for slo in entry.slos)]
    others = any(slo.scope != "all" or slo.statistic != "mean" for slo in limits)
    return CellPrices(
        rates=_clean(rates),
        slos={key: float(_clean(np.array(value))) for key, value in slos.items()},
        pools=_clean(pools),
        notes=(ESTIMATES, *((NO_ESTIMATE,) if others else ())),
    )


def joined_cell_prices(
    demand: DemandInstance, parts: Sequence[CellPrices], weights: Sequence[float]
) -> CellPrices:
    """Prices of setups that were searched one by one. parts: of each setup, whose cases are
    numbered on their own; weights: of each in the objective.
    """
    cases = len(demand.cases)
    rates = np.full((len(demand.classes), cases), np.nan)
    pools = np.zeros((len(demand.instance.pools), cases))
    slos: dict[tuple[int | None, int, int], float] = {}
    for own, part, weight in zip(demand.setups, parts, weights, strict=True):
        rates[:, list(own)] = weight * part.rates
        pools[:, list(own)] = weight * part.pools
        slos |= {(c, own[t], s): weight * value for (c, t, s), value in part.slos.items()}
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return CellPrices(rates=rates, slos=slos, pools=pools, notes=tuple(notes))


def cell_prices_before_headroom(prices: CellPrices, headroom: Headroom) -> CellPrices:
    """Prices of rates and limits as they are stated, from those of what is planned with."""
    return replace(
        prices,
        rates=prices.rates * (1.0 + headroom.rate),
        slos={key: price * (1.0 - headroom.slo) for key, price in prices.slos.items()},
    )


def _shared_limits(slos: tuple[Slo, ...]) -> list[tuple[int, Slo]]:
    """Limits over all requests in the order of their rows, with positions among all limits."""
    return [(at, slo) for at, slo in enumerate(slos) if slo.scope == "all"]


def _rate_price(model: DemandModel, loop: CellLoop, point: CellPoint, k: int) -> float:
    """d loss / d l of a cell where the weights of the objective stay."""
    one = loop.layout.cells[k]
    rows = loop.layout.cases[one.cell.case]
    may = one.llm_rows >= 0
    price = float(point.row_dual[one.llm_rows[may]] @ point.fractions[k][may])
    price += float(point.row_dual[one.slo_rows].sum() + point.row_dual[rows.slo_rows].sum())
    leaves = one.outside[one.outside >= 0]
    # What may be sent outside is bounded by the rate.
    price += float(np.minimum(point.column_dual[leaves], 0.0).sum())
    return price / model.unit


def _weight_changes(model: DemandModel, loop: CellLoop, point: CellPoint) -> np.ndarray:
    """(cells,) d loss / d l of the weights alone."""
    cells = loop.layout.cells
    quality = np.array(
        [_quality(model, one, q) for one, q in zip(cells, point.estimates, strict=True)]
    )
    weight = np.array([model.weights[one.cell.request_class, one.cell.case] for one in cells])
    rate = np.array([one.cell.rate for one in cells])
    mean = float(weight @ quality)
    counts = 1.0
    if model.demand.instance.objective == ObjectiveKind.COST:
        counts = loop.floor_dual(point)
    return -counts * (quality - mean) * weight / rate


def _quality(model: DemandModel, one: CellColumns, estimate: float) -> float:
    quality = model.qualities[one.cell.request_class]
    return quality.offset + quality.scale * estimate


def _node_price(
    model: DemandModel, loop: CellLoop, point: CellPoint, setup: int, pool: int
) -> float:
    """d loss / d nodes of a pool in one setup."""
    used = loop.layout.gpus_used[setup, pool]
    size = model.demand.instance.pools[pool].gpus_per_node
    price = size * min(float(point.column_dual[used]), 0.0)
    for r, row in enumerate(model.capacity):
        if row.pool == pool and row.per_node:
            price += float(point.row_dual[loop.layout.capacity_rows[setup, r]])
    return price


def _room(model: DemandModel, point: CellPoint) -> float:
    """What the objective can gain at most: nothing is free, no answer better than the best one."""
    if model.demand.instance.objective == ObjectiveKind.COST:
        return point.loss
    weights = model.weights.sum(axis=1)
    best = [entry.scores.best_mean for entry in model.demand.classes]
    offset = float(sum(w * q.offset for w, q in zip(weights, model.qualities, strict=True)))
    return max(float(weights @ np.array(best)) - (offset - point.loss), 0.0)


def _parts_of_cases(
    model: DemandModel, loop: CellLoop, point: CellPoint, setup: int, pool: int
) -> np.ndarray:
    """(cases of a setup,) parts of a pool's price; they sum to 1, or are 0 where it has none."""
    own = np.array([o.pool == pool for o in model.demand.instance.options])
    worth = []
    for t in model.demand.setups[setup]:
        rows = loop.layout.cases[t]
        held = own & (rows.replica_rows >= 0)
        dual = np.maximum(-point.row_dual[rows.replica_rows[held]], 0.0)
        worth.append(float((rows.share[held] * point.replicas[setup, held]) @ dual))
    total = sum(worth)
    return np.array(worth) / total if total > 0 else np.zeros(len(worth))


def _clean(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) < NOISE, 0.0, values)
