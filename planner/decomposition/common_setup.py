"""The best setup for several cells at once, each routed by dual prices. numpy only.

    best over setups n of   sum_ct om_ct Q_ct(n),    Q_ct(n)  best routing of the cell on n

Cells of different cases have nothing in common but the setup, so that the bound of a setup is the
weighted sum of the bounds of its cells, each by prices learnt from any setup
(`planner.decomposition.best_setup`). A cell that has no routing on a setup rules the setup out,
counted or not. Cells of one case share replicas; each is then bounded as if the others left it what
it needs (`planner.decomposition.cell_state`), and there is no value.

Only the mixed points of a setup bound it: ranges are not split, since lanes of one option may run
at different rates.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Instance
from planner.decomposition.best_setup import (
    BATCH,
    SetupBounds,
    first_setup_of_each,
    highest_rate_of_setups,
)
from planner.decomposition.cell_state import CellState
from planner.decomposition.enumeration import Config, Setups
from planner.decomposition.lagrangian import LagrangianRelaxation
from planner.decomposition.packing import PlacementVerdict, decide_packing
from planner.decomposition.routing import RoutingResult, route_setup_by_policies

__all__ = [
    "CommonCell",
    "CommonSetup",
    "best_common_setup",
    "cell_bound_by_relaxation",
    "route_cell",
]

MOST_ROUTED = 60
"""Setups routed where no value of the decomposition's own ends the search."""


FLOOR_NOISE = 1e-9
"""A mean score this close below a floor, in shares of the range of scores, keeps it."""


@dataclass(frozen=True)
class CommonCell:
    """A cell that the setup serves. weight: in the value. floor: least mean score, or -inf."""

    state: CellState
    weight: float
    floor: float = -np.inf

    @property
    def least(self) -> float:
        """A quality or a bound below it breaks the floor."""
        return self.floor - FLOOR_NOISE * self.state.prompts.span


@dataclass(frozen=True, kw_only=True)
class CommonSetup:
    """value: weighted quality of the best setup, None without one or where cells share a case;
    bound: no setup is better, -inf: there is none. complete: every setup was routed, pruned or
    refused.
    """

    value: float | None
    bound: float
    deployed: Config
    enumerated: int
    routed_setups: int
    refused: int
    complete: bool


def route_cell(
    state: CellState, deployed: Config, tolerance: float, most_nodes: int = 1
) -> RoutingResult:
    """The best routing of a cell on replicas of the cluster, with every LLM outside. With one node
    its bound holds for any lanes.
    """
    everything = (*deployed, *((o, 1) for o in state.outside))
    if not everything:
        nothing = np.zeros(0)
        return RoutingResult(
            value=None,
            bound=-np.inf,
            rates=nothing,
            fractions=nothing,
            alpha=nothing,
            beta=nothing,
            spends=nothing,
        )
    return route_setup_by_policies(state, everything, tolerance, most_nodes=most_nodes)


def cell_bound_by_relaxation(
    state: CellState, tolerance: float, cancel: threading.Event | None = None
) -> float:
    """A bound on the cell's quality on all setups, where they are too many to enumerate."""
    if not state.instance.gpus:
        return state.prompts.most
    relaxation = LagrangianRelaxation(state)
    if not relaxation.program.feasible():
        return -np.inf if relaxation.refuted() else state.prompts.most
    return min(relaxation.climb(tolerance, None, cancel)[0], state.prompts.most)


def best_common_setup(
    instance: Instance,
    cells: Sequence[CommonCell],
    setups: Setups,
    *,
    tolerance: float,
    target: float | None = None,
    progress: Callable[[str, float | None, float | None, float], None] | None = None,
    cancel: threading.Event | None = None,
) -> CommonSetup:
    """The best setup for all cells, and a bound on every setup.

    tolerance: weighted score units. target: None where the
    routings of all cells together are a plan, so that their value counts; otherwise setups that are
    not better than this weighted quality need not be looked at.
    """
    search = _CommonSearch(instance, cells, setups, tolerance, target)
    live = np.flatnonzero(search.upper() > -np.inf)
    batch = first_setup_of_each(setups, search.bounds[0], live)
    complete = True
    while batch.size:
        for setup in batch:
            limited = target is not None and search.routed >= MOST_ROUTED
            if limited or (cancel is not None and cancel.is_set()):
                complete = False
                break
            search.visit(int(setup))
        live = live[~search.done[live]]
        for bounds in search.bounds:
            bounds.learn(live)
        upper = search.upper()
        live = live[upper[live] > search.worth_beating()]
        if progress is not None:
            open_bound = float(upper.max(initial=-np.inf))
            settled = 1.0 - live.size / max(len(setups), 1)
            progress("routing cases", search.value, open_bound, settled)
        if not complete:
            break
        batch = live[np.argsort(-upper[live], kind="stable")[:BATCH]]
    return CommonSetup(
        value=search.value,
        # Pruned setups are bounded too, by what they were pruned for.
        bound=float(search.upper().max(initial=-np.inf)),
        deployed=search.deployed,
        enumerated=len(setups),
        routed_setups=search.routed,
        refused=search.refused,
        complete=complete,
    )


class _CommonSearch:
    """Bounds of all setups by cell, and the best value so far."""

    def __init__(
        self,
        instance: Instance,
        cells: Sequence[CommonCell],
        setups: Setups,
        tolerance: float,
        target: float | None,
    ) -> None:
        self.instance, self.cells, self.setups = instance, cells, setups
        self.tolerance, self.target = tolerance, target
        self.bounds = [SetupBounds(cell.state, _with_outside(setups, cell.state)) for cell in cells]
        for cell, bounds in zip(cells, self.bounds, strict=True):
            state = cell.state
            carried = highest_rate_of_setups(state, bounds.setups)
            bounds.upper[:] = state.prompts.most
            bounds.upper[carried < state.instance.arrival_rate * (1 - 1e-9)] = -np.inf
        self.done = np.zeros(len(setups), dtype=bool)
        self.value: float | None = None
        self.deployed: Config = ()
        self.routed = self.refused = 0

    def upper(self) -> np.ndarray:
        """(S,) bounds of all setups; -inf where a cell has no routing."""
        total = np.zeros(len(self.setups))
        for cell, bounds in zip(self.cells, self.bounds, strict=True):
            if cell.weight > 0:
                total += cell.weight * bounds.upper
            total[(bounds.upper == -np.inf) | (bounds.upper < cell.least)] = -np.inf
        return total

    def worth_beating(self) -> float:
        """A setup whose bound is not above this need not be looked at."""
        if self.target is not None:
            return self.target
        return -np.inf if self.value is None else self.value + self.tolerance / 2

    def visit(self, setup: int) -> None:
        """Place one setup, and route every cell on it."""
        self.done[setup] = True
        deployed = self.setups.deployed(setup)
        placement = decide_packing(self.instance, deployed)
        if placement.verdict == PlacementVerdict.IMPOSSIBLE:
            self.refused += 1
            self.bounds[0].upper[setup] = -np.inf
            return
        self.routed += 1
        value = 0.0
        for cell, bounds in zip(self.cells, self.bounds, strict=True):
            routed = route_cell(cell.state, deployed, self.tolerance / 2)
            bounds.upper[setup] = min(routed.bound, bounds.upper[setup])
            if bounds.upper[setup] == -np.inf:
                return
            kept = routed.value is not None and routed.value >= cell.least
            value += cell.weight * routed.value if kept and routed.value is not None else np.nan
        better = self.value is None or value > self.value
        if self.target is None and placement.placed and np.isfinite(value) and better:
            self.value, self.deployed = float(value), deployed


def _with_outside(setups: Setups, state: CellState) -> Setups:
    """The same setups with one replica of every LLM outside that the cell may use."""
    if not state.count_outside:
        return setups
    first = len(state.instance.options) - state.count_outside
    own = [
        (((o, 1),),) if o in state.outside else ((),)
        for o in range(first, len(state.instance.options))
    ]
    choice = np.hstack([setups.choice, np.zeros((len(setups), len(own)), setups.choice.dtype)])
    return Setups((*setups.configs, *own), choice, setups.compute)
