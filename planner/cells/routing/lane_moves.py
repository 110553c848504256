"""What moving the loads of mixed lanes would do, as columns of a linear program.

A mixed lane runs at one load rho for all its classes. With w_c of its replicas given to class c it
serves w_c rho / work_c requests and spends w_c B_c(rho) / work_c, both bilinear in w and rho. To
first order, at the present w, a move by delta changes them by

    w_c delta / work_c    and    w_c (B_c(rho + delta) - B_c(rho)) / work_c

which is one more column beside those of w at the present load: sequential linear programming with a
bounded step (Griffith and Stewart, Management Science 7, 1961). B_c is taken from the polyline
around rho that nowhere lies below it (models.latency.safe_latency_points), a column for each of its
segments: where it is convex they are used in their order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix, diags

from models.demand.cell_curves import CellPoints
from models.demand.cell_program import CellColumns, CellLayout, cell_weight_columns
from models.demand.demand_model import DemandModel
from models.latency import safe_latency_points
from planner.cells.routing.lane_shapes import LaneShape

__all__ = ["LaneMoves", "lane_moves"]

LEAST_LOAD = 0.05
"""A lane below this part of its largest load may move as far as at it."""

HARDLY_RUNS = 1e-9
"""Replicas that serve a class count from here on."""


@dataclass(frozen=True)
class LaneMoves:
    """Columns (K,): lane; sign, 1 up and -1 down; most, req/s of load; entries (K, rows)."""

    lane: np.ndarray
    sign: np.ndarray
    most: np.ndarray
    entries: csr_matrix


@dataclass(frozen=True)
class _Segment:
    """A stretch of the loads of one lane. slopes: by position of a cell that the lane serves, (S,)
    change of its budgets by req/s of load in the direction of the move.
    """

    lane: int
    sign: int
    most: float
    slopes: dict[int, np.ndarray]


def lane_moves(
    model: DemandModel,
    layout: CellLayout,
    shapes: Sequence[LaneShape],
    loads: np.ndarray,
    time: np.ndarray,
    reach: float,
    side: int,
) -> LaneMoves:
    """Columns that move the mixed lanes.

    loads: (lanes,) present ones. time: (lanes, cells) replicas that serve each cell. reach: longest
    move, part of the load. side: of a knot (models.latency).
    """
    segments: list[_Segment] = []
    for j, shape in enumerate(shapes):
        cells = {k: one for k, one in enumerate(layout.cells) if time[j, k] > HARDLY_RUNS}
        if len(shape.classes) > 1 and cells:
            segments += _lane_segments(model, shape.option, j, cells, float(loads[j]), reach, side)
    lane = np.array([one.lane for one in segments], dtype=int)
    sign = np.array([one.sign for one in segments], dtype=float)
    entries = csr_matrix((lane.size, layout.rows))
    for k, one in enumerate(layout.cells):
        none = np.zeros(one.allowances.size)
        slopes = np.array([s.slopes.get(k, none) for s in segments]).reshape(lane.size, none.size)
        columns = cell_weight_columns(model, layout, one, CellPoints(lane, sign, slopes.T))
        entries = entries + diags(time[lane, k] * [k in s.slopes for s in segments]) @ columns
    # A move takes no replicas.
    (case,) = layout.cases.values()
    takes = np.ones(layout.rows)
    takes[case.replica_rows[case.replica_rows >= 0]] = 0.0
    entries = csr_matrix(entries @ diags(takes))
    entries.data[np.abs(entries.data) < 1e-9] = 0.0
    entries.eliminate_zeros()
    return LaneMoves(lane, sign, np.array([one.most for one in segments]), entries)


def _lane_segments(
    model: DemandModel,
    option: int,
    lane: int,
    cells: dict[int, CellColumns],
    load: float,
    reach: float,
    side: int,
) -> Iterator[_Segment]:
    """The segments within reach of a load, where all classes of the lane may run."""
    lines = {
        k: safe_latency_points(model.curves.pieces(one.cell)[option], load, side)
        for k, one in cells.items()
    }
    grid = np.unique(np.concatenate([[load], *(rates for rates, _ in lines.values())]))
    low = max(float(rates[0]) for rates, _ in lines.values())
    high = min(float(rates[-1]) for rates, _ in lines.values())
    step = reach * max(load, LEAST_LOAD * high)
    for a, b in pairwise(grid):
        if not (low <= a and b <= high):
            continue
        sign = 1 if a >= load else -1
        near, far = (a, b) if sign > 0 else (b, a)
        left = step - abs(near - load)
        if left > 0:
            slopes = {
                k: np.array([np.interp(far, x, y) - np.interp(near, x, y) for y in spent]) / (b - a)
                for k, (x, spent) in lines.items()
            }
            yield _Segment(lane, sign, min(float(b - a), left), slopes)
