"""Shadow prices against the relaxation solved again with a little more of a rate or a limit."""

import time
from dataclasses import replace

import numpy as np
import pytest

from models.demand.demand_model import DemandModel
from models.demand.requests import DemandInstance
from models.instance import ObjectiveKind
from planner.cell_solution import CellNumberKind, CellPrices
from planner.cells.cell_numbers import MovableNumber, movable_numbers
from planner.cells.cell_shadow_prices import cell_shadow_prices, joined_cell_prices
from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.cells.solve import class_qualities
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings
from tests.support.demand.random_demands import random_demand
from tests.support.walls import first_fast, usually, wall_size

KINDS = ("outside", "classes_budget", "cases", "classes_cost", "alone", "lost")
CASES = [(kind, seed) for seed in range(wall_size(1, 6)) for kind in usually(KINDS, (0,))]


def relaxed(demand: DemandInstance) -> tuple[DemandModel, CellLoop, CellPoint, float] | None:
    """The relaxation, curves refined until nothing rises; with its value."""
    model = DemandModel(demand=demand, qualities=class_qualities(demand))
    clock = SearchClock(time.perf_counter() + 300)
    loop = CellLoop(
        model,
        range(len(demand.cases)),
        clock,
        SolveSettings(),
        free_setup=True,
        options=model.options,
    )
    for _ in range(8):
        point = loop.converge(1e-10)
    if not isinstance(point, CellPoint):
        return None
    weights = zip(model.weights.sum(axis=1), model.qualities, strict=True)
    offset = sum(float(w * quality.offset) for w, quality in weights)
    by_cost = demand.instance.objective == ObjectiveKind.COST
    return model, loop, point, point.loss if by_cost else offset - point.loss


def price_of(one: MovableNumber, prices: CellPrices) -> float | None:
    """Of one unit of the scenario file; None where there is no such price."""
    at = one.number
    if at.kind is CellNumberKind.RATE:
        return float(prices.rates[at.request_class, at.case])
    own = [v for (c, _, s), v in prices.slos.items() if (c, s) == (at.request_class, at.slo)]
    return sum(own) / 1e3 if at.kind is CellNumberKind.SLO and own else None


@pytest.mark.parametrize(("kind", "seed"), first_fast(CASES, range(1)))
def test_prices_are_slopes_of_the_relaxation(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    here = relaxed(demand)
    if here is None:
        return
    model, loop, point, value = here
    prices = cell_shadow_prices(model, loop, point)
    for one in movable_numbers(demand):
        price, step = price_of(one, prices), 1e-4 * one.before
        if price is None:
            continue
        beside = [relaxed(one.apply(one.before + by)) for by in (step, -step)]
        slopes = [
            (found[3] - value) / by
            for found, by in zip(beside, (step, -step), strict=True)
            if found is not None
        ]
        slack = 0.02 * max(map(abs, slopes)) + 2e-8 / step
        assert min(slopes) - slack <= price <= max(slopes) + slack, one.number


def test_a_node_is_worth_something_where_gpus_bind_and_never_more_than_all() -> None:
    demand = random_demand(0, "cases")
    found = relaxed(demand)
    assert found is not None
    model, loop, point, value = found
    prices = cell_shadow_prices(model, loop, point)
    assert prices.pools.shape == (1, len(demand.cases))
    pool = replace(demand.instance.pools[0], nodes=demand.instance.pools[0].nodes + 1)
    more = relaxed(replace(demand, instance=replace(demand.instance, pools=(pool,))))
    assert more is not None
    # The value is concave in what there is: a whole node gives at most its price.
    assert more[3] - value <= prices.pools.sum() + 1e-6
    assert prices.pools.sum() > 0


def test_parts_are_joined_by_their_weights() -> None:
    demand = random_demand(0, "cases")
    scheduled = replace(demand, start_usd=0.0)
    count = len(demand.cases)
    assert scheduled.setups == tuple((t,) for t in range(count))
    parts = [
        CellPrices(
            rates=np.array([[1.0 + t]]),
            slos={(None, 0, 0): 10.0},
            pools=np.array([[100.0]]),
            notes=("note",),
        )
        for t in range(count)
    ]
    weights = [0.5, *[0.25] * (count - 1)]
    joined = joined_cell_prices(scheduled, parts, weights)
    assert joined.rates.tolist() == [[w * (1.0 + t) for t, w in enumerate(weights)]]
    assert joined.slos == {(None, t, 0): 10.0 * w for t, w in enumerate(weights)}
    assert joined.pools.tolist() == [[100.0 * w for w in weights]]
    assert joined.notes == ("note",)
