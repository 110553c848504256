"""What is on lost replicas in the moment of a loss: Little's law, and the right replicas."""

import numpy as np
import pytest

from planner.operation.cells.loss_moment import count_on_lost_replicas
from planner.operation.cells.state_replay import ReplayableState
from planner.operation.simulation import RUNS
from planner.operation.simulation_outcomes import Demand
from planner.plans.cells.cells_states import read_cells_states
from tests.support.demand.cells_by_hand import cells_demand, cells_plan

DEMAND = Demand(seconds=400.0)


def test_requests_there_are_their_rate_times_their_stay() -> None:
    demand, plan = cells_demand(), cells_plan()
    replay = ReplayableState(demand, read_cells_states(plan, demand)[0], None)
    runs = [replay.run(DEMAND, number) for number in range(RUNS)]
    moments = count_on_lost_replicas(plan, replay, runs, DEMAND)
    assert [moment.loss for moment in moments] == list(range(len(plan["losses"])))
    # Node 2 holds the one replica of b: the lane of station 2.
    on_b = next(k for k, loss in enumerate(plan["losses"]) if loss["nodes"]["h100"] == [2])
    stays = np.concatenate([run.latencies[2]["ttft"][run.counted[run.of[2]]] for run in runs])
    moment = moments[on_b]
    assert moment.stay == "ttft"
    assert moment.rate == pytest.approx(2.0, rel=0.06)
    assert moment.mean == pytest.approx(moment.rate * stays.mean(), rel=0.15)
    assert moment.most >= moment.mean
    # Nodes 0 and 1 hold a replica of a each; together with b they get all that is not outside.
    by_node = {plan["losses"][m.loss]["nodes"]["h100"][0]: m.rate for m in moments}
    if set(by_node) == {0, 1, 2}:
        assert sum(by_node.values()) == pytest.approx(7.0, rel=0.05)
