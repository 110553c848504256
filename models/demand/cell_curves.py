"""Curves of cells: exact budgets of every option for a class in a case, and what a linear program
holds of them.

The budgets of a cell are those of the SLOs over all requests that its requests spend: its class's
first, then those of the scenario, each with limit * slo_factor. SLOs of scope each_llm cut the
domain of rates (models.latency). Cases with one slo_factor share the curves of a class.

A replica may be idle in a lane of its own, so an under-estimate may start at the origin: to every
envelope the line through it with the least slope B(r) / r of the domain is added. It lies nowhere
above B, and at rate 0 no budget is gained (clipping a negative value there would not be valid).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from models.demand.requests import Cell, DemandInstance
from models.envelope import EnvelopeArm
from models.formulation import allowance
from models.instance import Slo
from models.latency import LatencyPieces, latency_budget_pieces
from profiles.records import Curve

__all__ = [
    "COARSE_ERROR",
    "SAME_BUDGET",
    "CellCurves",
    "CellPoints",
    "add_line_from_origin",
    "budget_latency",
    "cell_slos",
    "may_run_at",
    "outside_budgets",
    "shared_cell_slos",
]

COARSE_ERROR = 3e-2
"""First under-estimates lie at most this share of an SLO's allowance below the hull."""

SAME_LOAD = 1e-12
"""Loads this close, relative, are one: float noise."""

SAME_BUDGET = 1e-6
"""An under-estimate this close to the curve, in shares of the allowance, is exact enough."""


@dataclass(frozen=True)
class CellPoints:
    """Points that a cell may run at, such as the vertices of all options' envelopes. owner (K,):
    options, or lanes; loads (K,) req/s of the profile's work; budgets (S, K).
    """

    owner: np.ndarray
    loads: np.ndarray
    budgets: np.ndarray

    @classmethod
    def of_owners(
        cls, budgets: int, points: Iterable[tuple[int, tuple[np.ndarray, np.ndarray]]]
    ) -> "CellPoints":
        """Points of several owners: (owner, (loads (K,), budgets (S, K))). budgets: S."""
        known = list(points)
        return cls(
            np.concatenate([np.zeros(0, dtype=int), *(np.full(r.size, o) for o, (r, _) in known)]),
            np.concatenate([np.zeros(0), *(rates for _, (rates, _) in known)]),
            np.concatenate([np.zeros((budgets, 0)), *(spent for _, (_, spent) in known)], axis=1),
        )


def cell_slos(demand: DemandInstance, cell: Cell) -> tuple[Slo, ...]:
    """The SLOs that bind the requests of a cell: its class's, then those over all requests of the
    case; limits with the case's factor.
    """
    factor = demand.cases[cell.case].slo_factor
    stated = (*demand.classes[cell.request_class].slos, *demand.instance.slos)
    return tuple(replace(slo, limit=slo.limit * factor) for slo in stated)


def shared_cell_slos(demand: DemandInstance, cell: Cell) -> tuple[Slo, ...]:
    """Those of scope all, in the order of the budgets."""
    return tuple(slo for slo in cell_slos(demand, cell) if slo.scope == "all")


def budget_latency(pieces: LatencyPieces, load: float) -> tuple[np.ndarray, np.ndarray]:
    """(S,) budget that one unit of work spends at a load, B(r) / r, and its slope; inf outside
    the domain, the ends of which take in float noise. At a jump the lower value holds.
    """
    inside = _pieces_at(pieces, load)
    if inside.size == 0:
        nothing = np.full(pieces.budgets, np.inf)
        return nothing, np.zeros(pieces.budgets)
    at = np.clip(load, pieces.low[inside], pieces.high[inside])
    c, d, e, g = np.moveaxis(pieces.coef[:, inside], -1, 0)
    below = e + g * at
    value, slope = (c + d * at) / below, (d * e - c * g) / below**2
    rows, best = np.arange(pieces.budgets), value.argmin(axis=1)
    return value[rows, best], slope[rows, best]


def may_run_at(pieces: LatencyPieces, load: float) -> bool:
    """Whether a load lies in the domain, which limits of each LLM may cut anywhere."""
    slack = 1e-9 * max(float(pieces.high[-1]), 1e-300)
    return bool(np.any((pieces.low - slack <= load) & (load <= pieces.high + slack)))


def _pieces_at(pieces: LatencyPieces, load: float) -> np.ndarray:
    # The load of a lane is a quotient of sums: at the last point of a curve it may lie beyond it.
    return np.flatnonzero(
        (pieces.low <= load * (1 + SAME_LOAD)) & (load * (1 - SAME_LOAD) <= pieces.high)
    )


def outside_budgets(demand: DemandInstance, cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """(S, E) budget that one request of a cell spends at each LLM outside, 0 where it may not go;
    (E,) whether it may go there: its class is permitted, no SLO lacks its column, and no latency
    is above a limit of scope each_llm.
    """
    slos = cell_slos(demand, cell)
    shared = [slo for slo in slos if slo.scope == "all"]
    private = [slo for slo in slos if slo.scope != "all"]
    permitted = demand.classes[cell.request_class].permitted[len(demand.instance.llms) :]
    spent = np.zeros((len(shared), len(demand.outside)))
    may_leave = np.array(permitted, dtype=bool)
    for e, llm in enumerate(demand.outside):
        spent[:, e] = [_outside_budget(llm.latency, slo) for slo in shared]
        kept = [
            llm.latency.get((slo.metric, slo.statistic), np.inf) <= slo.limit * (1 + 1e-12)
            for slo in private
        ]
        # Without any SLO over all requests there is no budget that could say it.
        may_leave[e] &= all(kept) and bool(np.isfinite(spent[:, e]).all())
    return np.where(may_leave, spent, 0.0), may_leave


def _outside_budget(latency: Mapping[tuple[str, str], float], slo: Slo) -> float:
    """s, or the share of late requests, of one request outside; inf without the columns."""
    if slo.statistic == "mean":
        return latency.get((slo.metric, "mean"), np.inf)
    columns = {key: np.array([value]) for key, value in latency.items() if key[0] == slo.metric}
    if not any(statistic != "mean" for _, statistic in columns):
        return np.inf
    curve = Curve(np.ones(1), columns, ("measured",))
    pieces = latency_budget_pieces(curve, (slo,))
    return np.inf if pieces is None else float(pieces.spend(1.0)[0])


class CellCurves:
    """Curves of all cells of a demand, refined in place.

    Keys are (class, slo_factor): cells with the same key have the same curves.
    """

    def __init__(self, demand: DemandInstance) -> None:
        self._demand = demand
        self._pieces: dict[tuple[int, float], dict[int, LatencyPieces]] = {}
        self._arms: dict[tuple[int, float], dict[int, EnvelopeArm]] = {}
        self._points: dict[tuple[int, float], CellPoints] = {}

    def key(self, cell: Cell) -> tuple[int, float]:
        """Which cells share its curves."""
        return cell.request_class, self._demand.cases[cell.case].slo_factor

    def allowances(self, cell: Cell) -> np.ndarray:
        """(S,) of the cell's budgets: limit in s, or the share that may be late."""
        return np.array([allowance(slo) for slo in shared_cell_slos(self._demand, cell)])

    def pieces(self, cell: Cell) -> dict[int, LatencyPieces]:
        """Exact budgets by option; without those that the class may not use or an SLO forbids."""
        key = self.key(cell)
        if key not in self._pieces:
            demand = self._demand
            permitted = demand.classes[cell.request_class].permitted
            slos, known = cell_slos(demand, cell), {}
            for o, option in enumerate(demand.instance.options):
                curve = demand.curve(o, cell.request_class)
                judged = (o, cell.request_class) not in demand.unjudged
                if permitted[option.llm] and judged and _has_columns(curve, slos):
                    known[o] = latency_budget_pieces(curve, slos)
            self._pieces[key] = {o: found for o, found in known.items() if found is not None}
        return self._pieces[key]

    def arms(self, cell: Cell) -> dict[int, EnvelopeArm]:
        """The envelope of every option over its whole range of loads."""
        key = self.key(cell)
        if key not in self._arms:
            allowances = self.allowances(cell)
            self._arms[key] = {
                o: _envelope_from_origin(pieces, allowances)
                for o, pieces in self.pieces(cell).items()
            }
        return self._arms[key]

    def points(self, cell: Cell) -> CellPoints:
        """Vertices of all envelopes."""
        key = self.key(cell)
        if key not in self._points:
            self._points[key] = CellPoints.of_owners(
                self.allowances(cell).size,
                ((o, arm.points()) for o, arm in self.arms(cell).items()),
            )
        return self._points[key]

    def refine(self, cell: Cell, option: int, load: float) -> bool:
        """Add supporting lines where an option runs; whether the envelope rose there."""
        arm, pieces = self.arms(cell)[option], self.pieces(cell)[option]
        if not arm.holds(load):
            return False
        gap = np.maximum(arm.hull(load), pieces.spend(load)) - arm.under(load)
        if not np.any(gap > SAME_BUDGET * self.allowances(cell) * max(load, 1e-9)):
            return False
        if arm.touch(load):
            self._points.pop(self.key(cell), None)
            return True
        return False


def _has_columns(curve: Curve, slos: tuple[Slo, ...]) -> bool:
    """Whether a curve has what every SLO needs: its column, or for a percentile over all requests
    any percentile of the metric.
    """
    for slo in slos:
        if slo.statistic == "mean" or slo.scope == "each_llm":
            if (slo.metric, slo.statistic) not in curve.latency:
                return False
        elif not any(m == slo.metric and s != "mean" for m, s in curve.latency):
            return False
    return True


def _envelope_from_origin(pieces: LatencyPieces, allowances: np.ndarray) -> EnvelopeArm:
    """A coarse envelope with the line through the origin."""
    arm = EnvelopeArm(pieces, float(pieces.low[0]), float(pieces.high[-1]))
    arm.coarse(COARSE_ERROR * allowances)
    add_line_from_origin(arm)
    return arm


def add_line_from_origin(arm: EnvelopeArm) -> None:
    """Add the line through the origin with the least slope B(r) / r of the whole domain."""
    pieces = arm.pieces
    ends = np.concatenate([pieces.low, pieces.high])
    at = np.tile(np.arange(pieces.low.size), 2)
    for s in range(pieces.budgets):
        c, d, e, g = np.moveaxis(pieces.coef[s, at], -1, 0)
        # (c + d r) / (e + g r) is monotone on a piece: its least value lies at an end.
        arm.add_line(s, float(np.min((c + d * ends) / (e + g * ends))), 0.0)
