"""The steps of a search for the least cost under a quality floor.

Before the programs that look at all costs at once:

    anneal      setups exchanged by replicas at the floor's price         (cost_annealing)
    near        with 7 to 12 LLMs, programs near the relaxation           (cost_neighbourhood)
    round       the relaxation's numbers rounded at least cost            (cost_rounding)
    any cost    a first plan where none of these reaches the floor        (cost_floor)
    plunge      dives from the relaxation                                 (steps.plunging)

and, once there is a plan, one possible cost after the other from the bound up (cost_floor).
"""

from collections.abc import Callable

import numpy as np

from planner.joint.costs.cost_annealing import CostAnnealing
from planner.joint.costs.cost_floor import (
    FEW_NODES,
    MANY_NODES,
    reach_floor_at_any_cost,
    rule_out_costs,
)
from planner.joint.costs.cost_neighbourhood import price_of_floor, search_cost_neighbourhood
from planner.joint.costs.cost_rounding import round_for_cost
from planner.joint.programs.restricted_milp import MilpSolution, RestrictedMilp
from planner.joint.programs.root_relaxation import NEARBY_LLMS, RootRelaxation
from planner.joint.setups.cut_loop import MANY_LLMS
from planner.joint.setups.goal_state import GoalState
from planner.joint.steps.plunging import plunge_for_cost

ANNEALED_OPTIONS, ANNEALINGS = 120, 2
"""Options of annealing, those of least loss in the relaxation; rounds of it, 2.5 s each with 12
LLMs.
"""


class CostSteps:
    """What one search for a cost does beside its programs."""

    def __init__(
        self,
        state: GoalState,
        relaxation: RootRelaxation,
        best_quality_within: Callable[[float, float], GoalState],
    ) -> None:
        """best_quality_within: cost (USD/h), floor (0..1 scale) -> state of the search for the best
        quality at that cost.
        """
        self.state, self.relaxation = state, relaxation
        self._best_quality_within = best_quality_within
        llms, prices_changes = len(state.shared.instance.llms), state.shared.instance.prices_changes
        # With few LLMs programs are as quick as annealing, with 20 rounding takes 2 s in place of
        # 4; with more than MANY_LLMS the linear program of one setup takes as long as ten of 12
        # LLMs.
        self._some_llms = NEARBY_LLMS < llms <= MANY_LLMS and not prices_changes
        self._annealing = self._prepare_annealing()

    def _prepare_annealing(self) -> CostAnnealing | None:
        """Annealing over the promising options, where the floor has a price."""
        price = price_of_floor(self.relaxation)
        if not self._some_llms or price <= 0:
            return None
        options = RestrictedMilp(self.state, self.relaxation).promising(ANNEALED_OPTIONS)
        point, layout = self.relaxation.point, self.relaxation.layout
        return CostAnnealing(self.state, point, layout, options, price)

    def seek_cheap_setups(self) -> tuple[np.ndarray, ...]:
        """Plans before the first program, near the relaxation; where none of these reaches the
        floor, at any cost, and by plunges. Returns the points (M,) that rounding and plunges met.
        """
        state, before = self.state, self.state.loss
        if self._annealing is not None:
            self._annealing.improve()
        if state.closed() or state.loss < before:
            return ()
        if self._some_llms:
            search_cost_neighbourhood(state, self.relaxation)
        if state.closed() or state.loss < before:
            return ()
        met: tuple[np.ndarray, ...] = ()
        if state.shared.quality.moves_prompts:
            met += tuple(round_for_cost(state, self.relaxation))
        is_rounded = state.loss < before
        if state.incumbent is None:
            reach_floor_at_any_cost(state, self._best_quality_within)
        if not is_rounded and not state.closed():
            met += tuple(plunge_for_cost(state, self.relaxation))
        return met

    def close_cost(self, milp: RestrictedMilp, consider: Callable[[MilpSolution], bool]) -> None:
        """Bring bound and plan together; `consider` as in `rule_out_costs`."""
        state, annealing = self.state, self._annealing
        if len(state.shared.instance.llms) > NEARBY_LLMS:
            nodes = FEW_NODES if annealing is None else MANY_NODES
            rule_out_costs(state, milp, consider, nodes)
        while annealing is not None and annealing.plans and annealing.rounds < ANNEALINGS:
            if state.closed() or state.shared.clock.stopped():
                break
            annealing.improve()
