"""The leanest plan: among equally good ones, on the fewest GPUs, then at the least cost.

Many plans share the best value. Fixing it and minimising the GPUs is the second step of a
lexicographic optimisation; the slack never eats into the gap that the first step has closed.
"""

import time
from dataclasses import replace

import numpy as np

from models.formulation import Goal, GoalKind
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.joint.goal_state import Incumbent, incumbent_for_goal
from planner.joint.search import Search
from planner.joint.search_state import SearchState
from planner.joint.separation import pack_tightly_for_separation

SAME_VALUE = 1e-6
"""Plans whose objective differs by less (relative) count as equally good: the leanest of them is
the plan.
"""

LEAN_NODES = 200_000
"""Each program of the search for a leaner plan may visit this many nodes, divided by its columns:
the same plan on a busy machine.
"""

LEAN_WORK = 400_000
"""Work of the same search in all (planner.settings.Settings): about 2 s."""

LEAN_GAP = 1e-7
"""Absolute gap of the lean weights: costs within equal GPUs still count."""


def find_leanest(
    state: SearchState, search: Search, best: Incumbent, gap: float
) -> tuple[Incumbent, list[str]]:
    """Among plans whose objective is within SAME_VALUE of the best the one on fewest GPUs, then of
    least cost; and notes on what could not be proved.

    search: the one that found the best plan. gap: the absolute gap (loss) that must stay closed.
    """
    instance, quality, clock = state.instance, state.quality, state.clock
    began = time.perf_counter()
    goal = _leanest_goal(state, search, best, gap)
    # The same setup packed tighter is the incumbent to beat: first-fit had no reason to save GPUs.
    packings = [pack_tightly_for_separation(state, best.routed.replicas), best.packing]
    starts = [
        incumbent_for_goal(instance, quality, GoalKind.GPUS, best.routed, packing, best.settled)
        for packing in packings
    ]
    # Packed tighter, more may start than the price of changes lets it gain.
    dearer = instance.prices_changes and starts[0].cost > best.cost + 1e-9
    start = starts[dearer]
    with clock.limited(LEAN_WORK):
        lean = Search(state, goal, lambda _: LEAN_GAP, start, nodes=LEAN_NODES)
        if not clock.late():
            lean.relax()
        # A plan that needs the whole cluster by the relaxation's bound has no leaner one to look
        # for.
        full = start.gpus == instance.gpus and leanest_gpus(lean) == start.gpus
        if not full and not clock.late():
            lean.run()
    clock.spend("leanest", began)
    plan = lean.incumbent or start
    notes = []
    fewest = leanest_gpus(lean)
    if not full and not lean.closed() and fewest < plan.gpus:
        notes.append(
            f"{plan.gpus} GPUs are used; that no plan this good uses fewer is proved only down to"
            f" {fewest}"
        )
    loss = (
        -quality.from_score(plan.settled.value)
        if instance.objective == ObjectiveKind.QUALITY
        else plan.cost
    )
    return replace(plan, loss=loss), notes


def _leanest_goal(state: SearchState, search: Search, best: Incumbent, gap: float) -> Goal:
    """Fewest GPUs for an objective as good as the best."""
    instance, quality = state.instance, state.quality
    if instance.objective == ObjectiveKind.COST:
        return Goal(
            of=GoalKind.GPUS,
            quality_at_least=search.state.goal.quality_at_least,
            cost_at_most=best.loss * (1 + SAME_VALUE) + 1e-9,
        )
    slack = SAME_VALUE * abs(objective_value(quality, instance, best.loss)) / quality.scale
    if best.loss - search.bound <= gap:
        slack = min(slack, gap - (best.loss - search.bound))
    return Goal(of=GoalKind.GPUS, quality_at_least=-best.loss - slack)


def leanest_gpus(lean: Search) -> int:
    """GPUs that any plan as good needs, by the bound of the lean weights (GPUs, plus at most a half
    for the cost).
    """
    return max(int(np.ceil(lean.bound - 0.5 - 1e-6)), 0) if np.isfinite(lean.bound) else 0


def objective_value(quality: Quality, instance: Instance, loss: float) -> float:
    """The objective in the units of the user (mean score, USD/h) of a search's loss."""
    return quality.to_score(-loss) if instance.objective == ObjectiveKind.QUALITY else loss
