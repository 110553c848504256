"""Ways to divide the replicas of a setup into lanes: whole parts of each class's share of the
relaxation to itself and the rest mixed; every replica to one class; all classes on all replicas.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.demand.demand_model import DemandModel
from planner.cells.routing.cell_loop import CellPoint

__all__ = ["LaneShape", "propose_lanes"]

TAKES_PART = 1e-6
"""A class takes part in a mixed lane with this many replicas of the relaxation."""


@dataclass(frozen=True)
class LaneShape:
    """Replicas of one option that will receive the same rates, and the classes that may use them;
    load: req/s of the profile's work on each to begin with.
    """

    option: int
    replicas: int
    classes: tuple[int, ...]
    load: float


def propose_lanes(
    model: DemandModel, case: int, replicas: np.ndarray, point: CellPoint, cells: Sequence[int]
) -> Iterator[list[LaneShape]]:
    """Ways to divide a setup, replicas (O,), into lanes, the most promising first.

    point: of the case's relaxation. cells: its classes, in the order of the point's cells.
    """
    seen: set[tuple[tuple[int, int, tuple[int, ...]], ...]] = set()
    ways = (_whole_and_mixed, _rounded, _all_mixed) if len(cells) > 1 else (_rounded,)
    for divide in ways:
        shapes: list[LaneShape] = []
        for o in np.flatnonzero(replicas > 0).tolist():
            may = [k for k, c in enumerate(cells) if o in _pieces(model, c, case)]
            count = int(replicas[o])
            if not may:
                shapes.append(LaneShape(o, count, (), 0.0))
                continue
            time = np.array([point.time[o, k] for k in may])
            work = time * np.array([point.loads[o, k] for k in may])
            shapes += [
                LaneShape(o, m, tuple(cells[may[k]] for k in who), load)
                for m, who, load in divide(count, time, work)
                if m > 0
            ]
        # Loads move: divisions that differ in nothing else are one.
        division = tuple((shape.option, shape.replicas, shape.classes) for shape in shapes)
        if division not in seen:
            seen.add(division)
            yield shapes


Division = list[tuple[int, tuple[int, ...], float]]
"""Of one option: (replicas, positions of the classes, load)."""


def _rounded(count: int, time: np.ndarray, work: np.ndarray) -> Division:
    """Every replica to one class, by largest remainders."""
    share = time * (count / time.sum()) if time.sum() > 0 else np.full(time.size, count / time.size)
    whole = np.floor(share + 1e-9).astype(int)
    for k in np.argsort(whole - share, kind="stable")[: count - int(whole.sum())]:
        whole[k] += 1
    return [(int(m), (k,), work[k] / m) for k, m in enumerate(whole) if m > 0]


def _all_mixed(count: int, time: np.ndarray, work: np.ndarray) -> Division:
    """One lane of all classes."""
    return [(count, tuple(range(time.size)), float(work.sum()) / count)]


def _whole_and_mixed(count: int, time: np.ndarray, work: np.ndarray) -> Division:
    """Whole parts to each class, the rest mixed."""
    whole = np.floor(time + 1e-6).astype(int)
    rest = count - int(whole.sum())
    left = np.maximum(time - whole, 0.0)
    part = tuple(np.flatnonzero(left > TAKES_PART).tolist())
    if rest <= 0 or len(part) < 2:
        return _rounded(count, time, work)
    loads = np.divide(work, time, out=np.zeros_like(work), where=time > 0)
    lanes: Division = [(int(m), (k,), loads[k]) for k, m in enumerate(whole) if m > 0]
    return [*lanes, (rest, part, float(left[list(part)] @ loads[list(part)]) / rest)]


def _pieces(model: DemandModel, request_class: int, case: int) -> dict:
    cell = next(one for one in model.demand.cells(case) if one.request_class == request_class)
    return model.curves.pieces(cell)
