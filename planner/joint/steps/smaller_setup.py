"""A first plan where packing is what fails: programs that leave part of the pools unused which
could not be packed, more and more of them.

As long as raising the bound brings little, a plan with a gap is better than none. Capacity rows
bind where packings break, and a few GPUs of slack are what first-fit needs.
"""

from dataclasses import replace

import numpy as np

from planner.joint.programs.restricted_milp import RestrictedMilp
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import place_or_thin_heuristic
from planner.joint.setups.separation import all_packed, pack_for_separation

SMALLER = (0.97, 0.94, 0.9, 0.85, 0.75, 0.6)
"""Shares of the pools that could not be packed on which a first plan is sought."""

ROUGH_GAP = 0.002
"""Gap (0..1 scale) of the programs for such a first plan."""


def try_smaller_setup(
    state: GoalState, milp: RestrictedMilp, options: tuple[int, ...], replicas: np.ndarray
) -> None:
    """Consider the first such plan.

    options: of the programs. replicas: (O,) that were not packed.
    """
    pools = state.shared.instance.pools
    tight: set[int] = set()
    for share in SMALLER:
        packings = pack_for_separation(state.shared, replicas)
        tight |= {p for p, packing in enumerate(packings) if not all_packed([packing])}
        most = tuple(
            min(int(share * pool.gpus), pool.gpus - 1) if p in tight else pool.gpus
            for p, pool in enumerate(pools)
        )
        solution = milp.solve(options, ROUGH_GAP, replace(state.goal, gpus_at_most=most))
        if not solution.has_setup or state.shared.clock.stopped():
            return
        replicas, rates = solution.setup()
        place_or_thin_heuristic(state, replicas, rates)
        if state.incumbent is not None:
            return
