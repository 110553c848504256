"""Moves of mixed lanes: what their columns say is what serving and budgets do, and moving by them
ends at loads that no grid of loads beats.
"""

from itertools import product

import numpy as np
import pytest

from models.demand.cell_curves import budget_latency
from planner.cells.routing.lane_loop import LaneLoop
from planner.cells.routing.lane_moves import LaneMoves, lane_moves
from planner.cells.routing.lane_rates import LaneRates
from planner.cells.routing.lane_routing import route_lanes
from planner.cells.routing.lane_shapes import LaneShape, propose_lanes
from planner.joint.solver.highs import SolveSettings, StopReason
from tests.support.demand.cell_models import cell_model, price_case, search_clock
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand
from tests.support.walls import first_fast, wall_size

SHAPES = [LaneShape(0, 2, (0, 1), 5.0), LaneShape(1, 1, (0,), 3.0)]
LOADS = np.array([5.0, 3.0])
TIME = np.array([[1.2, 0.8], [1.0, 0.0]])


def loop_of(loads: np.ndarray, side: int = -1) -> LaneLoop:
    model = cell_model(cells_demand())
    loop = LaneLoop(model, 0, SHAPES, loads, side, search_clock(), SolveSettings())
    loop.set_lanes(np.inf, 0.0)
    return loop


def moves_of(loop: LaneLoop, reach: float, side: int = -1) -> LaneMoves:
    return lane_moves(loop.model, loop.layout, SHAPES, LOADS, TIME, reach, side)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("delta", [1e-3, 0.2])
def test_a_move_changes_rates_and_budgets_as_the_curves_do(sign: int, delta: float) -> None:
    loop = loop_of(LOADS)
    moves = moves_of(loop, 0.3)
    own = np.flatnonzero(moves.sign == sign)
    assert set(moves.lane[own]) == {0}
    # Segments from the load outwards, each as far as it goes.
    order = own if sign > 0 else own[::-1]
    left, change = delta, np.zeros(loop.layout.rows)
    for k in order:
        step = min(left, float(moves.most[k]))
        change += step * moves.entries[k].toarray()[0]
        left -= step
    assert left == pytest.approx(0.0)
    demand, unit = loop.model.demand, loop.model.unit
    for k, one in enumerate(loop.layout.cells):
        work, held = demand.classes[one.cell.request_class].work[0], TIME[0, k]
        served = change[one.llm_rows[0]] * unit * work
        assert served == pytest.approx(sign * held * delta)
        pieces = loop.model.curves.pieces(one.cell)[0]
        budgets = [x * budget_latency(pieces, x)[0] for x in (5.0, 5.0 + sign * delta)]
        exact = held * (budgets[1] - budgets[0]) / work / one.allowances / unit
        for s, row in enumerate(one.slo_rows):
            # The polyline lies nowhere below the curve, and near its own points on it.
            assert change[row] >= exact[s] - 1e-12
            assert change[row] == pytest.approx(exact[s], rel=0.05)


def test_moves_are_those_of_mixed_lanes_within_reach_and_take_no_replicas() -> None:
    loop = loop_of(LOADS)
    (case,) = loop.layout.cases.values()
    for reach in (0.01, 0.3):
        moves = moves_of(loop, reach)
        for sign in (1, -1):
            assert moves.most[moves.sign == sign].sum() == pytest.approx(reach * 5.0)
        assert not moves.entries[:, case.replica_rows].toarray().any()
    # Where nothing runs, and without mixed lanes, nothing moves.
    idle = lane_moves(loop.model, loop.layout, SHAPES, LOADS, 0.0 * TIME, 0.3, -1)
    alone = lane_moves(loop.model, loop.layout, SHAPES[1:], LOADS[1:], TIME[1:], 0.3, -1)
    assert idle.lane.size == alone.lane.size == 0


def test_looking_ahead_leaves_the_program_as_it_was() -> None:
    loop = loop_of(LOADS)
    loop.measure_missing(on=True)
    before = loop.converge_once(1e-6)
    assert not isinstance(before, StopReason)
    ahead, loads = loop.look_ahead(before, 0.2, 1e-6)
    assert ahead <= before.loss + 1e-9
    assert np.all(np.abs(loads - LOADS)[:1] <= 0.2 * LOADS[:1] + 1e-9)
    again = loop.converge_once(1e-6)
    assert not isinstance(again, StopReason)
    assert again.loss == pytest.approx(before.loss, abs=1e-9)
    assert again.time == pytest.approx(before.time, abs=1e-6)


@pytest.mark.parametrize("kind", ["classes", "everything"])
@pytest.mark.parametrize("seed", first_fast(range(wall_size(2, 40))))
def test_no_grid_of_loads_beats_the_loads_that_moving_finds(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    model = cell_model(demand)
    setup = (np.maximum(model.upper // 2, 1) * (model.upper >= 1)).astype(int)
    for t in np.flatnonzero(model.weights.sum(axis=0) > 0).tolist():
        found = price_case(model, t, setup, np.inf)
        cells = [cell.request_class for cell in demand.cells(t)]
        if found.value is None or len(cells) < 2:
            continue
        for shapes in propose_lanes(model, t, setup, found.point, cells):
            mixed = [j for j, shape in enumerate(shapes) if len(shape.classes) > 1]
            if len(mixed) in (1, 2) and all(shape.classes for shape in shapes):
                settings = SolveSettings()
                one = route_lanes(
                    LaneRates(model, t, shapes, np.inf), search_clock(), settings, 1e-6
                )
                best = best_on_grid(model, t, shapes, mixed)
                assert best is None or one is not None
                assert best is None or one.value >= best - 2e-5


def best_on_grid(model, case: int, shapes: list[LaneShape], mixed: list[int]) -> float | None:
    """Best value of a case with its mixed lanes at loads of a grid."""
    points = 12 if len(mixed) == 1 else 6
    loads = np.array([shape.load for shape in shapes])
    highs = [
        min(
            float(model.curves.pieces(cell)[shapes[j].option].high[-1])
            for cell in model.demand.cells(case)
            if cell.request_class in shapes[j].classes
        )
        for j in mixed
    ]
    loop = LaneLoop(model, case, shapes, loads, -1, search_clock(), SolveSettings())
    offset = sum(
        float(weight) * quality.offset
        for weight, quality in zip(model.weights[:, case], model.qualities, strict=True)
    )
    values = []
    for parts in product(np.linspace(1 / points, 1.0, points), repeat=len(mixed)):
        loads[mixed] = np.array(parts) * highs
        loop.move(loads, -1)
        loop.set_lanes(np.inf, 0.0)
        point = loop.converge_once(1e-6)
        if not isinstance(point, StopReason):
            values.append(offset - point.loss)
    return max(values, default=None)
