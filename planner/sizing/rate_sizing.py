"""The numbers of nodes of a scenario with one rate, decided together with its plan.

Every number that is tried is solved by the joint search as an instance whose nodes are all paid; a
box of numbers is bounded by the linear relaxation (models.demand.node_numbers).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.demand.headroom import with_headroom
from models.demand.node_numbers import (
    Numbers,
    box_instance,
    decided_instance,
    nodes_for_replicas,
    undecided_pools,
)
from models.formulation import GoalKind
from models.instance import Instance
from models.quality import Quality
from planner.joint import solve as joint
from planner.joint.search import Search
from planner.joint.setups.search_state import SearchClock, SearchState
from planner.settings import Progress, Settings
from planner.sizing.number_search import NumberSearch, Relaxed, Tried
from planner.sizing.sizing_goal import SizingGoal
from planner.solution import Conflict, Repair, Solution, Status

__all__ = ["solve_sized_rate"]


def solve_sized_rate(
    instance: Instance,
    settings: Settings | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    quality: Quality | None = None,
    explain: bool = True,
) -> tuple[Instance, Solution]:
    """The best plan over all numbers of nodes, with the instance that has these numbers; a bound on
    every such plan. An instance whose numbers are all given is solved as it is.

    Arguments as of `planner.joint.solve.solve_joint`. Infeasible means: with the most nodes, too.
    """
    settings = settings or Settings()
    pools = undecided_pools(instance)
    quality = quality or Quality(instance.scores)
    if not pools:
        return instance, joint.solve_joint(
            instance, settings, progress=progress, cancel=cancel, quality=quality, explain=explain
        )
    clock = SearchClock(time.perf_counter() + settings.time_limit, cancel)
    goal = SizingGoal(
        instance=instance, settings=settings, clock=clock, scale=quality.scale, progress=progress
    )
    sizing = _RateSizing(goal, quality)
    low, high = ({p: _ends(instance, p)[side] for p in pools} for side in (0, 1))
    search = NumberSearch(
        relax=sizing.relax,
        solve=sizing.solve,
        gap=goal.gap,
        stopped=clock.stopped,
        monotone=instance.min_utilization == 0,
    )
    search.run(low, high)
    if search.best is None:
        return _sized_without_plan(sizing, search, high, explain=explain)
    return decided_instance(instance, search.best), _sized_solution(sizing, search)


def _ends(instance: Instance, pool: int) -> tuple[int, int]:
    ends = instance.pools[pool].sized
    assert ends is not None  # noqa: S101 - an undecided pool has them
    return ends


@dataclass
class _RateSizing:
    """best: the solution of the best numbers so far."""

    goal: SizingGoal
    quality: Quality
    best: Solution | None = None
    state: SearchState | None = None

    def relax(self, low: Numbers, high: Numbers) -> Relaxed | None:
        """The linear relaxation of a box."""
        goal, began = self.goal, time.perf_counter()
        instance = with_headroom(box_instance(goal.instance, low, high))
        if self.state is None:
            self.state = SearchState(
                instance=instance,
                quality=self.quality,
                clock=goal.clock,
                threads=goal.settings.threads,
                seed=goal.settings.seed,
            )
        state = self.state.with_numbers_of(instance)
        search = Search(state, joint.solve_goal(instance, self.quality), goal.gap)
        search.relax()
        goal.clock.spend("bound numbers of nodes", began)
        if search.infeasible:
            return None
        if search.relaxation is None:
            return Relaxed(-np.inf, high)
        replicas = search.relaxation.point.replicas
        likely = {p: nodes_for_replicas(instance, state.capacity, replicas, p) for p in low}
        return Relaxed(self._loss(search.bound), likely)

    def _loss(self, bound: float) -> float:
        """A search's loss in the objective's unit."""
        by_quality = joint.solve_goal(self.goal.instance, self.quality).of == GoalKind.QUALITY
        return -self.quality.to_score(-bound) if by_quality else bound

    def solve(self, numbers: Numbers) -> Tried:
        """The joint search with so many nodes."""
        goal = self.goal
        solution = joint.solve_joint(
            decided_instance(goal.instance, numbers),
            goal.limited(),
            progress=goal.progress_of(numbers),
            cancel=goal.clock.cancel,
            quality=self.quality,
            explain=False,
        )
        goal.efforts.append(solution.effort)
        if solution.status == Status.INFEASIBLE:
            return Tried(np.inf, np.inf)
        bound = -np.inf if solution.bound is None else goal.sign * solution.bound
        if solution.value is None:
            return Tried(np.inf, bound)
        best = self.best
        if best is None or goal.sign * (solution.value - (best.value or 0.0)) < 0:
            self.best = solution
        return Tried(goal.sign * solution.value, bound)


def _sized_solution(sizing: _RateSizing, search: NumberSearch) -> Solution:
    goal, best = sizing.goal, sizing.best
    assert best is not None  # noqa: S101 - the search has numbers with a plan
    closed = search.loss - search.bound <= goal.gap(search.loss)
    bound = goal.sign * search.bound if np.isfinite(search.bound) else None
    return replace(
        best,
        status=Status.OPTIMAL if closed else Status.FEASIBLE,
        bound=bound,
        effort=goal.effort(search.tried, best.effort.notes, closed=closed),
    )


def _sized_without_plan(
    sizing: _RateSizing, search: NumberSearch, high: Numbers, *, explain: bool
) -> tuple[Instance, Solution]:
    """Nothing found: why, with the most nodes."""
    goal = sizing.goal
    largest = decided_instance(goal.instance, high)
    if search.bound < np.inf:
        effort = goal.effort(search.tried, (), closed=False)
        return largest, Solution(status=Status.UNKNOWN, value=None, bound=None, effort=effort)
    solution = joint.solve_joint(
        largest, goal.limited(), cancel=goal.clock.cancel, quality=sizing.quality, explain=explain
    )
    if solution.has_plan or solution.conflict is None:
        status = Status.UNKNOWN if solution.has_plan else solution.status
        effort = replace(
            goal.effort(search.tried, (), closed=False), termination=solution.effort.termination
        )
        return largest, Solution(status=status, value=None, bound=None, effort=effort)
    return largest, replace(solution, conflict=_conflict_of_most_nodes(goal, solution.conflict))


def _conflict_of_most_nodes(goal: SizingGoal, conflict: Conflict) -> Conflict:
    """Repairs of the largest numbers of nodes name the bound that holds them. The plan of the
    nearest repaired case would be one with the most nodes, which nobody asked for.
    """
    paths = {f"pools.{p}.nodes": f"pools.{p}.nodes.at_most" for p in undecided_pools(goal.instance)}
    repairs = tuple(
        Repair(paths.get(one.change, one.change), one.before, one.after, one.proved)
        for one in conflict.repairs
    )
    return Conflict(conflict.limits, repairs)
