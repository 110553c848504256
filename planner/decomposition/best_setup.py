"""The best of all setups, each routed by dual prices; nothing here is shared with the joint
optimisation. numpy only.

    best over setups n of   max Q(f)  s.t. the shared SLOs at rates lambda f on n

Every routed setup (planner.decomposition.routing) leaves prices (alpha, beta), and each of them
bounds **every** setup with the same LLMs:

    quality(n) <= g(alpha) + sum_s beta_s + sum_o n_o phi_o(alpha, beta)

which is one look-up per LLM for all setups at once. So setups are taken in the order of their
bounds, the most promising first, and those whose bound does not exceed the best value so far are
pruned. The bound of the whole is the largest of any setup, routed or pruned.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Instance
from planner.decomposition.enumeration import (
    Config,
    Setups,
    enumerate_retained_setups,
    enumerate_setups,
)
from planner.decomposition.master import Deployed
from planner.decomposition.packing import PlacementVerdict, Seat, decide_packing
from planner.decomposition.price_bank import DecompositionState, Prices
from planner.decomposition.routing import RoutingResult, route_setup_by_policies

__all__ = ["BestSetup", "SetupBounds", "best_setup"]

BATCH = 12
"""Setups routed between two looks at the bounds of all."""

SEEDS = 2
"""Setups routed first of every set of deployed LLMs."""

REFUTED = 1e-6
"""Share by which a shared budget must be exceeded for a setup to count as refuted."""


@dataclass(frozen=True, kw_only=True)
class BestSetup:
    """The best setup and a bound on all, in score units (or USD/h).

    value: None without a plan; bound: -inf (inf) when it proves that there is none. deployed,
    seats, routed: of the best setup. enumerated: setups within compute and floor; routed_setups: of
    these, routed one by one; refused: looked at and not placed; undecided: setups whose placement
    was given up. complete: every setup was routed, pruned or refused.
    """

    value: float | None
    bound: float
    deployed: Config
    seats: tuple[Seat, ...]
    routed: RoutingResult | None
    enumerated: int
    routed_setups: int
    refused: int
    undecided: int
    complete: bool


class SetupBounds:
    """Upper bounds (S,) of all setups, tightened by every new price.

    A setup proved to have no routing has -inf.
    """

    def __init__(self, state: DecompositionState, setups: Setups) -> None:
        self.state, self.setups = state, setups
        self.upper = np.full(len(setups), np.inf)
        self.mask = setups.llms()
        self.options = [
            [o for o, one in enumerate(state.instance.options) if one.llm == i]
            for i in range(len(state.instance.llms))
        ]
        self.points = [
            np.hstack([state.blocks[o] for o in own]) if own else np.zeros((1 + len(state.slos), 0))
            for own in self.options
        ]
        self.starts = [
            np.cumsum([0, *(state.blocks[o].shape[1] for o in own)]) for own in self.options
        ]
        self.counts = [self._matrix(i) for i in range(len(self.options))]
        self.seen: dict[tuple[int, ...], int] = {}

    def _matrix(self, llm: int) -> np.ndarray:
        """(C, O_i) replicas of the LLM's options in each of its configurations."""
        at = {o: k for k, o in enumerate(self.options[llm])}
        matrix = np.zeros((len(self.setups.configs[llm]), len(at)))
        for c, config in enumerate(self.setups.configs[llm]):
            for option, replicas in config:
                matrix[c, at[option]] = replicas
        return matrix

    def learn(self, live: np.ndarray) -> None:
        """Apply prices learnt since the last call to the setups `live` (positions)."""
        for llms, bank in self.state.banks.items():
            fresh = bank.prices[self.seen.get(llms, 0) :]
            self.seen[llms] = len(bank.prices)
            if fresh:
                rows = live[self.mask[live] == sum(1 << i for i in llms)]
                for prices in fresh:
                    self._apply(llms, prices, rows)

    def _apply(self, llms: Sequence[int], prices: Prices, rows: np.ndarray) -> None:
        earned = np.zeros(rows.size)
        for k, llm in enumerate(llms):
            points, starts = self.points[llm], self.starts[llm]
            gain = prices.alpha[k] * points[0] - prices.beta @ points[1:]
            phi = np.full(starts.size - 1, -1e12)
            some = np.diff(starts) > 0
            phi[some] = np.maximum.reduceat(gain, starts[:-1][some])
            earned += (self.counts[llm] @ phi)[self.setups.choice[rows, llm]]
        if prices.refutes:
            self.upper[rows[prices.base - earned > 1.0 + REFUTED]] = -np.inf
        else:
            self.upper[rows] = np.minimum(
                self.upper[rows], prices.base + prices.beta.sum() + earned
            )


def highest_rate_of_setups(state: DecompositionState, setups: Setups) -> np.ndarray:
    """(S,) highest rate (req/s) that each setup carries at all."""
    most = np.array([table.rates[-1] if table.rates.size else -np.inf for table in state.tables])
    total = np.zeros(len(setups))
    for i, configs in enumerate(setups.configs):
        carried = np.array([sum(n * most[o] for o, n in config) for config in configs] or [0.0])
        total += carried[setups.choice[:, i]]
    return total


def best_setup(
    instance: Instance,
    *,
    tolerance: float,
    exact_packing: bool = True,
    progress: Callable[[str, float | None, float | None, float], None] | None = None,
    cancel: threading.Event | None = None,
    setups: Setups | None = None,
    keep: Callable[[int, RoutingResult], None] | None = None,
) -> BestSetup:
    """The setup of the best quality and a bound on all setups.

    tolerance: score units between value and bound of a routed setup, and of the whole.
    exact_packing: also setups that first-fit decreasing does not place. progress: called with
    phase, value, bound and the share of setups settled. cancel: the bound is then that of what was
    left. setups: those to examine, else all. keep: called with the position and the routing of
    every setup that is routed. Raises TooManySetupsError when the enumeration is too large.
    """
    state = DecompositionState(instance)
    setups = setups if setups is not None else enumerate_setups(instance)
    bounds = SetupBounds(state, setups)
    # What cannot carry the arrival rate at all needs no routing to be ruled out.
    bounds.upper[
        highest_rate_of_setups(state, setups) < instance.arrival_rate * (1 - 1e-9)
    ] = -np.inf
    if not exact_packing:
        bounds.upper[~enumerate_retained_setups(instance, setups)] = -np.inf
    search = _BestSearch(state, setups, bounds, tolerance, keep)
    live = np.flatnonzero(bounds.upper > -np.inf)
    batch = first_setup_of_each(setups, bounds, live)
    complete = True
    while batch.size:
        for setup in batch:
            if cancel is not None and cancel.is_set():
                complete = False
                break
            search.visit(int(setup))
        live = live[~search.done[live]]
        bounds.learn(live)
        live = live[bounds.upper[live] > search.worth_beating()]
        if progress is not None:
            open_bound = float(bounds.upper[live].max(initial=-np.inf))
            progress(
                "routing",
                search.value,
                max(open_bound, search.bound),
                1.0 - live.size / max(len(setups), 1),
            )
        if not complete:
            break
        # Best first: the largest bounds either become the best value or come down and prune others.
        order = (
            np.argpartition(-bounds.upper[live], BATCH - 1)[:BATCH]
            if live.size > BATCH
            else np.arange(live.size)
        )
        batch = live[order[np.argsort(-bounds.upper[live[order]], kind="stable")]]
    return search.result(float(bounds.upper[live].max(initial=-np.inf)), complete=complete)


def first_setup_of_each(setups: Setups, bounds: SetupBounds, live: np.ndarray) -> np.ndarray:
    """SEEDS setups of every set of deployed LLMs, those that allocate the most compute: prices to
    begin with.
    """
    total = setups.compute[live].sum(axis=1)
    order = live[np.argsort(-total, kind="stable")]
    groups = [order[bounds.mask[order] == mask][:SEEDS] for mask in np.unique(bounds.mask[live])]
    return np.concatenate(groups) if groups else live


class _BestSearch:
    """Best value so far and the bound of everything settled."""

    def __init__(
        self,
        state: DecompositionState,
        setups: Setups,
        bounds: SetupBounds,
        tolerance: float,
        keep: Callable[[int, RoutingResult], None] | None = None,
    ) -> None:
        self.state, self.setups, self.bounds, self.tolerance, self.keep = (
            state,
            setups,
            bounds,
            tolerance,
            keep,
        )
        self.done = np.zeros(len(setups), dtype=bool)
        self.value: float | None = None
        self.bound = -np.inf
        self.best: tuple[Deployed, tuple[Seat, ...], RoutingResult] | None = None
        self.routed = self.refused = self.undecided = 0

    def worth_beating(self) -> float:
        """A setup whose bound is not above this need not be looked at."""
        return -np.inf if self.value is None else self.value + self.tolerance / 2

    def visit(self, setup: int) -> None:
        """Place and route one setup."""
        self.done[setup] = True
        if self.bounds.upper[setup] <= self.worth_beating():
            return
        deployed = self.setups.deployed(setup)
        placement = decide_packing(self.state.instance, deployed)
        if placement.verdict == PlacementVerdict.IMPOSSIBLE:
            self.refused += 1
            return
        self.routed += 1
        routed = route_setup_by_policies(
            self.state, deployed, self.tolerance / 2, self.worth_beating()
        )
        if self.keep is not None:
            self.keep(setup, routed)
        self.bound = max(self.bound, min(routed.bound, self.bounds.upper[setup]))
        # A setup whose placement is open counts in the bound, not in the value.
        if not placement.placed:
            self.undecided += 1
        elif routed.value is not None and (self.value is None or routed.value > self.value):
            self.value, self.best = routed.value, (deployed, placement.seats, routed)

    def result(self, open_bound: float, *, complete: bool) -> BestSetup:
        """The best setup; everything pruned is bounded by its value plus the tolerance."""
        bound = max(self.bound, open_bound if not complete else -np.inf, self.worth_beating())
        deployed, seats, routed = self.best or ((), (), None)
        return BestSetup(
            value=self.value,
            bound=bound,
            deployed=tuple(deployed),
            seats=seats,
            routed=routed,
            enumerated=len(self.setups),
            routed_setups=self.routed,
            refused=self.refused,
            undecided=self.undecided,
            complete=complete,
        )
