"""Rounding for a cost: setups near the relaxation, by programs that know the curvature of quality.

    round       a mixed-integer program of the cost over replicas within one of the relaxation's,
                with quality as its curvature says (models.moves.quality_curvature)
    route       its setup on the fewest GPUs, exactly
    again       what missed the floor is asked for in addition; after a plan, a cheaper one

Relaxation-enforced neighbourhood search (Berthold, Primal Heuristics for Mixed Integer Programs, TU
Berlin 2006) with a quadratic in place of cuts: near a floor that is near the best answers, planes
over-rate a rounded setup by hundredths or, where they are too few, by a tenth of its cost.
"""

import time
from dataclasses import replace

import numpy as np

from models.compiled_program import compile_program
from models.moves.quality_curvature import (
    QualityCurvature,
    quality_curvature,
    with_quality_curvature,
)
from models.program import build_program
from planner.joint.programs.restricted_milp import MilpSolution
from planner.joint.programs.root_relaxation import RootRelaxation
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import consider_primal
from planner.joint.setups.search_state import LEAST_NODES
from planner.joint.setups.separation import (
    all_packed,
    pack_tightly_for_separation,
    place_or_separate,
)
from planner.joint.solver.highs import solve_with_highs

OPTIONS, ROUNDED_CUTS = 80, 30
"""Options and quality cuts of a program: those of least reduced cost, and the tightest at the
relaxation, beside the ones that come on the way.
"""

AROUND = 1
"""Replicas of an option by which a setup may leave the relaxation's, rounded down and up."""

WORK, ALL_WORK = 2_500_000, 10_000_000
"""Nodes times columns of a program, 2,000 nodes with 12 LLMs, about 2 s; and of all together."""

PROGRAMS = 12
"""Programs at most."""

BEYOND, LEAST_MISS = 2.0, 1e-6
"""Times what a setup misses of the floor that the next program asks for beyond the one before, and
the least that it does (0..1 scale): asked for the miss alone, setups of one cost that miss by a
hundred-thousandth come one after the other.
"""


def round_for_cost(state: GoalState, relaxation: RootRelaxation) -> list[np.ndarray]:
    """Consider the setups of such programs; their fractions (M,)."""
    began, points, shared = time.perf_counter(), list[np.ndarray](), state.shared
    stated = floor = state.goal.quality_at_least or 0.0
    cuts, fractions = len(shared.quality.cuts), relaxation.point.fractions
    prices, _ = shared.quality.price(fractions)
    near = quality_curvature(shared.quality.values, shared.quality.weights, prices, fractions)
    until = shared.clock.worked + ALL_WORK
    for _ in range(PROGRAMS):
        if state.closed() or shared.clock.stopped() or shared.clock.worked >= until:
            break
        solution = _solve_rounding(state, relaxation, near, floor, cuts)
        if solution is None:
            break
        found = solution.fractions()
        if found is not None:
            points.append(found)
        replicas, rates = solution.setup()
        packings = pack_tightly_for_separation(shared, replicas)
        if not all_packed(packings):
            if not place_or_separate(shared, replicas, None).learnt:
                break
            continue
        reached = consider_primal(state, replicas, rates, packings)
        if reached is None:
            break
        missed = max(BEYOND * (stated - reached), LEAST_MISS)
        floor = stated if reached >= stated else floor + missed
    shared.clock.spend("rounding", began)
    return points


def _solve_rounding(
    state: GoalState, relaxation: RootRelaxation, near: QualityCurvature, floor: float, cuts: int
) -> MilpSolution | None:
    """One program; None where it has no setup. cuts: number of those that were there before."""
    shared, pool, point = state.shared, state.shared.quality.cuts, relaxation.point
    options = sorted(relaxation.form.options, key=lambda o: (point.column_loss[o], o))[:OPTIONS]
    held = pool.tightest(point.fractions, ROUNDED_CUTS, np.arange(cuts))
    cheaper = state.loss - 0.5 * state.tolerance()
    form = shared.formulation(
        replace(
            state.goal,
            quality_at_least=floor,
            cost_at_most=cheaper if np.isfinite(cheaper) else state.goal.cost_at_most,
        ),
        tuple(sorted(options)),
        cuts=np.union1d(held, np.arange(cuts, len(pool))),
        openings=state.openings(),
    )
    compiled = compile_program(build_program(form), form)
    if min(compiled.fractions) < 0:
        return None
    linear = with_quality_curvature(compiled.linear, near, compiled.fractions, compiled.quality)
    low, high = linear.low.copy(), linear.high.copy()
    for o, column in compiled.replicas.items():
        if column >= 0:
            low[column] = max(low[column], np.floor(point.replicas[o] + 1e-6) - AROUND)
            high[column] = min(high[column], np.ceil(point.replicas[o] - 1e-6) + AROUND)
    columns = linear.cost.size
    nodes, left = max(WORK // columns, LEAST_NODES), shared.clock.node_limit(columns)
    settings = shared.settings(
        abs_gap=0.5 * state.tolerance(), nodes=nodes if left is None else min(nodes, left)
    )
    answer = solve_with_highs(replace(linear, low=low, high=high), settings)
    shared.milp_solves += 1
    shared.nodes += answer.nodes
    shared.clock.book_work(answer.nodes, columns)
    solution = MilpSolution(answer, compiled, len(shared.instance.options))
    return solution if solution.has_setup else None
