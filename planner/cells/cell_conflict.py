"""Why a demand has no plan: the cases that no setup serves, each alone, and single changes that
give a plan.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from models.demand.demand_model import DemandModel
from models.demand.requests import DemandInstance
from planner.cell_solution import CellSolution
from planner.cells.cell_repairs import CellProbe, cell_repairs
from planner.cells.routing.cell_loop import CellLoop
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings, StopReason
from planner.settings import Settings

__all__ = ["explain_cells"]

EXPLAIN_SECONDS, LEAST_SECONDS = 20.0, 5.0
"""Time for reasons and repairs: less when the time limit is shorter, but never less than the
second.
"""

ROUGH_QUALITY = 1e-2
"""Quality does not matter to the question whether one case can be served alone."""

SHORT_OF_ALL = 1e-4
"""Share of a class's requests that counts as missing."""

CUT_SHORT = (
    "the search for repairs was cut short; those not told to be the smallest work, but may go"
    " further than needed, and others may be missing"
)


def explain_cells(
    found: CellSolution,
    stated: DemandInstance,
    model: DemandModel,
    clock: SearchClock,
    settings: Settings,
    solve: Callable[..., CellSolution],
) -> CellSolution:
    """The solution of an infeasible demand with reasons and repairs.

    stated: the demand before its headroom, of which repairs are sought. model, clock: of the
    search. solve: `planner.cells.solve.solve_cells`.
    """
    seconds = min(EXPLAIN_SECONDS, max(LEAST_SECONDS, clock.left()))
    own = SearchClock(time.perf_counter() + seconds, clock.cancel)
    impossible = _impossible_cases(model, own)
    probe = CellProbe(
        model=model,
        clock=own,
        settings=settings,
        impossible=list(impossible),
        solve=solve,
    )
    repairs, decided = cell_repairs(stated, probe)
    one_setup = len(model.demand.setups) == 1
    how = "with one setup" if one_setup else "with the quality or the budget that is set"
    reasons = tuple(impossible.values()) or (
        f"Each case can be served alone, but not all of them {how}.",
    )
    running = model.running_setup(0)
    if running is not None and running.most is not None:
        # Cases and repairs were tried within that limit, too.
        each = "" if one_setup else " of each setup"
        reasons += (f"All of it with at most {running.most} replicas{each} to start or stop.",)
    effort = found.effort
    if not decided:
        effort = replace(effort, notes=(*effort.notes, CUT_SHORT))
    wall = effort.wall + time.perf_counter() - own.began
    return replace(found, reasons=reasons, repairs=repairs, effort=replace(effort, wall=wall))


def _impossible_cases(model: DemandModel, clock: SearchClock) -> dict[int, str]:
    """The cases that no setup serves, each alone, by position, with a sentence."""
    impossible: dict[int, str] = {}
    for t, case in enumerate(model.demand.cases):
        if not any(case.rates):
            continue
        settings = SolveSettings(time_limit=max(clock.left(), 0.05), cancel=clock.cancel)
        loop = CellLoop(model, [t], clock, settings, free_setup=True, options=model.options)
        if loop.converge(ROUGH_QUALITY) is StopReason.INFEASIBLE:
            lost = ", with the nodes it loses" if case.loses_nodes else ""
            why = _what_is_missing(model, loop)
            impossible[t] = f"The case {case.name} cannot be served even alone{lost}{why}."
    return impossible


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
    floored |= loop.layout.floor_row >= 0
    if len(cells) == 1 and not floored and cells[0].floor_row < 0:
        return f": at most {100 * (1 - point.unserved[0]):.0f} % of its requests within the limits"
    names = [model.demand.classes[one.cell.request_class].name for one in cells]
    return f": not all of its {' and '.join(names)} requests within the limits"
