"""The joint optimisation: from an instance to a proven plan.

One search for the objective, small ones that choose among equally good plans, then exact prices,
placement and shadow prices. The cuts of `Quality` may be handed in and are reused: they depend on
the scores alone.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from models.demand.headroom import with_headroom
from models.formulation import Goal, GoalKind
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.joint.repairs.infeasibility import explain_infeasibility
from planner.joint.search import Search
from planner.joint.setups.goal_state import Incumbent
from planner.joint.setups.outcome import outcome_effort, outcome_solution
from planner.joint.setups.search_state import SearchClock, SearchState
from planner.joint.shadow_prices import shadow_prices, shadow_prices_before_headroom
from planner.joint.ties import break_ties, objective_value
from planner.settings import CLOSE_ENOUGH, FLOOR_SLACK, Progress, Settings
from planner.solution import Conflict, ShadowPrices, Solution, Status, Termination

SAFE_GAP = 0.97
"""The search closes a little more than the gap, so that a plan chosen in a tie may give up a
relative 1e-6 of the objective (ties.SAME_VALUE).
"""


def solve_joint(
    instance: Instance,
    settings: Settings | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    quality: Quality | None = None,
    explain: bool = True,
    lean: bool = True,
) -> Solution:
    """The best plan of an instance that keeps its headroom, with a bound on every such plan.

    progress: called with elapsed seconds, phase, value and bound whenever one of them changes.
    cancel: ends the search within a fraction of a second, with the plan there is. quality: of the
    instance's scores; its cuts are reused, and it keeps the new ones. explain: when infeasible,
    look for the limits in conflict and for repairs. lean: choose among equally good plans by stages
    (planner.joint.ties); else any of them.

    The status says what is proved (planner.solution.Status). Raises SolverError when HiGHS refuses
    an option or a program, and ArithmeticError when its answer contradicts itself.
    """
    settings, stated = settings or Settings(), instance
    instance = with_headroom(stated)
    clock = SearchClock(time.perf_counter() + settings.time_limit, cancel, work=settings.work)
    quality = quality or Quality(instance.scores)
    state = SearchState(
        instance=instance,
        quality=quality,
        clock=clock,
        threads=settings.threads,
        seed=settings.seed,
        keep_program=settings.keep_program,
    )
    clock.spend("curves", clock.began)
    if progress is not None:
        state.report = partial(_report_while_solving, state, progress)
    abs_gap = partial(_solve_abs_gap, state, settings.rel_gap)
    goal = solve_goal(instance, quality)
    search = Search(state, goal, lambda loss: SAFE_GAP * abs_gap(loss))
    search.run()
    program = search.last_program() if settings.keep_program else None
    best, notes = search.incumbent, list[str]()
    if best is None:
        asked = _without_price_of_starts(stated) if explain else None
        return replace(_solved_without_plan(search, settings, asked), program=program)
    state.report = None
    if lean:
        best, notes = break_ties(state, search, best, abs_gap(search.loss), settings.rel_gap)
    closed = best.loss - search.bound <= abs_gap(best.loss)
    solution = _solved_with_plan(search, best, notes, closed=closed)
    prices = solution.shadow_prices
    return replace(
        solution,
        shadow_prices=prices and shadow_prices_before_headroom(prices, stated.headroom),
        program=program,
    )


def _without_price_of_starts(instance: Instance) -> Instance:
    """The instance where starts are free: whether there is a plan does not hang on their price."""
    if instance.running is None:
        return instance
    return replace(instance, running=replace(instance.running, start_price=0.0))


def solve_goal(instance: Instance, quality: Quality) -> Goal:
    """The goal of the instance's objective."""
    if instance.objective == ObjectiveKind.QUALITY:
        return Goal(of=GoalKind.QUALITY)
    floor = (instance.quality_floor or 0.0) - FLOOR_SLACK
    return Goal(of=GoalKind.COST, quality_at_least=quality.from_score(floor))


def _solve_abs_gap(state: SearchState, rel_gap: float, loss: float) -> float:
    """The gap (loss) that counts as closed at a loss: relative to the objective's value, or as
    small as matters in the range of scores.
    """
    quality = state.quality
    unit = quality.scale if state.instance.objective == ObjectiveKind.QUALITY else 1.0
    value = abs(objective_value(quality, state.instance, loss))
    return max(rel_gap * max(value, 1e-9), CLOSE_ENOUGH * quality.scale) / unit


def _report_while_solving(
    state: SearchState,
    progress: Callable[[Progress], None],
    phase: str,
    loss: float | None,
    bound: float | None,
) -> None:
    """Report losses as values of the objective."""
    value, limit = (
        None if of is None else objective_value(state.quality, state.instance, of)
        for of in (loss, bound)
    )
    progress(Progress(time.perf_counter() - state.clock.began, phase, value, limit))


def _solved_with_plan(
    search: Search, best: Incumbent, notes: list[str], *, closed: bool
) -> Solution:
    """The solution of a search that has a plan."""
    state = search.shared
    instance, quality = state.instance, state.quality
    value = objective_value(quality, instance, best.loss)
    bound = objective_value(quality, instance, min(search.bound, best.loss))
    if search.state.aside:
        notes = [
            *notes,
            "some setups were set aside because their placement could not be decided, or replicas"
            " have to move in them; the bound counts them as possible",
        ]
    effort = outcome_effort(state, state.clock.termination(closed=closed), notes)
    return outcome_solution(best, value, bound, effort, _solve_prices(search, value))


def _solve_prices(search: Search, value: float) -> ShadowPrices | None:
    """Shadow prices in units of the objective, None without a relaxation."""
    if search.relaxation is None:
        return None
    instance, quality = search.shared.instance, search.shared.quality
    if instance.objective == ObjectiveKind.COST:
        return shadow_prices(search.relaxation, 1.0, value)
    best_answers = instance.scores.best_mean
    return shadow_prices(search.relaxation, -quality.scale, max(best_answers - value, 0.0))


def _solved_without_plan(search: Search, settings: Settings, stated: Instance | None) -> Solution:
    """Infeasible only when two more solves without presolve and with another seed agree; else
    unknown.

    stated: the instance before its headroom, of which repairs are sought; None: none are.
    """
    state = search.shared
    if not search.infeasible or not search.confirm_infeasible():
        effort = outcome_effort(state, state.clock.termination(closed=False), [])
        return Solution(status=Status.UNKNOWN, value=None, bound=None, effort=effort)
    conflict: Conflict | None = None
    notes: tuple[str, ...] = ()
    if stated is not None:
        floor = search.state.goal.quality_at_least
        conflict, notes = explain_infeasibility(stated, state, settings, floor, solve_joint)
    effort = outcome_effort(state, Termination.INFEASIBLE, list(notes))
    return Solution(
        status=Status.INFEASIBLE, value=None, bound=None, effort=effort, conflict=conflict
    )
