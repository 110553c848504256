"""The numbers of nodes of a scenario with classes and cases, decided together with its plan: one
number for all cases.

Every number that is tried is solved over all cells as a demand whose nodes are all paid, with the
part of its own nodes that a case loses; a box of numbers is bounded by the relaxation and the first
master of the most nodes (models.demand.node_numbers).
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.demand.demand_model import DemandModel
from models.demand.headroom import demand_with_headroom
from models.demand.node_numbers import (
    Numbers,
    box_demand,
    decided_demand,
    decided_instance,
    nodes_for_replicas,
    undecided_pools,
)
from models.demand.requests import DemandInstance
from models.formulation import fleet_cost
from models.quality import Quality
from planner.cell_solution import CellRepair, CellSolution
from planner.cells.schedule_search import ScheduleSearch
from planner.cells.search import CellSearch
from planner.cells.solve import class_qualities, solve_cells
from planner.joint.setups.search_state import SearchClock
from planner.settings import Progress, Settings
from planner.sizing.number_search import NumberSearch, Relaxed, Tried
from planner.sizing.sizing_goal import SizingGoal
from planner.solution import Status

__all__ = ["solve_sized_cells"]


def solve_sized_cells(
    demand: DemandInstance,
    settings: Settings | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    explain: bool = True,
) -> tuple[DemandInstance, CellSolution]:
    """The best plan over all numbers of nodes, with the demand that has these numbers; a bound on
    every such plan. A demand whose numbers are all given is solved as it is.

    Arguments as of `planner.cells.solve.solve_cells`. Infeasible means: with the most nodes, too.
    """
    settings, instance = settings or Settings(), demand.instance
    pools = undecided_pools(instance)
    if not pools:
        return demand, solve_cells(
            demand, settings, progress=progress, cancel=cancel, explain=explain
        )
    clock = SearchClock(time.perf_counter() + settings.time_limit, cancel)
    qualities = class_qualities(demand)
    goal = SizingGoal(
        instance=instance,
        settings=settings,
        clock=clock,
        scale=max(quality.scale for quality in qualities),
        progress=progress,
    )
    sizing = _CellSizing(goal, demand, qualities)
    ends = {p: instance.pools[p].sized or (0, 0) for p in pools}
    low, high = ({p: ends[p][side] for p in pools} for side in (0, 1))
    search = NumberSearch(
        relax=sizing.relax,
        solve=sizing.solve,
        gap=goal.gap,
        stopped=clock.stopped,
        monotone=instance.min_utilization == 0 and demand.cost_at_most is None,
    )
    search.run(low, high)
    if search.best is None:
        return _cells_without_plan(sizing, search, high, explain=explain)
    return decided_demand(demand, search.best), _sized_cell_solution(sizing, search)


@dataclass
class _CellSizing:
    """best: the solution of the best numbers so far."""

    goal: SizingGoal
    demand: DemandInstance
    qualities: Sequence[Quality]
    best: CellSolution | None = None

    def relax(self, low: Numbers, high: Numbers) -> Relaxed | None:
        """The relaxation and the first master of a box."""
        goal, began = self.goal, time.perf_counter()
        demand = demand_with_headroom(box_demand(self.demand, low, high))
        model = DemandModel(demand=demand, qualities=self.qualities)
        kind = CellSearch if len(demand.setups) == 1 else ScheduleSearch
        search = kind(model=model, clock=goal.clock, settings=goal.settings)
        replicas = search.bound_setups()
        goal.clock.spend("bound numbers of nodes", began)
        if search.infeasible:
            return None
        bound = -np.inf if search.bound is None else goal.sign * search.bound
        if replicas is None:
            return Relaxed(bound, high)
        needed = {
            p: max(nodes_for_replicas(demand.instance, model.capacity, own, p) for own in replicas)
            for p in low
        }
        return Relaxed(bound, self._within_budget(needed, low))

    def _within_budget(self, needed: Numbers, low: Numbers) -> Numbers:
        """The numbers, or, where they cost more than may be spent, one node less of each: the
        relaxation spends its budget on parts of nodes.
        """
        most = self.demand.cost_at_most
        if most is None or fleet_cost(decided_instance(self.goal.instance, needed)).base <= most:
            return needed
        return {p: max(count - 1, low[p]) for p, count in needed.items()}

    def solve(self, numbers: Numbers) -> Tried:
        """The search over cells with so many nodes."""
        goal = self.goal
        solution = solve_cells(
            decided_demand(self.demand, numbers),
            goal.limited(),
            progress=goal.progress_of(numbers),
            cancel=goal.clock.cancel,
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


def _sized_cell_solution(sizing: _CellSizing, search: NumberSearch) -> CellSolution:
    goal, best = sizing.goal, sizing.best
    assert best is not None  # noqa: S101 - the search has numbers with a plan
    closed = search.loss - search.bound <= goal.gap(search.loss)
    return replace(
        best,
        status=Status.OPTIMAL if closed else Status.FEASIBLE,
        bound=goal.sign * search.bound if np.isfinite(search.bound) else None,
        effort=goal.effort(search.tried, best.effort.notes, closed=closed),
    )


def _cells_without_plan(
    sizing: _CellSizing, search: NumberSearch, high: Numbers, *, explain: bool
) -> tuple[DemandInstance, CellSolution]:
    """Nothing found: why, with the most nodes."""
    goal = sizing.goal
    largest = decided_demand(sizing.demand, high)
    infeasible = search.bound == np.inf
    reasons: tuple[str, ...] = ()
    repairs: tuple[CellRepair, ...] = ()
    if infeasible and explain:
        # Told without what the nodes cost: of a budget it would be said that it is too small.
        free = replace(largest, cost_at_most=None)
        told = solve_cells(free, goal.limited(), cancel=goal.clock.cancel)
        reasons = told.reasons or ("No number of nodes serves every case within the budget.",)
        if largest.cost_at_most is None:
            repairs = told.repairs
    effort = goal.effort(search.tried, (), closed=False)
    return largest, CellSolution(
        status=Status.INFEASIBLE if infeasible else Status.UNKNOWN,
        value=None,
        bound=None,
        effort=replace(effort, termination=goal.termination_without_plan(infeasible=infeasible)),
        reasons=reasons,
        repairs=repairs,
    )
