"""Local search between setups for a cost: the neighbourhood of the best plan, or of a dive from the
relaxation where there is none (steps.neighbourhood), in programs that price the miss of the
quality floor (tree.floor_program). It is where annealing (costs.cost_annealing) brings no plan:
programs know scores that are no smooth surface.

    value     cost of the GPUs that the packing takes, and the price of what is missed
    take      a setup that is cheaper than the best plan and misses the floor by no more than values
              err: routed exactly; the cuts and curves that this refines make the next values right

Why. Near a floor the setups that integer programs answer miss it by little or cost a hundredth too
much, each in 2 to 8 s; here one takes 3 ms. 12 LLMs, 256 GPUs: at 1,000 req/s and a floor near the
best answers rounding ended at 345.9 USD/h after 17 s, this at 342.3 after 5 s (1,500 linear
programs), and at 340.5 after 4,800; at 3,000 req/s it found the cheapest plan in 4 s, where 0.3 %
was open after 15 s. Setups with half of a GPU here and there cost more than capacity rows count:
without their packing values were wrong by a hundredth.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from models.formulation import fleet_cost
from planner.joint.programs.restricted_milp import RestrictedMilp
from planner.joint.programs.root_relaxation import RootRelaxation
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import consider_primal
from planner.joint.setups.separation import all_packed, pack_tightly_for_separation
from planner.joint.steps.neighbourhood import (
    DIVE_ROUNDS,
    DIVES,
    FIRST_TRIALS,
    ROUNDS,
    TRIALS,
    WHOLE,
    NearbySetup,
    Neighbourhood,
)
from planner.joint.tree.floor_program import MISSED, QUALITY_TOLERANCE, FloorProgram, PricedFloor
from planner.joint.tree.node_program import NodePoint

IN_VAIN, MOST_LPS = 50, 2_000
"""Dives one after the other without a better setup, linear programs in all: 5 to 7 s with 12 LLMs
and 256 GPUs. With 1,000 the floor near the best answers was 1.4 % open after 15 s in place of 0.9.
"""

START_ROUNDS, EXACT_ROUNDS = 12, 40
"""Solves of the point that a first dive begins at, and of a setup that is to be routed: after those
of other setups some were over-rated by a thousandth, a hundredth of the cost.
"""

NEAR_MISS = 6e-5
"""Quality (0..1 scale) that a setup may miss in its program and still be routed: cuts of the last
round and curves that were not refined there err by as much.
"""

BETTER = 1e-3
"""Part of the gap by which a value has to fall."""


@dataclass(frozen=True)
class CostedSetup(NearbySetup):
    """cost: of its packing, USD/h. beyond: what that is more than its program's. missed: of the
    floor, 0..1 scale.
    """

    cost: float
    beyond: float
    missed: float

    @property
    def loss(self) -> float:
        """Cost, and the price of what is missed."""
        return self.point.bound + self.beyond


def search_cost_neighbourhood(state: GoalState, relaxation: RootRelaxation) -> None:
    """Consider setups near the incumbent, or near the relaxation without one, until the gap is
    closed or the effort is spent.
    """
    shared, began = state.shared, time.perf_counter()
    cuts = len(shared.quality.cuts)
    floor = PricedFloor(state.goal.quality_at_least or 0.0, price_of_floor(relaxation))
    if floor.price > 0:
        CostNeighbourhood(state, RestrictedMilp(state, relaxation), floor).run()
    made = np.arange(cuts, len(shared.quality.cuts))
    state.plunge_cuts = np.concatenate([state.plunge_cuts, made])
    shared.clock.spend("neighbourhood", began)
    state.report("neighbourhood")


def price_of_floor(relaxation: RootRelaxation) -> float:
    """USD/h of quality (0..1 scale) at the floor: what its rows' duals sum to. 0 where it costs
    nothing.
    """
    duals = relaxation.point.row_dual[relaxation.layout.static_rows :]
    return max(-float(duals.sum()), 0.0)


class CostNeighbourhood(Neighbourhood):
    """The search from one incumbent, or from a dive."""

    _program: FloorProgram
    # Draws that promise most were measured for quality alone.
    drawn = 1

    def __init__(self, state: GoalState, milp: RestrictedMilp, floor: PricedFloor) -> None:
        self._floor = floor
        super().__init__(state, milp)
        self.better = BETTER * state.tolerance()

    def run(self) -> None:
        """Descend from the incumbent, or a dive, then dive and descend."""
        start = self._start_for_cost()
        if start is None:
            return
        best, vain = self._route_if_cheaper(self._descend(start, FIRST_TRIALS)), 0
        for _ in range(DIVES):
            if self._halted() or vain == IN_VAIN:
                break
            vain += 1
            anew = self._decide_anew(best)
            if anew is None:
                continue
            found = self._descend(anew, TRIALS)
            if found.loss < best.loss - self.better:
                found = self._route_if_cheaper(found)
            if found.loss < best.loss - self.better:
                best, vain = found, 0

    def _halted(self) -> bool:
        return self._lps >= MOST_LPS or self.state.closed() or self.shared.clock.stopped()

    def _start_for_cost(self) -> NearbySetup | None:
        """The incumbent, or the end of a dive without a cutoff."""
        if self.state.incumbent is not None:
            return self._solve(self._incumbent(), np.inf)
        low, high = np.zeros(self.options.size), self._upper.astype(float)
        return self._dive(self._solve_box(low, high, np.inf, START_ROUNDS), low, high, np.inf)

    def _fix_in_dive(
        self,
        point: NodePoint,
        chosen: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        cutoff: float,
    ) -> NodePoint | None:
        """The same; a first dive, which has to end in a setup, tries fewer and then more replicas
        where the nearest numbers leave nothing: pools may be full, or requests unserved.
        """
        counts, before = point.counts[chosen], high[chosen]
        after = super()._fix_in_dive(point, chosen, low, high, cutoff)
        if np.isfinite(cutoff):
            return after
        for other in (np.floor(counts + WHOLE), np.ceil(counts - WHOLE)):
            if after is not None or np.any(other > before):
                break
            low[chosen] = high[chosen] = other
            after = self._solve_box(low, high, cutoff, DIVE_ROUNDS)
        return after

    def _solve(
        self, replicas: np.ndarray, cutoff: float, rounds: int = ROUNDS
    ) -> CostedSetup | None:
        """A setup with the cost of its packing, None where it is not packed or as dear as the
        cutoff.
        """
        setup = super()._solve(replicas, cutoff, rounds)
        if setup is None:
            return None
        missed, full = self._program.missed, self._in_full(setup)
        packings = pack_tightly_for_separation(self.shared, full)
        if not all_packed(packings):
            return None
        fleet = fleet_cost(self.shared.instance)
        cost = fleet.at([packing.gpus for packing in packings])
        beyond = max(cost - fleet.at(self._gpus_in_program(full)), 0.0)
        found = CostedSetup(replicas, setup.point, cost, beyond, missed)
        return found if found.loss < cutoff else None

    def _gpus_in_program(self, replicas: np.ndarray) -> np.ndarray:
        """(P,) GPUs that the capacity rows count for a setup (O,)."""
        used = np.zeros(len(self.shared.instance.pools))
        for row in self.shared.capacity:
            if not row.per_node:
                used[row.pool] = max(used[row.pool], float(row.weight @ replicas))
        return used

    def _route_if_cheaper(self, setup: NearbySetup) -> NearbySetup:
        """The setup with its value once quality is right; routed, if it may be a better plan."""
        exact = self._solve(setup.replicas, np.inf, EXACT_ROUNDS)
        if exact is None:
            return replace(setup, point=replace(setup.point, bound=np.inf))
        dearer = exact.cost > self.state.loss - self.better
        if dearer or exact.missed > NEAR_MISS or self.shared.clock.stopped():
            return exact
        replicas = self._in_full(exact)
        packings = pack_tightly_for_separation(self.shared, replicas)
        reached = consider_primal(self.state, replicas, exact.point.rates, packings)
        # Routing has refined curves and cuts: further values are right there.
        self._program = self._build()
        if reached is None or reached >= self._floor.quality:
            return exact
        missed = self._floor.quality - reached
        value = exact.cost + MISSED * self._floor.price * missed
        return replace(exact, beyond=value - exact.point.bound, missed=missed)

    def _quality_gap(self) -> float:
        """Of quality: that of the goal is one of USD/h."""
        return QUALITY_TOLERANCE

    def _build(self) -> FloorProgram:
        state, shared = self.state, self.shared
        options = tuple(self.options.tolist())
        points = {o: shared.points(o) for o in options}
        return FloorProgram(
            shared.formulation(state.goal, options),
            shared.quality,
            points,
            shared.settings(),
            self._groups,
            self._near,
            self._floor,
        )
