"""From a search to its solution: the plan, its effort, and the status that both make."""

import time

from planner.joint.setups.goal_state import Incumbent
from planner.joint.setups.search_state import SearchState
from planner.joint.solver import highs
from planner.solution import (
    Effort,
    ShadowPrices,
    Solution,
    Status,
    Termination,
    TieGroup,
    shards_of_solution,
)


def outcome_solution(
    best: Incumbent,
    value: float,
    bound: float,
    effort: Effort,
    prices: ShadowPrices | None,
) -> Solution:
    """A placed and routed plan as a solution; optimal when the effort ended with the gap closed.

    value, bound: of the objective (mean score, or USD/h).
    """
    return Solution(
        status=Status.OPTIMAL if effort.termination == Termination.GAP else Status.FEASIBLE,
        value=value,
        bound=bound,
        effort=effort,
        replicas=best.routed.replicas,
        routed_rates=best.routed.rates,
        fractions=best.routed.fractions,
        quality=best.settled.value,
        dual_prices=best.settled.prices,
        ties=tuple(TieGroup(tie.llms, tie.share, tie.split) for tie in best.settled.ties),
        tie_eps=best.settled.tie_eps,
        placement=tuple(shard for packing in best.packing for shard in shards_of_solution(packing)),
        shadow_prices=prices,
    )


def outcome_effort(state: SearchState, termination: Termination, notes: list[str]) -> Effort:
    """What the searches on an instance have done until now."""
    clock = state.clock
    return Effort(
        wall=time.perf_counter() - clock.began,
        seconds=dict(clock.seconds),
        milp_solves=state.milp_solves,
        quality_cuts=len(state.quality.cuts),
        nodes=state.nodes,
        work=clock.worked,
        termination=termination,
        solver_version=highs.VERSION,
        notes=tuple(notes),
    )
