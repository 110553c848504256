"""Branch and cut of a search, in place of plunges: a tree over all options that may help
(planner.joint.tree), whose setups are placed and routed like any other and whose bound is taken.
"""

import time
from dataclasses import replace
from functools import partial

import numpy as np

from models.formulation import Goal, GoalKind
from planner.joint.programs.restricted_milp import RestrictedMilp
from planner.joint.programs.root_relaxation import NEARBY_LLMS
from planner.joint.setups.curve_refinement import refine_curve_lines
from planner.joint.setups.cut_loop import RelaxationPoint
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import (
    consider_primal,
    consider_thinned_heuristic,
    round_relaxation_heuristic,
)
from planner.joint.setups.search_state import SearchState
from planner.joint.setups.separation import place_or_separate
from planner.joint.tree.branch_and_cut import MOST_LPS, BranchTree, TreeTask
from planner.joint.tree.node_program import NodePoint

FEW_FIRST, MANY_FIRST = 3, 1
"""Programs that are tried before a tree: with NEARBY_LLMS or fewer, whose programs have cuts around
the relaxation and usually close the gap, and with more.
"""

TREE_LLMS = 10
"""Most LLMs of a tree: with 12 its linear programs take 7 ms in place of 4, and plunges find better
plans (light load).
"""

FLAT_LPS = 200
"""Linear programs of a tree before the neighbourhood, where the bound is the mean of the best
answers: two or three dives. 8 LLMs at 5 % load, 10 at 20 %: the first dive closed two of three
instances, and on the third the tree went on for 2,000 programs where the neighbourhood took 250.
"""


def programs_before_tree(state: GoalState) -> int:
    """Programs that are tried before a tree; 0 where a tree is not worth its time: it is for
    quality alone, with few LLMs.
    """
    llms = len(state.shared.instance.llms)
    if state.goal != Goal(of=GoalKind.QUALITY) or llms > TREE_LLMS:
        return 0
    return FEW_FIRST if llms <= NEARBY_LLMS else MANY_FIRST


def branch_from_relaxation(
    state: GoalState, milp: RestrictedMilp, most_lps: int = MOST_LPS
) -> None:
    """Grow a tree over all options that may help, of so many linear programs at most, and take its
    bound.
    """
    shared, began = state.shared, time.perf_counter()
    options, cuts = milp.promising(len(shared.instance.options)), len(shared.quality.cuts)
    excluded = min(milp.excluded_bound(options), state.aside_bound)
    tree = BranchTree(
        TreeTask(
            form=lambda: shared.formulation(state.goal, options),
            points=lambda: {o: shared.points(o) for o in options},
            quality=shared.quality,
            settings=shared.settings,
            upper=milp.reduced_upper(options),
            bound=state.bound,
            flat=state.bounded_by_best_answers(),
            near=milp.relaxation.point.fractions,
            loss=lambda: state.loss,
            tolerance=state.tolerance,
            consider=partial(_consider_branch_setup, state),
            round_off=partial(_round_branch, shared, milp.relaxation.point),
            stopped=lambda: state.closed() or shared.clock.stopped(),
            book=shared.clock.book_solves,
        ),
        most_lps,
    )
    state.raise_bound(min(tree.grow(), excluded))
    shared.nodes += tree.nodes
    made = np.arange(cuts, len(shared.quality.cuts))
    state.plunge_cuts = np.concatenate([state.plunge_cuts, made])
    shared.clock.spend("tree", began)
    state.report("tree")


def _round_branch(
    state: SearchState, root: RelaxationPoint, point: NodePoint
) -> tuple[np.ndarray, np.ndarray] | None:
    """Whole replicas near a node's point, and rates."""
    there = replace(root, fractions=point.fractions, replicas=point.replicas, rates=point.rates)
    return round_relaxation_heuristic(state, there)


def _consider_branch_setup(state: GoalState, replicas: np.ndarray, rates: np.ndarray) -> bool:
    """Place and route a setup, or the part of it that can be placed; whether rows or curves of the
    next program differ.
    """
    shared, whole = state.shared, replicas.astype(int)
    used = np.flatnonzero(whole).tolist()

    def size() -> int:
        return len(shared.capacity) + sum(r.size for o in used for r, _ in shared.points(o))

    before = size()
    placement = place_or_separate(shared, whole, None)
    if placement.placed:
        consider_primal(state, whole, rates, placement.packings)
    else:
        consider_thinned_heuristic(state, whole, rates)
    refine_curve_lines(shared, whole, rates)
    return size() > before
