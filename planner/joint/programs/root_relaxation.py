"""The root relaxation: the linear program without integers, cut and refined until it is as good as
it gets. It gives the first bound, and says which options deserve a column in an integer program.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.formulation import Formulation, GoalKind
from models.quality import UNROUTED
from models.relaxation import Layout
from planner.joint.setups.curve_refinement import refine_curve_lines
from planner.joint.setups.cut_loop import MANY_LLMS, CutLoop, RelaxationPoint
from planner.joint.setups.goal_state import OPENED, GoalState
from planner.joint.setups.separation import separate_pattern_rows
from planner.joint.solver.highs import StopReason

PATTERN_ROUNDS = 8
"""Times that the relaxation is solved again with the capacity rows that it violates."""

IN_VAIN, STILL = 2, 3e-4
"""Rounds of capacity rows that may leave the bound where it is, one after the other; shares of the
gap by which a bound that stands still may move.
"""

REFINEMENTS = 6
"""Times that one relaxation is solved with curves refined at its own rates."""

MOST_CUTS = 60
"""Rounds of one cut loop."""

LEAN_CUTS = 30
"""With more than MANY_LLMS the relaxation of fewest GPUs, or of most room, is cut once, in so many
rounds: quality is then a constraint with hardly any slack, and Kelley's method does not get near
its optimum in ten seconds either (20 LLMs, 1,024 GPUs, 1,000 req/s: bound 128 of 307 GPUs).
"""

TIGHTENINGS, TIGHT, STILL_TIGHT = 8, 0.1, 0.1
"""Times that the relaxation with opening cuts is solved; shares of the gap that a loop may leave,
and by which a bound that stands still may move.
"""

PARTLY, MANY_PARTLY = 1e-2, 0.25
"""What an LLM in part open lacks at least of a replica; part of the LLMs that is many of them."""

LOOSE = 0.3
"""Share of the gap that a point of the relaxation may lack of a bound that stands still."""

ROUGH = 2e-4
"""Quality (0..1 scale) that the first cut loop may leave, on curves that are still coarse."""

FINE = 2e-5
"""The same afterwards, at least: what Newton prices are sure to reach."""

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


def relax_root(
    state: GoalState, first: Callable[[RelaxationPoint], None] | None = None
) -> RootRelaxation | None:
    """Solve the relaxation over all usable options; None when it has no optimum.

    first: called with its first, rough optimum.

    Cuts, supporting lines and capacity rows go into what all searches share; the bound, and
    whether the goal is infeasible, into the goal's state.
    """
    shared, began = state.shared, time.perf_counter()
    options = shared.usable()
    relaxation: RootRelaxation | None = None
    before, in_vain = -np.inf, 0
    for again in range(PATTERN_ROUNDS):
        form = shared.formulation(state.goal, options)
        loop = CutLoop(
            form, shared.quality, {o: shared.points(o) for o in options}, shared.settings()
        )
        point, optimal = _converge_at_root(state, loop, first, rough=again == 0)
        shared.clock.add("highs", loop.live.seconds)
        if point is not None:
            relaxation = RootRelaxation(point, form, loop.where)
        if point is None or not optimal or shared.clock.stopped():
            break
        if again == 0 and _many_partly_open(state, point):
            break
        # The relaxation packs fractions of replicas into holes that no shard fits. Rows that it
        # violates itself lift the bound before any integer program is built (Gilmore and Gomory's
        # pricing problem, see models.patterns).
        if not separate_pattern_rows(shared, point.replicas, range(len(shared.instance.pools))):
            break
        in_vain = in_vain + 1 if point.loss <= before + STILL * state.tolerance() else 0
        before = point.loss
        if loop.many and in_vain == IN_VAIN:
            break
    if relaxation is not None:
        relaxation = _cut_near_root(state, relaxation)
    state.raise_bound(state.relaxation_bound)
    shared.clock.spend("relax", began)
    state.report("relaxation")
    return relaxation


def _converge_at_root(
    state: GoalState,
    loop: CutLoop,
    first: Callable[[RelaxationPoint], None] | None,
    *,
    rough: bool,
) -> tuple[RelaxationPoint | None, bool]:
    """Cut and refine until the curves are exact where the relaxation runs them: the last optimum,
    and whether the last program had one.
    """
    shared = state.shared
    last: RelaxationPoint | None = None
    near = _near_root(state)
    lean = state.goal.of == GoalKind.GPUS or state.goal.room
    brief = lean and len(shared.instance.llms) > MANY_LLMS
    for attempt in range(REFINEMENTS):
        # On coarse curves, priced on a sample of the prompts, exact cuts would be made at rates
        # that the refined curves do not keep. Afterwards the loop leaves 3 % of the gap.
        tolerance = ROUGH if rough else _root_tolerance(state)
        point = loop.converge(
            tolerance,
            LEAN_CUTS if brief else MOST_CUTS,
            in_out=True,
            near=near,
            # Where the estimate stands still, more rounds bring a better point and no better bound.
            loose=0.0 if near is None else LOOSE * min(state.tolerance(), 1.0),
            full=not rough,
            stopped=shared.clock.stopped,
        )
        if point.stop is not StopReason.OPTIMAL:
            state.infeasible = point.stop is StopReason.INFEASIBLE
            return last, False
        # Refined curves that do not move the bound are not what holds it.
        still = last is not None and abs(point.loss - last.loss) <= STILL * state.tolerance()
        last, state.relaxation_bound = point, point.loss
        if rough and first is not None:
            first(point)
        near = None if near is None else point.fractions
        refined = refine_curve_lines(shared, point.replicas, point.rates)
        over = not refined or attempt + 1 == REFINEMENTS or shared.clock.stopped()
        if brief or (not rough and (over or (still and loop.many))):
            break
        if rough and _many_partly_open(state, point):
            break
        rough = False
        if refined:
            loop.replace_points({o: shared.points(o) for o in refined})
    return last, True


def _root_tolerance(state: GoalState) -> float:
    """Quality (0..1 scale) that the relaxation may leave once its curves are refined: 3 % of the
    gap where quality is the goal; where it is a floor, the gap is one of USD/h or GPUs, and near
    the best quality a hundredth of quality is a hundredth of the cost and more.
    """
    if state.goal.of != GoalKind.QUALITY or state.goal.room:
        return FINE
    return max(FINE, 0.03 * state.tolerance())


def tighten_root(state: GoalState, relaxation: RootRelaxation) -> RootRelaxation:
    """The relaxation with opening cuts (models.openings): an LLM that runs a part of a replica
    answers at most that part of any prompt.

    Refined and cut in the same way, to a tenth of the gap. Returns what it was given where no LLM
    is open in part, or where it ends without an optimum.
    """
    shared, began = state.shared, time.perf_counter()
    loop, point, cost = None, relaxation.point, state.goal.of == GoalKind.COST
    if state.goal.of not in OPENED or not _partly_open(state, point):
        return relaxation
    for _ in range(TIGHTENINGS):
        if loop is None:
            options = shared.usable()
            form = shared.formulation(state.goal, options, openings=shared.quality.openings)
            points = {o: shared.points(o) for o in options}
            loop = CutLoop(form, shared.quality, points, shared.settings())
        before = state.relaxation_bound
        point = loop.converge(
            FINE if cost else max(FINE, TIGHT * min(state.tolerance(), 1.0)),
            MOST_CUTS,
            in_out=True,
            loose=LOOSE * min(state.tolerance(), 1.0),
            stopped=shared.clock.stopped,
        )
        if point.stop is not StopReason.OPTIMAL:
            break
        relaxation = RootRelaxation(point, loop.form, loop.where, relaxation.nearby)
        state.relaxation_bound = point.loss
        refined = refine_curve_lines(shared, point.replicas, point.rates)
        # Rows that a relaxation with openings violates lift the bound further.
        rows = separate_pattern_rows(shared, point.replicas, range(len(shared.instance.pools)))
        still = point.loss <= before + STILL_TIGHT * state.tolerance()
        if still or not (refined or rows) or shared.clock.stopped():
            break
        if rows:
            loop = None
        else:
            loop.replace_points({o: shared.points(o) for o in refined})
    state.raise_bound(state.relaxation_bound)
    shared.clock.spend("relax", began)
    state.report("relaxation")
    return relaxation


def _partly_open(state: GoalState, point: RelaxationPoint) -> int:
    """LLMs that answer requests with less than one replica."""
    llm = np.array([o.llm for o in state.shared.instance.options])
    replicas = np.bincount(llm, weights=point.replicas, minlength=point.fractions.size)
    return int(np.sum((point.fractions > UNROUTED) & (replicas < 1 - PARTLY)))


def _many_partly_open(state: GoalState, point: RelaxationPoint) -> bool:
    """Whether so many LLMs run less than one replica that the relaxation without opening cuts is
    not worth the rounds that it would still take.
    """
    llms = point.fractions.size
    if state.goal.of != GoalKind.QUALITY or llms <= NEARBY_LLMS:
        return False
    return _partly_open(state, point) >= MANY_PARTLY * llms


def _near_root(state: GoalState) -> np.ndarray | None:
    """(M,) fractions that the relaxation begins near, if it can.

    At light load every prompt can have its best answer, or nearly: the estimate of quality is then
    right after one solve, and what is left to find is a point of it, not a vertex. With few LLMs
    the rounds that find it otherwise are cheap, and integer programs need their cuts.
    """
    if state.goal.of != GoalKind.QUALITY or len(state.shared.instance.llms) <= MANY_LLMS:
        return None
    return state.shared.quality.best_answers()


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
