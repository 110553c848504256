"""Models of demands and relaxations of single cases, as a search over cells would begin with; and a
linear program of the same cases by scipy, written from the text of the demand.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import linprog

from models.demand.case_cut import CaseCut, case_cut
from models.demand.demand_model import DemandModel, case_share
from models.demand.requests import Cell, DemandInstance
from models.formulation import allowance
from models.quality import Quality
from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.cells.search import CellSearch
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings, StopReason
from planner.settings import Settings
from tests.support.demand.state_routing import outside_may_serve, slos_of_class
from tests.support.instances.tail_rule import REMAINDER, share_late_by_rule

__all__ = [
    "PricedCase",
    "all_counts",
    "case_value",
    "cell_model",
    "cell_search",
    "price_case",
    "search_clock",
    "solve_cells_by_scipy",
]


def search_clock(seconds: float = 60.0) -> SearchClock:
    return SearchClock(time.perf_counter() + seconds)


def cell_model(demand: DemandInstance) -> DemandModel:
    """Classes with one score table share its quality."""
    tables = {id(entry.scores): Quality(entry.scores) for entry in demand.classes}
    return DemandModel(demand=demand, qualities=[tables[id(c.scores)] for c in demand.classes])


class StepClock(SearchClock):
    """A clock that stops after so many questions whether to stop: the same search on any machine,
    busy or not.
    """

    def __init__(self, steps: int) -> None:
        super().__init__(time.perf_counter() + 600.0)
        self.steps = steps

    def stopped(self) -> bool:
        self.steps -= 1
        return self.steps < 0 or super().stopped()


def cell_search(demand: DemandInstance, steps: int = 600) -> CellSearch:
    """A search that ends after so many steps (about 2 ms each)."""
    return CellSearch(model=cell_model(demand), clock=StepClock(steps), settings=Settings())


@dataclass(frozen=True)
class PricedCase:
    """The relaxation of a case on a setup. value: exact quality at its fractions, weighted; None
    where the setup cannot serve the case.
    """

    value: float | None
    point: CellPoint
    cut: CaseCut


def price_case(
    model: DemandModel,
    case: int,
    replicas: np.ndarray,
    spend: float = np.inf,
    loop: CellLoop | None = None,
    tolerance: float = 1e-6,
) -> PricedCase:
    """Converge the program of one case on a setup, whole or not."""
    if loop is None:
        loop = CellLoop(model, [case], search_clock(), SolveSettings(), free_setup=False)
    loop.set_setup(np.asarray(replicas, dtype=float), {case: spend})
    point = loop.converge(tolerance)
    must = point is StopReason.INFEASIBLE
    if must:
        loop.measure_missing(on=True)
        point = loop.converge(tolerance)
    assert isinstance(point, CellPoint)
    cut = case_cut(model, loop.layout, case, point.row_dual, must=must)
    loop.measure_missing(on=False)
    return PricedCase(None if must else case_value(model, case, point), point, cut)


def case_value(model: DemandModel, case: int, point: CellPoint) -> float:
    """Weighted exact quality at the fractions of a point."""
    cells = model.demand.cells(case)
    return sum(
        float(model.weights[cell.request_class, case])
        * model.qualities[cell.request_class].settle(fractions).value
        for cell, fractions in zip(cells, point.fractions, strict=True)
    )


def all_counts(model: DemandModel, most: int = 300) -> list[np.ndarray]:
    """All replica vectors within the limits of capacity alone, one option at a time."""
    upper = [int(u) if o in model.options else 0 for o, u in enumerate(model.upper)]
    assert np.prod([u + 1 for u in upper]) <= most
    return [np.array(n) for n in product(*(range(u + 1) for u in upper))]


# ---------------------------------------------------------------- the same program by scipy


@dataclass
class _Rows:
    """Inequality (<=) and equality rows over numbered columns."""

    columns: int = 0

    def __post_init__(self) -> None:
        self.upper: list[tuple[dict[int, float], float]] = []
        self.equal: list[tuple[dict[int, float], float]] = []

    def new(self, count: int) -> np.ndarray:
        self.columns += count
        return np.arange(self.columns - count, self.columns)

    def solve(self, cost: dict[int, float]) -> float | None:
        """The least cost; None where there is no solution."""

        def matrix(rows: Sequence[tuple[dict[int, float], float]]) -> np.ndarray | None:
            if not rows:
                return None
            dense = np.zeros((len(rows), self.columns))
            for k, (terms, _) in enumerate(rows):
                for column, value in terms.items():
                    dense[k, column] += value
            return dense

        whole = np.zeros(self.columns)
        for column, value in cost.items():
            whole[column] += value
        done = linprog(
            whole,
            A_ub=matrix(self.upper),
            b_ub=[side for _, side in self.upper] or None,
            A_eq=matrix(self.equal),
            b_eq=[side for _, side in self.equal] or None,
        )
        assert done.status in (0, 2), done.message
        return float(done.fun) if done.status == 0 else None


def solve_cells_by_scipy(
    model: DemandModel,
    cases: Sequence[int],
    replicas: np.ndarray | None,
    spend: dict[int, float] | None = None,
) -> float | None:
    """The optimum of some cases: weighted quality, or the cost with the setup free (replicas None)
    and a cost objective; None where infeasible. Every prompt is assigned by itself; replicas run at
    the points of the model's curves.
    """
    demand, instance = model.demand, model.instance
    rows, free = _Rows(), replicas is None
    options, pools = range(len(instance.options)), range(len(instance.pools))
    count, gpus = rows.new(len(options)), rows.new(len(pools))
    if free:
        _add_setup(rows, model, count, gpus)
    else:
        rows.equal += [({int(count[o]): 1.0}, float(replicas[o])) for o in options]
    quality: dict[int, float] = {}
    cost = {int(gpus[p]): float(instance.pools[p].price or 0.0) for p in pools}
    floor: dict[int, float] = {}
    for t in cases:
        terms = _add_case_by_scipy(rows, model, t, count, None if spend is None else spend.get(t))
        for column, value in terms.quality.items():
            quality[column] = quality.get(column, 0.0) + value
        hours = demand.cases[t].hours / demand.hours
        cost |= {column: value * hours for column, value in terms.usd.items()}
    if not free:
        best = rows.solve({column: -value for column, value in quality.items()})
        return None if best is None else -best
    if instance.quality_floor is not None:
        floor = {column: -value for column, value in quality.items()}
        rows.upper.append((floor, -instance.quality_floor))
    if demand.cost_at_most is not None:
        rows.upper.append((cost, demand.cost_at_most))
    if instance.objective == "cost":
        return rows.solve(cost)
    best = rows.solve({column: -value for column, value in quality.items()})
    return None if best is None else -best


def _add_setup(rows: _Rows, model: DemandModel, count: np.ndarray, gpus: np.ndarray) -> None:
    instance = model.instance
    for o in range(count.size):
        most = float(model.upper[o]) if o in model.options else 0.0
        rows.upper.append(({int(count[o]): 1.0}, most))
    for p, pool in enumerate(instance.pools):
        rows.upper.append(({int(gpus[p]): 1.0}, float(pool.gpus)))
    for row in model.capacity:
        terms = {int(count[o]): float(row.weight[o]) for o in model.options}
        if row.per_node:
            rows.upper.append((terms, float(instance.pools[row.pool].nodes)))
        else:
            rows.upper.append(({**terms, int(gpus[row.pool]): -1.0}, 0.0))
    for i, llm in enumerate(instance.llms):
        own = {int(count[o]): 1.0 for o, x in enumerate(instance.options) if x.llm == i}
        rows.upper.append(({k: -1.0 for k in own}, -float(llm.min_replicas)))
        if llm.max_replicas is not None:
            rows.upper.append((own, float(llm.max_replicas)))
    used = {int(count[o]): -x.tp_degree * x.mps_share for o, x in enumerate(instance.options)}
    rows.upper.append((used, -instance.min_utilization * instance.gpus))


@dataclass(frozen=True)
class _CaseTerms:
    quality: dict[int, float]
    usd: dict[int, float]


def _add_case_by_scipy(
    rows: _Rows, model: DemandModel, t: int, count: np.ndarray, most_spend: float | None
) -> _CaseTerms:
    demand, instance = model.demand, model.instance
    case, share = demand.cases[t], case_share(demand, t)
    kept: dict[int, dict[int, float]] = {o: {int(count[o]): -share[o]} for o in range(count.size)}
    top = [slo for slo in instance.slos if slo.scope == "all"]
    together: list[dict[int, float]] = [{} for _ in top]
    together_side = np.zeros(len(top))
    leaving: list[dict[int, float]] = [{} for _ in demand.outside]
    quality, usd, in_case = {}, {}, {}
    for cell in model.demand.cells(t):
        c, entry = cell.request_class, demand.classes[cell.request_class]
        scores = entry.scores
        y = rows.new(scores.values.size).reshape(scores.values.shape)
        mean = {
            int(y[i, x]): float(scores.weights[x] * scores.values[i, x])
            for i, x in np.ndindex(*y.shape)
        }
        for x in range(y.shape[1]):
            rows.equal.append(({int(k): 1.0 for k in y[:, x]}, 1.0))
        spent, served = _add_replicas(rows, model, cell, kept)
        z = rows.new(len(demand.outside))
        slos = [s for s in slos_of_class(demand, t, c) if s.scope == "all"]
        for e, llm in enumerate(demand.outside):
            leaving[e][int(z[e])] = 1.0
            usd[int(z[e])] = 3600.0 * entry.outside_usd[e]
            served[len(instance.llms) + e] = {int(z[e]): 1.0}
            if not outside_may_serve(demand, t, c, e):
                rows.upper.append(({int(z[e]): 1.0}, 0.0))
                continue
            for s, slo in enumerate(slos):
                spent[s][int(z[e])] = _outside_spends(dict(llm.latency), slo)
        for i, terms in enumerate(served):
            fraction = {int(y[i, x]): -cell.rate * scores.weights[x] for x in range(y.shape[1])}
            rows.equal.append(({**terms, **fraction}, 0.0))
            if not entry.permitted[i]:
                rows.upper.append(({int(k): 1.0 for k in y[i]}, 0.0))
        own = len(slos) - len(top)
        # Budgets come in the order of the model: those of the class first.
        for s, slo in enumerate(slos):
            if s < own:
                rows.upper.append((spent[s], allowance(slo) * cell.rate))
            else:
                together[s - own] |= spent[s]
                together_side[s - own] += allowance(slo) * cell.rate
        if entry.quality_floor is not None:
            rows.upper.append(({k: -v for k, v in mean.items()}, -entry.quality_floor))
        quality |= {k: float(model.weights[c, t]) * v for k, v in mean.items()}
        in_case |= {k: -float(demand.case_weights(t)[c]) * v for k, v in mean.items()}
    rows.upper += [(terms, 0.0) for terms in kept.values()]
    rows.upper += list(zip(together, together_side, strict=True))
    for e, llm in enumerate(demand.outside):
        if llm.max_rate is not None:
            rows.upper.append((leaving[e], llm.max_rate))
    if most_spend is not None and np.isfinite(most_spend):
        rows.upper.append((usd, most_spend))
    if case.quality_floor is not None and in_case:
        rows.upper.append((in_case, -case.quality_floor))
    return _CaseTerms(quality, usd)


def _add_replicas(
    rows: _Rows, model: DemandModel, cell: Cell, kept: dict[int, dict[int, float]]
) -> tuple[list[dict[int, float]], list[dict[int, float]]]:
    """Replicas at the points of a cell: what they spend by SLO, and serve by LLM."""
    demand, points = model.demand, model.curves.points(cell)
    w = rows.new(points.owner.size)
    spent: list[dict[int, float]] = [{} for _ in points.budgets]
    served: list[dict[int, float]] = [{} for _ in demand.served]
    for k, o in enumerate(points.owner.tolist()):
        llm = model.instance.options[o].llm
        work = demand.classes[cell.request_class].work[llm]
        kept[o][int(w[k])] = 1.0
        served[llm][int(w[k])] = float(points.loads[k]) / work
        for s in range(len(spent)):
            spent[s][int(w[k])] = float(points.budgets[s, k]) / work
    return spent, served


def _outside_spends(latency: dict[tuple[str, str], float], slo) -> float:
    if slo.statistic == "mean":
        return latency[slo.metric, "mean"]
    tail = {p: latency[slo.metric, p] for p in REMAINDER if (slo.metric, p) in latency}
    return share_late_by_rule(tail, slo.limit)
