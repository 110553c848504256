"""From a demand to a proven plan over its cells, or the reasons why there is none."""

import threading
import time
from collections.abc import Callable, Sequence

from models.demand.demand_model import DemandModel
from models.demand.headroom import demand_with_headroom
from models.demand.requests import DemandInstance
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.cell_solution import CellSolution
from planner.cells.cell_conflict import explain_cells
from planner.cells.cell_shadow_prices import cell_prices_before_headroom
from planner.cells.schedule_search import ScheduleSearch
from planner.cells.search import CellSearch
from planner.cells.separate_setups import SeparateSearch, setups_are_separate
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver import highs
from planner.settings import CLOSE_ENOUGH, Progress, Settings
from planner.solution import Effort, Status, Termination

__all__ = ["class_qualities", "solve_cells"]


def solve_cells(
    demand: DemandInstance,
    settings: Settings | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    model: DemandModel | None = None,
    explain: bool = True,
) -> CellSolution:
    """The best plan of a demand, with a bound on every plan: one setup for all cases of a fixed
    fleet, a cycle of setups of a scheduled one.

    Headroom of the demand is kept: rates and limits of the solution are those that it was made
    with (models.demand.headroom).

    progress: called with elapsed seconds, phase, value and bound whenever one of them changes.
    cancel: ends the search within a fraction of a second, with the plan there is. model: of the
    demand with its headroom, where one is at hand. explain: whether to look for reasons and repairs
    where there is no plan.
    """
    settings, stated = settings or Settings(), demand
    demand = demand_with_headroom(stated)
    clock = SearchClock(time.perf_counter() + settings.time_limit, cancel)

    def tell(phase: str, value: float | None, bound: float | None) -> None:
        if progress is not None:
            progress(Progress(time.perf_counter() - clock.began, phase, value, bound))

    qualities = class_qualities(demand) if model is None else model.qualities
    search: CellSearch | SeparateSearch
    if setups_are_separate(demand):
        search = SeparateSearch(demand, qualities, clock, settings, tell)
    else:
        model = model or DemandModel(demand=demand, qualities=qualities)
        kind = CellSearch if len(demand.setups) == 1 else ScheduleSearch
        search = kind(model=model, clock=clock, settings=settings, report=tell)
    search.run()
    found = _solution(search, qualities, stated.instance)
    if not search.infeasible or not explain:
        return found
    tell("repairs", None, None)
    model = model or DemandModel(demand=demand, qualities=qualities)
    return explain_cells(found, stated, model, clock, settings, solve_cells)


def class_qualities(demand: DemandInstance) -> list[Quality]:
    """The quality of each class: those with one score table share it, and its cuts."""
    by_table: dict[int, Quality] = {}
    for entry in demand.classes:
        if id(entry.scores) not in by_table:
            by_table[id(entry.scores)] = Quality(entry.scores)
    return [by_table[id(entry.scores)] for entry in demand.classes]


def _solution(
    search: CellSearch | SeparateSearch, qualities: Sequence[Quality], stated: Instance
) -> CellSolution:
    """What a search that is over has found. stated: of the demand as it is stated."""
    clock, best = search.clock, search.best
    # A search that ended without closing the gap it wanted may have closed the one that is set.
    closed = search.closed(1.0)
    notes = list(dict.fromkeys(search.notes))
    if search.infeasible:
        status, termination = Status.INFEASIBLE, Termination.INFEASIBLE
    else:
        termination = clock.termination(closed=closed)
        status = Status.UNKNOWN if best is None else Status.OPTIMAL if closed else Status.FEASIBLE
    effort = Effort(
        wall=time.perf_counter() - clock.began,
        seconds=dict(clock.seconds),
        milp_solves=search.masters,
        quality_cuts=sum(len(q.cuts) for q in {id(q): q for q in qualities}.values()),
        nodes=search.nodes,
        work=clock.worked,
        termination=termination,
        solver_version=highs.VERSION,
        notes=tuple(notes),
    )
    return CellSolution(
        status=status,
        value=None if best is None else best.value,
        bound=None if search.infeasible else _bound_of_search(search, stated, qualities),
        effort=effort,
        plan=best,
        prices=search.prices and cell_prices_before_headroom(search.prices, stated.headroom),
    )


def _bound_of_search(
    search: CellSearch | SeparateSearch, stated: Instance, qualities: Sequence[Quality]
) -> float | None:
    """The search's bound; the plan's value where that lies beyond it by rounding alone: a program
    is solved to about 1e-8, a plan is counted exactly.
    """
    bound = search.bound
    if bound is None or search.best is None:
        return bound
    value = search.best.value
    if stated.objective == ObjectiveKind.QUALITY:
        beyond, scale = value - bound, max(quality.scale for quality in qualities)
    else:
        beyond, scale = bound - value, abs(value)
    return value if 0.0 < beyond <= CLOSE_ENOUGH * scale else bound
