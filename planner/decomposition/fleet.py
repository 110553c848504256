"""Setups too numerous to examine one by one: a relaxation for a bound, and a plan. numpy only.

The bound is that of `planner.decomposition.lagrangian`.

The plan: the master's replicas rounded, down or up with the chance of the fraction, and filled up
with what earns most for its compute, as long as first-fit decreasing places everything; routed as
every setup is. Then neighbours of the best setup, up to two replicas fewer and two more, are
judged by prices and the most promising ones routed, until none is better.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.instance import Instance
from planner.decomposition.enumeration import Config
from planner.decomposition.lagrangian import POINTS, LagrangianRelaxation
from planner.decomposition.packing import Seat, decide_packing, first_fit_decreasing_packing
from planner.decomposition.policies import Prompts
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import RoutingResult, route_setup_by_policies

__all__ = ["FleetBracket", "bracket_fleet"]

KEPT_PRICES = 20
"""Prices of each bank by which setups are judged."""
ROUNDINGS = 12
FILLERS = 12
"""Options tried when what is left of the GPUs is filled."""
EARNING = 24
"""Options of which a neighbour of the best setup may have more."""
TRIED = 64
"""Neighbours of the best setup routed without improvement before the search ends."""
AT_ONCE = 8
BRANCHES = 10
"""Nodes of the branch and bound of one setup."""
CLOSE = 1e-3
"""A plan this close to the bound (relative) is not improved further."""
IMPROVE_S = 20.0


@dataclass(frozen=True, kw_only=True)
class FleetBracket:
    """A bound on every setup (-inf: there is none), and a plan where a rounded setup was routed.

    bound, value: score units. deployed, seats, routed: of the plan. complete: the relaxation was
    solved to its tolerance.
    """

    bound: float
    routed_setups: int
    complete: bool
    value: float | None = None
    deployed: Config = ()
    seats: tuple[Seat, ...] = ()
    routed: RoutingResult | None = None


def bracket_fleet(
    instance: Instance,
    *,
    tolerance: float,
    progress: Callable[[str, float | None, float | None, float], None] | None = None,
    cancel: threading.Event | None = None,
    prompts: Prompts | None = None,
) -> FleetBracket:
    """A bound on all setups, and a plan, where setups are too many to enumerate.

    tolerance: score units to which the relaxation is solved. progress: called with phase, value,
    bound and share done. cancel: ends it with what there is. prompts: of the instance's scores, to
    be used again.
    """
    prompts = prompts or Prompts(instance.scores)
    relaxation = LagrangianRelaxation(DecompositionState(instance, prompts, POINTS))
    if not relaxation.program.feasible():
        bound = -np.inf if relaxation.refuted() else prompts.most
        return FleetBracket(bound=bound, routed_setups=0, complete=True)
    bound, complete = relaxation.climb(tolerance, progress, cancel)
    rounding = _FleetRounding(relaxation, DecompositionState(instance, prompts), tolerance)
    wanted, rng = relaxation.replicas(), np.random.default_rng(0)
    # Randomised rounding (Raghavan and Thompson, Combinatorica 7, 1987): each trial keeps the
    # relaxation's replicas in expectation, and a dozen trials differ where capacity pinches.
    for trial in range(ROUNDINGS):
        if cancel is not None and cancel.is_set():
            break
        rounding.route(rounding.start(wanted, rng))
        if rounding.best is not None and bound - rounding.best[0] <= CLOSE * abs(bound):
            break
        if progress is not None:
            value = None if rounding.best is None else rounding.best[0]
            progress("rounding", value, bound, trial / ROUNDINGS)
    if rounding.best is not None and bound - rounding.best[0] > CLOSE * abs(bound):
        rounding.improve(time.perf_counter() + IMPROVE_S, cancel)
    if rounding.best is None:
        return FleetBracket(bound=bound, routed_setups=len(rounding.routed), complete=complete)
    value, counts, routed = rounding.best
    deployed = tuple((int(o), int(counts[o])) for o in np.flatnonzero(counts))
    placement = decide_packing(instance, deployed)
    assert placement.placed  # noqa: S101 - first-fit decreasing placed it
    return FleetBracket(
        value=value,
        bound=bound,
        deployed=deployed,
        seats=placement.seats,
        routed=routed,
        routed_setups=len(rounding.routed),
        complete=complete,
    )


class _FleetRounding:
    """Whole replicas near the relaxation's, and better neighbours, judged by prices before
    they are routed.
    """

    def __init__(
        self, relaxation: LagrangianRelaxation, state: DecompositionState, tolerance: float
    ) -> None:
        self.relaxation, self.state, self.tolerance = relaxation, state, tolerance
        self.instance = state.instance
        self.size = np.array([o.tp_degree * o.mps_share for o in self.instance.options])
        self.llm_of = relaxation.llm_of
        self.earnings = relaxation.earnings()
        self.best: tuple[float, np.ndarray, RoutingResult] | None = None
        self.routed: set[bytes] = set()

    def legal(self, counts: np.ndarray) -> np.ndarray:
        """(R,) rows of replicas (R, O) that keep every limit and that first-fit decreasing
        places.
        """
        limits = (counts @ self.relaxation.usage.T <= self.relaxation.limit + 1e-6).all(axis=1)
        limits[limits] = first_fit_decreasing_packing(self.instance, counts[limits])
        return limits

    def start(self, wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Round down, or up with the chance of the fraction, what fits; then add what earns most
        for its size until nothing does.
        """
        # Down first; what is then left of the GPUs goes to what earns most at the bound's prices.
        counts = np.floor(wanted + 1e-6).astype(np.int64)
        while not first_fit_decreasing_packing(self.instance, counts[None])[0]:
            counts[np.argmax(np.where(counts > 0, rng.random(counts.size), -1.0))] -= 1
        upper = self.relaxation.limit >= 0
        usage, limit = self.relaxation.usage[upper], self.relaxation.limit[upper]
        part = wanted - counts
        order = np.argsort(-part - rng.random(part.size) * (part > 1e-6), kind="stable")
        for o in [
            *order[part[order] > 1e-6],
            *np.argsort(-self.earnings / self.size, kind="stable")[:FILLERS],
        ]:
            while True:
                counts[o] += 1
                fits = (usage @ counts <= limit + 1e-6).all() and first_fit_decreasing_packing(
                    self.instance, counts[None]
                )[0]
                if not fits:
                    counts[o] -= 1
                if not fits or part[o] > 1e-6:
                    break
        return counts

    def route(self, counts: np.ndarray) -> bool:
        """Route one setup; whether it is the best so far."""
        key = counts.astype(np.int32).tobytes()
        if key in self.routed or not counts.any() or not self.legal(counts[None])[0]:
            return False
        self.routed.add(key)
        deployed = tuple((int(o), int(counts[o])) for o in np.flatnonzero(counts))
        routed = route_setup_by_policies(
            self.state,
            deployed,
            self.tolerance,
            -np.inf if self.best is None else self.best[0],
            most_nodes=BRANCHES,
        )
        if routed.value is None or (self.best is not None and routed.value <= self.best[0]):
            return False
        self.best = (routed.value, counts, routed)
        return True

    def neighbours(self, counts: np.ndarray) -> np.ndarray:
        """(R, O) up to two replicas fewer, of any option, and up to two more, of those that earn
        most.
        """
        one = np.eye(counts.size, dtype=np.int64)
        earning = np.argsort(
            -np.where(self.relaxation.usable, self.earnings / self.size, -np.inf), kind="stable"
        )[:EARNING]
        less, more = _fleet_up_to_two(one[counts > 0]), _fleet_up_to_two(one[earning])
        near = (counts - less[:, None, :] + more[None, :, :]).reshape(-1, counts.size)
        return near[(near >= 0).all(axis=1)]

    def improve(self, deadline: float, cancel: threading.Event | None) -> None:
        """Move to better neighbours of the best setup, those of the best bounds first, until TRIED
        of them are not better.
        """
        while self.best is not None:
            value, counts, _ = self.best
            near = self.neighbours(counts)
            near = near[self.relaxation.bounds(near) > value + self.tolerance]
            near = near[self.legal(near)]
            tried = 0
            while len(near) and self.best[0] == value and tried < TRIED:
                if time.perf_counter() > deadline or (cancel is not None and cancel.is_set()):
                    return
                bounds = self.bounds(near)
                order = np.argsort(-bounds, kind="stable")
                order = order[bounds[order] > value + self.tolerance]
                batch, near = near[order[:AT_ONCE]], near[order[AT_ONCE:]]
                tried += len(batch)
                for one in batch:
                    self.route(one)
            if self.best[0] == value:
                return

    def bounds(self, counts: np.ndarray) -> np.ndarray:
        """(R,) bounds of setups with replicas (R, O), by the relaxation's prices and by those of
        setups that were routed.
        """
        upper = self.relaxation.bounds(counts)
        llms = np.zeros((len(counts), len(self.instance.llms)), dtype=bool)
        for i in range(llms.shape[1]):
            llms[:, i] = counts[:, self.llm_of == i].any(axis=1)
        for deployed, bank in self.state.banks.items():
            own = np.zeros(llms.shape[1], dtype=bool)
            own[list(deployed)] = True
            rows = np.flatnonzero((llms == own).all(axis=1))
            for prices in bank.prices[-KEPT_PRICES:] if rows.size else ():
                if not prices.refutes:
                    phi = self.relaxation.phi(
                        np.bincount(deployed, prices.alpha, len(own)), prices.beta
                    )
                    upper[rows] = np.minimum(
                        upper[rows],
                        prices.base
                        + prices.beta.sum()
                        + counts[rows][:, self.relaxation.kept] @ phi,
                    )
        return upper


def _fleet_up_to_two(rows: np.ndarray) -> np.ndarray:
    """Zero, every row, and every sum of two rows."""
    first, second = np.triu_indices(len(rows))
    return np.vstack(
        [np.zeros((1, rows.shape[1]), dtype=rows.dtype), rows, rows[first] + rows[second]]
    )
