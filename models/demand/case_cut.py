"""Cuts of a case: what its quality can be at most on any setup, or what any setup must have for
the case to be served at all.

theta_t(n, e) is the weighted quality of a case's cells on n replicas with e USD/h spent outside.
For any prices p, any beta, mu, nu, kappa >= 0 (weak duality of models.demand.cell_program)

    theta_t <= sum_c [W_c g_c(p_c / W_c) - mu_c floor_c] - mu_t floor_t + sum_s beta_s
               + sum_e nu_e max_rate_e + sum_ce max(0, gain_ce) l_c + kappa e
               + sum_o K_o phi_o n_o                                                          (1)

    W_c    = om_c scale_c + mu_c + mu_t share_c scale_c
    phi_o  = max(0, max_ck [p_ci load / (work_c l_c) - sum_s beta_s budget / (work_c A_s l_c)])
    g_c    = models.quality (1): the best that prices leave, over all prompts

(1) is evaluated here from a program's row duals: it holds whatever the solver's tolerances and
however many quality cuts that program has. Without weights om (1) reads 0 <= ..., which every
setup fulfils that serves the case: a cut of setups that do not.
"""

from dataclasses import dataclass

import numpy as np

from models.demand.cell_program import HOUR, CaseRows, CellColumns, CellLayout
from models.demand.demand_model import DemandModel

__all__ = ["CaseCut", "case_cut", "case_replica_gains"]


@dataclass(frozen=True, kw_only=True)
class CaseCut:
    """theta <= base + replicas . n + spend e; with `must` 0 <= the right-hand side. replicas:
    (O,) >= 0.
    """

    case: int
    base: float
    replicas: np.ndarray
    spend: float
    must: bool

    def at(self, replicas: np.ndarray, spend: float = 0.0) -> float:
        """The right-hand side at a setup (O,)."""
        return float(self.base + self.replicas @ replicas + self.spend * spend)


def case_cut(
    model: DemandModel, layout: CellLayout, case: int, row_dual: np.ndarray, *, must: bool
) -> CaseCut:
    """The cut (1) from the row duals (d of the minimised objective) of a case's program.

    must: of the program that measures what is missing.
    """
    demand, rows = model.demand, layout.cases[case]
    base = 0.0
    case_floor = max(_dual(row_dual, rows.floor_row), 0.0)
    spend = max(-_dual(row_dual, rows.spend_row), 0.0)
    outside = np.maximum(-row_dual[rows.outside_rows], 0.0) * (rows.outside_rows >= 0)
    for e, llm in enumerate(demand.outside):
        if rows.outside_rows[e] >= 0 and llm.max_rate is not None:
            base += float(outside[e]) * llm.max_rate / model.unit
    shares = demand.case_weights(case)
    stated = demand.cases[case].quality_floor
    base -= case_floor * (stated or 0.0)
    beta_case = np.maximum(-row_dual[rows.slo_rows], 0.0)
    for one in (entry for entry in layout.cells if entry.cell.case == case):
        c = one.cell.request_class
        quality = model.qualities[c]
        weight = 0.0 if must else float(model.weights[c, case])
        floor = max(_dual(row_dual, one.floor_row), 0.0)
        held = (weight + case_floor * float(shares[c])) * quality.scale + floor
        base += (weight + case_floor * float(shares[c])) * quality.offset
        base -= floor * one.floor if one.floor_row >= 0 else 0.0
        rate = one.cell.rate / model.unit
        own = np.concatenate([np.maximum(-row_dual[one.slo_rows], 0.0), beta_case])
        base += float(own.sum()) * rate
        may = one.llm_rows >= 0
        price = np.where(may, row_dual[one.llm_rows], 0.0)
        base += _best_policy(model, one, price * rate, held)
        base += rate * _outside_gain(model, one, price, own, outside, spend)
    slope = case_replica_gains(model, layout, case, row_dual)
    return CaseCut(case=case, base=base, replicas=slope, spend=spend, must=must)


def case_replica_gains(
    model: DemandModel, layout: CellLayout, case: int, row_dual: np.ndarray
) -> np.ndarray:
    """(O,) what one replica of every option gains a case at most, by a program's row duals: K_o
    phi_o of (1).
    """
    rows = layout.cases[case]
    beta_case = np.maximum(-row_dual[rows.slo_rows], 0.0)
    slope = np.zeros(rows.replica_rows.size)
    for one in (entry for entry in layout.cells if entry.cell.case == case):
        own = np.concatenate([np.maximum(-row_dual[one.slo_rows], 0.0), beta_case])
        price = np.where(one.llm_rows >= 0, row_dual[one.llm_rows], 0.0)
        np.maximum(slope, _replica_gain(model, rows, one, price, own), out=slope)
    return slope * rows.share


def _dual(row_dual: np.ndarray, row: int) -> float:
    return float(row_dual[row]) if row >= 0 else 0.0


def _best_policy(model: DemandModel, one: CellColumns, cost: np.ndarray, held: float) -> float:
    """max over policies of W Q(f) - cost . f; cost (M + E,)."""
    may = one.llm_rows >= 0
    quality = model.qualities[one.cell.request_class]
    # Below this weight the quotient would overflow; 0 <= Q <= 1 then adds next to nothing.
    if held <= 1e-9:
        return float(np.max(-cost[may])) + max(held, 0.0)
    prices = np.where(may, cost / held, np.inf)
    return held * quality.g(prices)


def _outside_gain(
    model: DemandModel,
    one: CellColumns,
    price: np.ndarray,
    own: np.ndarray,
    outside: np.ndarray,
    spend: float,
) -> float:
    """What sending requests outside gains at most, per req/s of the cell."""
    total, llms = 0.0, len(model.demand.instance.llms)
    entry = model.demand.classes[one.cell.request_class]
    for e in np.flatnonzero(one.outside >= 0):
        gain = float(price[llms + e] - outside[e])
        gain -= float(own @ (one.outside_spent[:, e] / one.allowances))
        gain -= spend * HOUR * entry.outside_usd[e] * model.unit
        total += max(gain, 0.0)
    return total


def _replica_gain(
    model: DemandModel, rows: CaseRows, one: CellColumns, price: np.ndarray, own: np.ndarray
) -> np.ndarray:
    """(O,) what one replica gains at most at one of the cell's points."""
    points = model.curves.points(one.cell)
    llm = model.llm[points.owner]
    work = np.array(model.demand.classes[one.cell.request_class].work)[llm] * model.unit
    gain = price[llm] * points.loads
    if own.size:
        gain = gain - (own / one.allowances) @ points.budgets
    best = np.zeros(rows.replica_rows.size)
    np.maximum.at(best, points.owner, gain / work)
    return best
