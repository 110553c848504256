"""The cheapest setup that reaches a quality. numpy only.

    min over setups n of  price of the GPUs that hold n; of owned pools all their GPUs, of reserved
                          nodes theirs and what is used beyond
    s.t.                  best quality of n >= quality_at_least

Setups are taken by a lower bound of their cost (whole GPUs for the compute of every pool); what
costs more than the best so far, or whose quality is bounded below the floor by prices (`Bounds`),
is never routed. A setup that reaches the floor is packed on as few GPUs as possible, which gives
its cost.
The bound is the least cost of a setup that may still reach the floor.
"""

import threading
from collections.abc import Callable

import numpy as np

from models.instance import Instance
from planner.decomposition.best_setup import (
    BATCH,
    BestSetup,
    SetupBounds,
    first_setup_of_each,
    highest_rate_of_setups,
)
from planner.decomposition.enumeration import Config, Setups, enumerate_setups
from planner.decomposition.packing import PlacementVerdict, Seat, decide_packing_on_fewest
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import RoutingResult, route_setup_by_policies

__all__ = ["FLOOR_SLACK", "cheapest_setup"]

FLOOR_SLACK = 1e-6
"""A setup counts when its quality reaches the floor less this (the contract)."""

DEARER = 1e-9
"""USD/h by which a setup must be cheaper than the best to be looked at."""


def cheapest_setup(
    instance: Instance,
    *,
    tolerance: float,
    progress: Callable[[str, float | None, float | None, float], None] | None = None,
    cancel: threading.Event | None = None,
    setups: Setups | None = None,
) -> BestSetup:
    """The cheapest setup that reaches the quality floor, and a bound; both in USD/h.

    tolerance: score units to which quality is judged. progress, cancel, setups: as in `best_setup`.
    Raises TooManySetupsError when the enumeration is too large.
    """
    state = DecompositionState(instance)
    setups = setups if setups is not None else enumerate_setups(instance)
    bounds = SetupBounds(state, setups)
    bounds.upper[
        highest_rate_of_setups(state, setups) < instance.arrival_rate * (1 - 1e-9)
    ] = -np.inf
    search = _CheapestSearch(state, setups, tolerance)
    live = np.flatnonzero(bounds.upper > -np.inf)
    batch, complete = first_setup_of_each(setups, bounds, live), True
    while batch.size:
        for setup in batch:
            if cancel is not None and cancel.is_set():
                complete = False
                break
            search.visit(int(setup))
        live = live[~search.done[live]]
        bounds.learn(live)
        live = live[
            (bounds.upper[live] >= search.floor) & (search.least[live] < search.worth_finding())
        ]
        if progress is not None:
            progress(
                "routing",
                search.value,
                float(search.least[live].min(initial=search.bound)),
                1.0 - live.size / max(len(setups), 1),
            )
        if not complete:
            break
        # Cheapest first; among equals the largest bound, which is likeliest to reach the floor.
        batch = live[np.lexsort((-bounds.upper[live], search.least[live]))[:BATCH]]
    least_open = np.inf if complete else float(search.least[live].min(initial=np.inf))
    return search.result(least_open, complete=complete)


class _CheapestSearch:
    """Least cost so far, and the least cost of what could not be decided."""

    def __init__(self, state: DecompositionState, setups: Setups, tolerance: float) -> None:
        self.state, self.setups, self.tolerance = state, setups, tolerance
        self.floor = (state.instance.quality_floor or 0.0) - FLOOR_SLACK
        self.least = self.cost(np.ceil(setups.compute - 1e-6))
        self.done = np.zeros(len(setups), dtype=bool)
        self.value: float | None = None
        self.bound = np.inf
        self.best: tuple[Config, tuple[Seat, ...], RoutingResult] | None = None
        self.routed = self.refused = self.undecided = 0

    def cost(self, gpus: np.ndarray) -> np.ndarray:
        """USD/h of GPUs in use (..., P); it grows with them."""
        total = np.zeros(gpus.shape[:-1])
        for p, pool in enumerate(self.state.instance.pools):
            price = np.nan if pool.price is None else pool.price
            reserved = pool.reserved * pool.gpus_per_node
            used = pool.gpus if pool.owned else gpus[..., p]
            total += pool.reserved_price * reserved + price * np.maximum(used - reserved, 0)
        return total

    def worth_finding(self) -> float:
        """A setup that costs this or more need not be looked at."""
        return np.inf if self.value is None else self.value - DEARER

    def visit(self, setup: int) -> None:
        """Route one setup and, where it reaches the floor, pack it."""
        self.done[setup] = True
        if self.least[setup] >= self.worth_finding():
            return
        deployed = self.setups.deployed(setup)
        self.routed += 1
        routed = route_setup_by_policies(
            self.state, deployed, self.tolerance, self.floor, enough=self.floor
        )
        if routed.bound < self.floor:
            return
        placement = decide_packing_on_fewest(self.state.instance, deployed)
        if placement.verdict == PlacementVerdict.IMPOSSIBLE:
            self.refused += 1
            return
        if not placement.placed:
            self.undecided += 1
            self.bound = min(self.bound, self.least[setup])
            return
        cost = float(self.cost(np.array(placement.gpus, dtype=float)))
        if routed.value is None or routed.value < self.floor:
            self.undecided += 1
            self.bound = min(self.bound, cost)
        elif cost < self.worth_finding():
            self.value, self.best = cost, (deployed, placement.seats, routed)

    def result(self, open_cost: float, *, complete: bool) -> BestSetup:
        """The cheapest setup; without one and with nothing open the bound is infinite: no setup
        reaches the floor.
        """
        bound = min(self.bound, open_cost, np.inf if self.value is None else self.value)
        deployed, seats, routed = self.best or ((), (), None)
        return BestSetup(
            value=self.value,
            bound=bound,
            deployed=deployed,
            seats=seats,
            routed=routed,
            enumerated=len(self.setups),
            routed_setups=self.routed,
            refused=self.refused,
            undecided=self.undecided,
            complete=complete,
        )
