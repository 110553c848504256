"""Plunging: a setup from the relaxation by fixing a part of its replicas at a time.

    converge    the linear program, cut for a few rounds at its own fractions
    fix         replicas that are whole, and of the others a share, those nearest to a whole number
    again       until all replicas in use are whole, or the program is infeasible

The setup is then placed (thinned out where it cannot be) and routed exactly: a dive without
backtracking (Berthold, Primal Heuristics for Mixed Integer Programs, TU Berlin 2006, chapter 3).

Measured on instances whose gap integer programs left open for long (8 to 12 LLMs at light load, 48
and 256 GPUs, gap 1e-3): 10 s became 2 to 6, and 20 s with an open gap 4 to 13. The integer programs
do not hold the cuts of plunges: they lie elsewhere, and with them three of seven took longer.

For a cost goal the linear program is that of the cost, with the floor, and ends before the last
replicas are whole:

    finish      a small integer program decides the options that are not fixed yet
    route       its setup on the fewest GPUs, exactly; what misses the floor gets cuts, and the next
                program

Without an incumbent near the bound, programs for a cost have no cutoff, and reduced costs exclude
nothing. The points in between are where their cuts must lie: those that are tight at the relaxation
alone say nothing of setups (12 LLMs, 256 GPUs, a floor near the best answers: with the 80 tightest
there, the relaxation of a program costs 315 USD/h; with two at each of 124 such points 337).
"""

import time
from dataclasses import replace

import numpy as np

from models.compiled_program import compile_program
from models.program import build_program
from planner.joint.programs.restricted_milp import MilpSolution
from planner.joint.programs.root_relaxation import RootRelaxation
from planner.joint.setups.cut_loop import CutLoop, RelaxationPoint
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import consider_primal, place_or_thin_heuristic
from planner.joint.setups.search_state import LEAST_NODES
from planner.joint.setups.separation import (
    all_packed,
    pack_tightly_for_separation,
    place_or_separate,
)
from planner.joint.solver.highs import StopReason, solve_with_highs

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

COST_SHARES = (0.5, 0.34, 0.25)
"""The same part of plunges for a cost."""

COST_TOLERANCE = 1e-5
"""Quality (0..1 scale) that the cut loop may leave between two steps for a cost."""

COST_STEPS = 20
"""Of a plunge for a cost. What is left of an LLM's requests moves on to options that are not fixed
yet, again and again: plunges end at a full pool, or here.
"""

FREE_OPTIONS, FINISH_WORK = 40, 100_000
"""Options not yet fixed in the programs that finish a plunge, those of least reduced cost; nodes
times columns of each.
"""

FINISH_CUTS = 30
"""Quality cuts of those programs, tightest at the relaxation, beside those of the plunge."""

FINISH_ROUNDS, FINISH_MISSES = 6, 3e-5
"""Such programs at most, each with a cut where the one before over-rated quality by more than this
(0..1 scale).
"""

BEYOND, MOST_BEYOND = 1.2, 2e-4
"""Times that what a setup misses of the floor is added to the floor of the next program; and at
most (0..1 scale): near the best answers a thousandth of quality costs one or two per cent.
"""


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
        shared.formulation(state.goal, form.options, openings=state.openings()),
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


# -- for a cost goal ---------------------------------------------------------------------------


def plunge_for_cost(state: GoalState, relaxation: RootRelaxation) -> list[np.ndarray]:
    """Consider the setups that plunges end in; the fractions (M,) of their points."""
    began, points = time.perf_counter(), list[np.ndarray]()
    for share in COST_SHARES:
        if state.closed() or state.shared.clock.stopped():
            break
        plunge = _CostPlunge(state, relaxation)
        plunge.run(share)
        points += plunge.points
    state.shared.clock.spend("plunge", began)
    state.report("plunge")
    return points


class _CostPlunge:
    """One plunge. points: fractions (M,) between its steps."""

    def __init__(self, state: GoalState, relaxation: RootRelaxation) -> None:
        shared, options = state.shared, relaxation.form.options
        self.state, self.relaxation = state, relaxation
        self.points, self._cuts = list[np.ndarray](), len(shared.quality.cuts)
        self._fixed: dict[int, int] = {}
        self._loop = CutLoop(
            shared.formulation(state.goal, options, openings=state.openings()),
            shared.quality,
            {o: shared.points(o) for o in options},
            shared.settings(),
        )

    def run(self, share: float) -> None:
        """Fix, finish and consider; share: of the replicas that are not whole, fixed in a step."""
        state, shared = self.state, self.state.shared
        fixed = np.zeros(len(shared.instance.options), dtype=bool)
        last: RelaxationPoint | None = None
        for _ in range(COST_STEPS):
            point = self._loop.converge(
                COST_TOLERANCE, ROUNDS, in_out=True, stopped=shared.clock.stopped
            )
            if point.stop is not StopReason.OPTIMAL or shared.clock.stopped():
                break
            if point.loss > state.loss - state.tolerance():
                break
            self.points.append(point.fractions)
            if last is not None:
                self._fixed = {o: round(last.replicas[o]) for o in np.flatnonzero(fixed).tolist()}
            last = point
            chosen = replicas_to_fix(point.replicas, fixed, share)
            if not chosen.size:
                break
            self._loop.fix_replicas({int(o): round(point.replicas[o]) for o in chosen})
            fixed[chosen] = True
        if last is not None:
            self._finish(last)

    def _finish(self, point: RelaxationPoint) -> None:
        """The options not yet fixed at a point, decided by programs until their quality is right
        and their setup reaches the floor.
        """
        state, shared = self.state, self.state.shared
        free = [o for o in self.relaxation.form.options if o not in self._fixed]
        free = sorted(free, key=lambda o: (point.column_loss[o], o))[:FREE_OPTIONS]
        stated = state.goal.quality_at_least or 0.0
        floor = stated
        for _ in range(FINISH_ROUNDS):
            solution = None if shared.clock.stopped() else self._solve_finish(free, floor)
            fractions = None if solution is None else solution.fractions()
            if solution is None or fractions is None:
                return
            right = solution.quality() <= shared.quality.price(fractions)[1] + FINISH_MISSES
            replicas, rates = solution.setup()
            packings = pack_tightly_for_separation(shared, replicas)
            if not all_packed(packings):
                if not place_or_separate(shared, replicas, None).learnt:
                    return
                continue
            reached = consider_primal(state, replicas, rates, packings)
            if reached is None or reached >= stated:
                return
            # Routing has cut where the setup is best: only what cuts cannot say is left to add.
            floor += min(BEYOND * (stated - reached), MOST_BEYOND) if right else 0.0

    def _solve_finish(self, free: list[int], floor: float) -> MilpSolution | None:
        """One program over some options (positions) and the fixed ones that are in use."""
        state, shared, pool = self.state, self.state.shared, self.state.shared.quality.cuts
        used = [o for o, count in self._fixed.items() if count > 0]
        old = np.arange(self._cuts)
        cuts = pool.tightest(self.relaxation.point.fractions, FINISH_CUTS, old)
        cheaper = state.loss - 0.5 * state.tolerance()
        goal = replace(
            state.goal,
            quality_at_least=floor,
            cost_at_most=cheaper if np.isfinite(cheaper) else state.goal.cost_at_most,
        )
        form = shared.formulation(
            goal,
            tuple(sorted({*free, *used})),
            cuts=np.union1d(cuts, np.arange(self._cuts, len(pool))),
            openings=state.openings(),
        )
        compiled = compile_program(build_program(form), form)
        linear = compiled.linear
        low, high = linear.low.copy(), linear.high.copy()
        for o in used:
            if (column := compiled.replicas[o]) >= 0:
                low[column] = high[column] = self._fixed[o]
        columns = linear.cost.size
        nodes, left = max(FINISH_WORK // columns, LEAST_NODES), shared.clock.node_limit(columns)
        settings = shared.settings(
            abs_gap=state.tolerance(), nodes=nodes if left is None else min(nodes, left)
        )
        answer = solve_with_highs(replace(linear, low=low, high=high), settings)
        shared.milp_solves += 1
        shared.nodes += answer.nodes
        shared.clock.book_work(answer.nodes, columns)
        solution = MilpSolution(answer, compiled, len(shared.instance.options))
        return solution if solution.has_setup else None
