"""The root relaxation: the linear program without integers, cut and refined until it is as good as
it gets. It gives the first bound, and says which options deserve a column in an integer program.
"""

import time
from dataclasses import dataclass

import numpy as np

from models.formulation import Formulation, GoalKind
from models.relaxation import Layout
from planner.joint.curve_refinement import refine_curve_lines
from planner.joint.cut_loop import CutLoop, RelaxationPoint
from planner.joint.goal_state import GoalState
from planner.joint.separation import separate_pattern_rows
from planner.joint.solver.highs import StopReason

PATTERN_ROUNDS = 8
"""Times that the relaxation is solved again with the capacity rows that it violates."""

REFINEMENTS = 6
"""Times that one relaxation is solved with curves refined at its own rates."""

MOST_CUTS = 60
"""Rounds of one cut loop."""

ROUGH = 2e-4
"""Quality (0..1 scale) that the first cut loop may leave, on curves that are still coarse."""

NEARBY_LLMS, NEARBY_CUTS, NEARBY_SPREAD = 6, 32, 0.4
"""Up to this number of LLMs, this many cuts are added at fractions scattered (log-normally, with
this sigma) around the relaxation's.
"""


@dataclass(frozen=True)
class RootRelaxation:
    """The last optimum of the relaxation, the program it belongs to, and the positions of its rows.

    nearby: fractions (M,) around the optimum's at which cuts were added.
    """

    point: RelaxationPoint
    form: Formulation
    layout: Layout
    nearby: tuple[np.ndarray, ...] = ()


def relax_root(state: GoalState) -> RootRelaxation | None:
    """Solve the relaxation over all usable options; None when it has no optimum.

    Cuts, supporting lines and capacity rows go into what all searches share; the bound, and
    whether the goal is infeasible, into the goal's state.
    """
    shared, began = state.shared, time.perf_counter()
    options = shared.usable()
    relaxation: RootRelaxation | None = None
    for again in range(PATTERN_ROUNDS):
        form = shared.formulation(state.goal, options)
        loop = CutLoop(
            form, shared.quality, {o: shared.points(o) for o in options}, shared.settings()
        )
        point, optimal = _converge_at_root(state, loop, rough=again == 0)
        shared.clock.add("highs", loop.live.seconds)
        if point is not None:
            relaxation = RootRelaxation(point, form, loop.where)
        if point is None or not optimal or shared.clock.stopped():
            break
        # The relaxation packs fractions of replicas into holes that no shard fits. Rows that it
        # violates itself lift the bound before any integer program is built (Gilmore and Gomory's
        # pricing problem, see models.patterns).
        if not separate_pattern_rows(shared, point.replicas, range(len(shared.instance.pools))):
            break
    if relaxation is not None:
        relaxation = _cut_near_root(state, relaxation)
    state.raise_bound(state.relaxation_bound)
    shared.clock.spend("relax", began)
    state.report("relaxation")
    return relaxation


def _converge_at_root(
    state: GoalState, loop: CutLoop, *, rough: bool
) -> tuple[RelaxationPoint | None, bool]:
    """Cut and refine until the curves are exact where the relaxation runs them: the last optimum,
    and whether the last program had one.
    """
    shared = state.shared
    last: RelaxationPoint | None = None
    for attempt in range(REFINEMENTS):
        # On coarse curves, priced on a sample of the prompts, exact cuts would be made at rates
        # that the refined curves do not keep. Afterwards the loop leaves 3 % of the gap.
        tolerance = ROUGH if rough else max(2e-5, 0.03 * min(state.tolerance(), 1.0))
        point = loop.converge(
            tolerance, MOST_CUTS, in_out=True, full=not rough, stopped=shared.clock.stopped
        )
        if point.stop is not StopReason.OPTIMAL:
            state.infeasible = point.stop is StopReason.INFEASIBLE
            return last, False
        last, state.relaxation_bound = point, point.loss
        refined = refine_curve_lines(shared, point.replicas, point.rates)
        over = not refined or attempt + 1 == REFINEMENTS or shared.clock.stopped()
        if not rough and over:
            break
        rough = False
        if refined:
            loop.replace_points({o: shared.points(o) for o in refined})
    return last, True


def _cut_near_root(state: GoalState, relaxation: RootRelaxation) -> RootRelaxation:
    """Cuts around the relaxation's fractions: with few LLMs the integer optimum lies near, and
    each saves an integer program, which would otherwise end at fractions where quality is
    over-rated. With many LLMs the neighbourhood has too many directions for that.
    """
    shared, point = state.shared, relaxation.point
    count = len(shared.instance.llms)
    if state.goal.of != GoalKind.QUALITY or count > NEARBY_LLMS:
        return relaxation
    rng = np.random.default_rng(shared.seed)
    prices, _ = shared.quality.price(point.fractions)
    nearby = []
    for spread in rng.normal(0.0, NEARBY_SPREAD, (NEARBY_CUTS, count)):
        fractions = (point.fractions + 0.02) * np.exp(spread)
        nearby.append(fractions / fractions.sum())
        shared.quality.price(nearby[-1], prices, full=False)
    return RootRelaxation(point, relaxation.form, relaxation.layout, tuple(nearby))
