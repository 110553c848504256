"""Bounds of setups by arms: no routing passes them, they are no higher than the relaxation, and
they end at what one replica can do.
"""

import numpy as np
import pytest

from planner.cells.arm_bound import ArmBound
from planner.cells.routing.lane_rates import LaneRates
from planner.cells.routing.lane_routing import route_lanes
from planner.cells.routing.lane_shapes import propose_lanes
from planner.cells.search import CellSearch
from planner.joint.solver.highs import SolveSettings
from tests.support.demand.cell_models import cell_search, price_case, search_clock
from tests.support.demand.placements import placed_setups
from tests.support.demand.random_demands import random_demand
from tests.support.walls import first_fast, wall_size

KINDS = ("classes", "classes_cases", "classes_percentile", "classes_each_llm", "classes_outside")


def routed_value(search: CellSearch, replicas: np.ndarray) -> float | None:
    """Best value of all cases on one setup over all proposed lanes; None where a case fails."""
    model, total = search.model, 0.0
    for t in range(len(model.demand.cases)):
        cells = [cell.request_class for cell in model.demand.cells(t)]
        found = price_case(model, t, replicas, np.inf)
        if found.value is None:
            return None
        values = []
        for shapes in propose_lanes(model, t, replicas, found.point, cells):
            rates = LaneRates(model, t, shapes, np.inf)
            one = route_lanes(rates, search_clock(), SolveSettings(), 1e-6)
            values += [] if one is None else [one.value]
        if not values:
            return None
        total += max(values)
    return total


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", first_fast(range(wall_size(1, 25))))
def test_no_routing_on_a_setup_passes_its_bound(kind: str, seed: int) -> None:
    demand = random_demand(400 + seed, kind)
    search = cell_search(demand, 100)
    search.run()
    for setup in placed_setups(demand, by_node=False)[1 :: wall_size(20, 2)]:
        replicas = np.array(setup.replicas)
        if search.pricing.price(replicas[None, :], {}) is None and search.best is not None:
            continue
        relaxed = search.pricing.relaxed_value(replicas[None, :])
        for enough in (-np.inf, np.inf):
            bound = search.arms.bound_setup(replicas[None, :], enough)
            value = routed_value(search, replicas)
            assert bound is not None or value is None
            assert bound is None or bound <= relaxed + 1e-9
            assert bound is None or value is None or value <= bound + 2e-6


def test_arms_bring_the_bound_to_the_plan() -> None:
    """Two classes with limits of their own on a few replicas: the relaxation gives each a load of
    its own.
    """
    demand = random_demand(402, "classes")
    search = cell_search(demand, 400)
    search.run()
    assert search.best is not None
    best = search.best.setups[0].replicas[None, :]
    relaxed = search.pricing.relaxed_value(best)
    assert relaxed > search.best.value + 1e-3
    bound = search.arms.bound_setup(best, -np.inf)
    assert bound is not None
    assert (
        search.best.value - 1e-6 <= bound <= search.best.value + 0.4 * (relaxed - search.best.value)
    )


def test_where_arms_say_nothing_they_do_not_apply() -> None:
    for kind, applies in (("classes", True), ("cases", False), ("classes_cost", False)):
        search = cell_search(random_demand(1, kind), 5)
        assert ArmBound(search, search.pricing).applies() is applies


def test_a_division_of_an_arm_keeps_every_replica() -> None:
    search = cell_search(random_demand(402, "classes"), 400)
    search.run()
    assert search.best is not None
    replicas = search.best.setups[0].replicas
    seen: list[tuple] = []
    original = ArmBound._add_node

    def note(self: ArmBound, leaves: list, case: int, arms: tuple) -> None:
        seen.append(arms)
        original(self, leaves, case, arms)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ArmBound, "_add_node", note)
        search.arms.bound_setup(replicas[None, :], -np.inf)
    assert len(seen) > 3
    for arms in seen:
        for o in np.flatnonzero(replicas):
            own = [arm for arm in arms if arm.option == o]
            assert sum(arm.count for arm in own) == replicas[o]
            assert all(arm.low < arm.high and arm.count > 0 for arm in own)
