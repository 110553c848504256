"""Plunging: a setup from the relaxation by fixing a part of its replicas at a time.

    converge    the linear program, cut for a few rounds at its own fractions
    fix         replicas that are whole, and of the others a share, those nearest to a whole number
    again       until all replicas in use are whole, or the program is infeasible

The setup is then placed (thinned out where it cannot be) and routed exactly: a dive without
backtracking (Berthold, Primal Heuristics for Mixed Integer Programs, TU Berlin 2006, chapter 3).

Measured on instances whose gap integer programs left open for long (8 to 12 LLMs at light load, 48
and 256 GPUs, gap 1e-3): 10 s became 2 to 6, and 20 s with an open gap 4 to 13. The integer programs
do not hold the cuts of plunges: they lie elsewhere, and with them three of seven took longer.
"""

import time

import numpy as np

from planner.joint.cut_loop import CutLoop, RelaxationPoint
from planner.joint.goal_state import GoalState
from planner.joint.primal_heuristics import place_or_thin_heuristic
from planner.joint.root_relaxation import RootRelaxation
from planner.joint.solver.highs import StopReason

SHARES, IN_VAIN = (0.3, 0.2, 0.34, 0.25, 0.15, 0.4), 2
"""Of the replicas that are not whole, the part that is fixed in one step, plunge by plunge; plunges
one after the other that may bring nothing.
"""

ROUNDS = 8
"""Of the cut loop, between two steps."""

MOST_STEPS = 40
"""Each fixes one option at least; at 30 % a step 60 options take a dozen."""

WHOLE = 1e-6
"""Distance from a whole number that is none."""


def plunge_from_relaxation(state: GoalState, relaxation: RootRelaxation) -> None:
    """Consider the setups that plunges end in; their cuts go into the shared pool."""
    began, in_vain, cuts = time.perf_counter(), 0, len(state.shared.quality.cuts)
    for share in SHARES:
        before = state.loss
        _plunge_once(state, relaxation, share)
        in_vain = 0 if state.loss < before else in_vain + 1
        if state.closed() or state.shared.clock.stopped() or in_vain == IN_VAIN:
            break
    state.plunge_cuts = np.arange(cuts, len(state.shared.quality.cuts))
    state.shared.clock.spend("plunge", began)
    state.report("plunge")


def _plunge_once(state: GoalState, relaxation: RootRelaxation, share: float) -> None:
    shared, form = state.shared, relaxation.form
    loop = CutLoop(
        shared.formulation(state.goal, form.options),
        shared.quality,
        {o: shared.points(o) for o in form.options},
        shared.settings(),
    )
    point = _plunge(state, loop, share)
    shared.clock.add("highs", loop.live.seconds)
    if point is not None and not shared.clock.stopped():
        place_or_thin_heuristic(state, np.rint(point.replicas), point.rates)


def _plunge(state: GoalState, loop: CutLoop, share: float) -> RelaxationPoint | None:
    """The last point with whole replicas; None where fixing leads nowhere."""
    shared = state.shared
    fixed = np.zeros(len(shared.instance.options), dtype=bool)
    for _ in range(MOST_STEPS):
        point = loop.converge(
            state.cut_tolerance(), ROUNDS, in_out=True, stopped=shared.clock.stopped
        )
        if point.stop is not StopReason.OPTIMAL or shared.clock.stopped():
            return None
        chosen = replicas_to_fix(point.replicas, fixed, share)
        if not chosen.size:
            return point
        loop.fix_replicas({int(o): round(point.replicas[o]) for o in chosen})
        fixed[chosen] = True
    return None


def replicas_to_fix(replicas: np.ndarray, fixed: np.ndarray, share: float) -> np.ndarray:
    """Options to fix next; none where all in use are whole.

    Options not in use stay free: what is fixed may make them useful.
    """
    used = np.flatnonzero((replicas > WHOLE) & ~fixed)
    apart = np.abs(replicas[used] - np.rint(replicas[used]))
    broken = used[apart > WHOLE]
    if not broken.size:
        return broken
    order = np.argsort(apart[apart > WHOLE], kind="stable")
    first = broken[order[: max(int(np.ceil(share * broken.size)), 1)]]
    return np.concatenate([used[apart <= WHOLE], first])
