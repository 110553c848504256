"""Requests of a state replayed: rates, fractions and lanes are those of the plan."""

import numpy as np
import pytest

from planner.operation.cells.state_replay import ReplayableState, run_of_classes
from planner.operation.simulation_outcomes import Demand
from planner.plans.cells.cells_states import read_cells_states
from tests.support.demand.cells_by_hand import cells_demand, cells_plan

DEMAND = Demand(seconds=600.0)


@pytest.fixture(scope="module")
def day() -> ReplayableState:
    demand = cells_demand()
    return ReplayableState(demand, read_cells_states(cells_plan(), demand)[0], None)


def test_a_run_is_the_same_for_the_same_number(day: ReplayableState) -> None:
    one, same, other = (day.run(DEMAND, number) for number in (0, 0, 1))
    assert (one.times == same.times).all()
    assert one.times.size != other.times.size or (one.times != other.times).any()


def test_requests_arrive_and_go_as_planned(day: ReplayableState) -> None:
    demand, run = cells_demand(), day.run(DEMAND, 0)
    assert (np.diff(run.times) >= 0).all()
    for c, rate in enumerate(demand.cases[0].rates):
        count = int((run.classes == c).sum())
        # Four standard deviations of a Poisson count.
        assert count == pytest.approx(600 * rate, abs=4 * np.sqrt(600 * rate))
        planned = [day.state.cells[c]["routing"].get(name, 0.0) for name in demand.served]
        assert run.fractions(c, 3) == pytest.approx(planned, abs=0.06)
    for station, of, replica in zip(day.stations, run.of, run.replica, strict=True):
        assert set(run.classes[of]) <= set(np.flatnonzero(station.rates > 0))
        assert replica.size == of.size
    assert sum(of.size for of in run.of) == run.times.size


def test_lanes_of_an_llm_share_the_requests_of_a_class_by_their_rates(
    day: ReplayableState,
) -> None:
    run = day.run(DEMAND, 0)
    counts = [int((run.classes[of] == 0).sum()) for of in run.of[:2]]
    share = counts[0] / sum(counts)
    assert share == pytest.approx(2.5 / 3.5, abs=4 * np.sqrt(0.2 / sum(counts)))


def test_the_requests_of_a_class_alone(day: ReplayableState) -> None:
    run = day.run(DEMAND, 0)
    batch = run_of_classes(run, [1])
    assert sum(of.size for of in batch.of) == int((run.classes == 1).sum())
    for known, of in zip(batch.latencies, batch.of, strict=True):
        assert all(values.size == of.size for values in known.values())
