"""From a demand to a proven plan over its cells, or the reasons why there is none."""

import threading
import time
from collections.abc import Callable, Sequence

from models.demand.demand_model import DemandModel
from models.demand.requests import DemandInstance
from models.quality import Quality
from planner.cell_solution import CellSolution
from planner.cells.cell_loop import CellLoop
from planner.cells.schedule_search import ScheduleSearch
from planner.cells.search import CellSearch
from planner.cells.separate_setups import SeparateSearch, setups_are_separate
from planner.joint.search_state import SearchClock
from planner.joint.solver import highs
from planner.joint.solver.highs import SolveSettings, StopReason
from planner.settings import Progress, Settings
from planner.solution import Effort, Status, Termination

__all__ = ["class_qualities", "solve_cells"]


def solve_cells(
    demand: DemandInstance,
    settings: Settings | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> CellSolution:
    """The best plan of a demand, with a bound on every plan: one setup for all cases of a fixed
    fleet, a cycle of setups of a scheduled one.

    progress: called with elapsed seconds, phase, value and bound whenever one of them changes.
    cancel: ends the search within a fraction of a second, with the plan there is.
    """
    settings = settings or Settings()
    clock = SearchClock(time.perf_counter() + settings.time_limit, cancel)

    def tell(phase: str, value: float | None, bound: float | None) -> None:
        if progress is not None:
            progress(Progress(time.perf_counter() - clock.began, phase, value, bound))

    qualities = class_qualities(demand)
    search: CellSearch | SeparateSearch
    if setups_are_separate(demand):
        search = SeparateSearch(demand, qualities, clock, settings, tell)
    else:
        model = DemandModel(demand=demand, qualities=qualities)
        kind = CellSearch if len(demand.setups) == 1 else ScheduleSearch
        search = kind(model=model, clock=clock, settings=settings, report=tell)
    search.run()
    return _solution(search, qualities)


def class_qualities(demand: DemandInstance) -> list[Quality]:
    """The quality of each class: those with one score table share it, and its cuts."""
    by_table: dict[int, Quality] = {}
    for entry in demand.classes:
        if id(entry.scores) not in by_table:
            by_table[id(entry.scores)] = Quality(entry.scores)
    return [by_table[id(entry.scores)] for entry in demand.classes]


def _solution(search: CellSearch | SeparateSearch, qualities: Sequence[Quality]) -> CellSolution:
    """What a search that is over has found."""
    clock, best = search.clock, search.best
    # A search that ended without closing the gap it wanted may have closed the one that is set.
    closed = search.closed(1.0)
    notes = list(dict.fromkeys(search.notes))
    reasons: tuple[str, ...] = ()
    if search.infeasible:
        status, termination = Status.INFEASIBLE, Termination.INFEASIBLE
        parts = search.searches if isinstance(search, SeparateSearch) else [search]
        failed = [one for one in parts if one.infeasible]
        reasons = tuple(reason for one in failed for reason in _impossible_cases(one))
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
        bound=None if search.infeasible else search.bound,
        effort=effort,
        plan=best,
        reasons=reasons,
    )


def _impossible_cases(search: CellSearch) -> list[str]:
    """Sentences: the cases that no setup serves, each alone; or that each can be served alone, but
    not all with one setup, or not all together.
    """
    model, impossible = search.model, []
    for t, case in enumerate(model.demand.cases):
        if not any(case.rates):
            continue
        loop = CellLoop(
            model,
            [t],
            SearchClock(time.perf_counter() + EXPLAIN_SECONDS),
            SolveSettings(time_limit=EXPLAIN_SECONDS),
            free_setup=True,
            options=model.options,
        )
        if loop.converge(ROUGH_QUALITY) is StopReason.INFEASIBLE:
            lost = ", with the nodes it loses" if case.loses_nodes else ""
            why = _what_is_missing(model, loop)
            impossible.append(f"The case {case.name} cannot be served even alone{lost}{why}.")
    if impossible:
        return impossible
    one_setup = len(model.demand.setups) == 1
    how = "with one setup" if one_setup else "with the quality or the budget that is set"
    return [f"Each case can be served alone, but not all of them {how}."]


def _what_is_missing(model: DemandModel, loop: CellLoop) -> str:
    """What of a case cannot be served, in words; a share only where it is the largest: of several
    classes, or beside floors, what is missing may be divided in many ways.
    """
    loop.measure_missing(on=True)
    point = loop.converge(ROUGH_QUALITY)
    if isinstance(point, StopReason):
        return ""
    cells = loop.layout.cells
    if not any(missing > SHORT_OF_ALL for missing in point.unserved):
        return ": its floors of quality are out of reach"
    floored = any(rows.floor_row >= 0 for rows in loop.layout.cases.values())
    if len(cells) == 1 and not floored and cells[0].floor_row < 0:
        return f": at most {100 * (1 - point.unserved[0]):.0f} % of its requests within the limits"
    names = [model.demand.classes[one.cell.request_class].name for one in cells]
    return f": not all of its {' and '.join(names)} requests within the limits"


SHORT_OF_ALL = 1e-4
"""Share of a class's requests that counts as missing."""

EXPLAIN_SECONDS, ROUGH_QUALITY = 5.0, 1e-2
"""Seconds for the question whether one case can be served alone; quality does not matter to it."""
