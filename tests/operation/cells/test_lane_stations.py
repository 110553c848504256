"""Lanes as stations: which engine, how work loads a replica, latencies of a class of its own."""

from dataclasses import replace

import numpy as np
import pytest

from planner.operation.cells.lane_stations import build_lane_stations
from planner.plans.cells.cells_states import read_cells_states
from tests.support.demand.cells_by_hand import cells_demand, cells_plan, curve_by_hand

TIMES = np.arange(1.0, 401.0)


def stations(demand=None, engine=None):
    demand = demand or cells_demand()
    day = read_cells_states(cells_plan(), cells_demand())[0]
    return build_lane_stations(demand, day, engine)


def test_lanes_then_the_llm_outside() -> None:
    found = stations()
    assert [station.engine for station in found] == ["fitted queue"] * 3 + ["outside"]
    assert [station.name for station in found] == ["lane 0", "lane 1", "lane 2", "api"]
    assert found[1].load == pytest.approx(1.0 + 2 * 1.5)
    curve = cells_demand().instance.options[0].curve
    mean = float(np.interp(found[1].load, curve.rates, curve.latency["ttft", "mean"]))
    assert found[1].predicted["ttft"] == pytest.approx(mean)
    latencies = found[3].serve(TIMES, np.zeros(TIMES.size, dtype=int), np.random.default_rng(0))
    assert set(latencies) == {"ttft"}


def test_the_engine_is_given_the_work_of_every_request() -> None:
    seen = []

    def engine(instance, option, load):
        def serve(arrivals, rng, work):
            seen.append((option, round(load, 6), work.tolist()))
            return {"ttft": np.zeros(arrivals.size)}

        return serve, "as told"

    demand = cells_demand()
    options = tuple(
        replace(option, curve=replace(option.curve, provenance=("estimated",) * 3))
        for option in demand.instance.options
    )
    found = stations(replace(demand, instance=replace(demand.instance, options=options)), engine)
    assert [station.engine for station in found[:3]] == ["step-level"] * 3
    found[1].serve(TIMES[:3], np.array([0, 1, 0]), np.random.default_rng(0))
    assert seen == [(0, 4.0, [1.0, 2.0, 1.0])]


def test_a_class_with_a_curve_of_its_own_waits_with_all_others() -> None:
    demand = replace(cells_demand(), class_curves={(0, 1): curve_by_hand(12.0, 0.8)})
    found = stations(demand, engine=lambda *_: pytest.fail("no engine for curves of classes"))
    classes = np.arange(TIMES.size) % 2
    latencies = found[1].serve(TIMES, classes, np.random.default_rng(0))["ttft"]
    # Its mean is ten times as large at every load.
    assert latencies[classes == 1].mean() > 5 * latencies[classes == 0].mean()
    assert "a class has a curve of its own" in found[1].note
