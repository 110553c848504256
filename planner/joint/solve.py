"""The joint road: from an instance to a proven plan.

One search for the objective, one for the leanest plan among the best, then exact prices, placement
and shadow prices. The cuts of `Quality` may be handed in and are reused: they depend on the scores
alone.
"""

import threading
import time
from collections.abc import Callable

from models.formulation import Goal, GoalKind
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.joint.infeasibility import explain_conflict
from planner.joint.leanest import leanest, objective_value
from planner.joint.outcome import effort_of, solution_of
from planner.joint.search import Search
from planner.joint.search_state import Clock, Incumbent, SearchState
from planner.joint.shadow_prices import shadow_prices
from planner.settings import CLOSE_ENOUGH, Progress, Settings
from planner.solution import Solution, Status, Termination

SAFE_GAP = 0.97
"""The search closes a little more than is asked, so that the leanest plan may give up SAME_VALUE.
"""


FLOOR_SLACK = 1e-6
"""A plan counts when its exact quality reaches the floor less this (the contract)."""


def solve(
    instance: Instance,
    settings: Settings | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    quality: Quality | None = None,
    explain: bool = True,
    lean: bool = True,
) -> Solution:
    """The best plan and its bound. quality: reuse its cuts.

    explain: when infeasible, look for the conflict and its repairs. lean: look for the leanest
    among equally good plans.
    """
    settings = settings or Settings()
    clock = Clock(time.perf_counter() + settings.time_limit, cancel)
    quality = quality or Quality(instance.scores)
    state = SearchState(instance, quality, clock, settings.threads, settings.seed)
    clock.spend("curves", clock.began)
    if instance.objective == ObjectiveKind.QUALITY:
        goal, unit = Goal(of=GoalKind.QUALITY), quality.scale
    else:
        goal, unit = (
            Goal(
                of=GoalKind.COST,
                quality_at_least=quality.from_score((instance.quality_floor or 0.0) - FLOOR_SLACK),
            ),
            1.0,
        )

    def abs_gap(loss: float) -> float:
        value = abs(objective_value(quality, instance, loss))
        return max(settings.rel_gap * max(value, 1e-9), CLOSE_ENOUGH * quality.scale) / unit

    if progress is not None:
        state.progress = lambda phase, loss, bound: progress(
            Progress(
                time.perf_counter() - clock.began,
                phase,
                None if loss is None else objective_value(quality, instance, loss),
                None if bound is None else objective_value(quality, instance, bound),
            )
        )
    search = Search(state, goal, lambda loss: SAFE_GAP * abs_gap(loss))
    search.run()
    if search.incumbent is None:
        return _without_plan(instance, settings, state, search, explain)
    state.progress = None
    best, notes = leanest(state, search, abs_gap(search.loss)) if lean else (search.incumbent, [])
    return _told(state, search, best, notes, abs_gap)


def _told(
    state: SearchState,
    search: Search,
    best: Incumbent,
    notes: list[str],
    abs_gap: Callable[[float], float],
) -> Solution:
    instance, quality, clock = state.instance, state.quality, state.clock
    value, bound = (
        objective_value(quality, instance, best.loss),
        objective_value(quality, instance, min(search.bound, best.loss)),
    )
    closed = best.loss - search.bound <= abs_gap(best.loss)
    prices = None
    if search.relaxed is not None and search.form is not None and search.layout is not None:
        point = search.relaxed
        loss_to_value = -quality.scale if instance.objective == ObjectiveKind.QUALITY else 1.0
        best_answers = float(instance.scores.weights @ instance.scores.values.max(axis=0))
        room = (
            max(best_answers - value, 0.0) if instance.objective == ObjectiveKind.QUALITY else value
        )
        duals = (point.row_dual, point.gpus_used_dual)
        prices = shadow_prices(
            search.form, search.layout, point.fractions, *duals, loss_to_value, room
        )
    if search.aside:
        notes = [
            *notes,
            (
                "some setups were set aside because their placement could not be decided; the bound"
                " counts them as possible"
            ),
        ]
    effort = effort_of(state, clock.termination(closed=closed), notes)
    return solution_of(quality, best, value, bound, effort, prices)


def _without_plan(
    instance: Instance, settings: Settings, state: SearchState, search: Search, explain: bool
) -> Solution:
    """Infeasible only when two more solves without presolve and with another seed agree; else
    unknown.
    """
    if not search.infeasible or not search.confirm_infeasible():
        why = state.clock.termination(closed=False)
        return Solution(
            status=Status.UNKNOWN, value=None, bound=None, effort=effort_of(state, why, [])
        )
    if not explain:
        return Solution(
            status=Status.INFEASIBLE,
            value=None,
            bound=None,
            effort=effort_of(state, Termination.INFEASIBLE, []),
        )
    conflict, notes = explain_conflict(instance, settings, state.quality, state.clock, solve)
    return Solution(
        status=Status.INFEASIBLE,
        value=None,
        bound=None,
        effort=effort_of(state, Termination.INFEASIBLE, list(notes)),
        conflict=conflict,
    )
