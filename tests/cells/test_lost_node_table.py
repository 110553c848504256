"""What the loss of a node does: numbers that can be worked out by hand."""

import numpy as np
import pytest

from models.instance import Instance, Llm, Option, Pool, Slo
from planner.cells.lost_node_table import demand_of_instance, lost_nodes_of_solution
from planner.joint.solve import solve_joint
from planner.settings import Settings
from profiles.records import Curve, Scores
from tests.support.walls import UNHURRIED_S


def two_nodes(rate: float, slos: tuple[Slo, ...] = ()) -> Instance:
    """One LLM on two nodes of one GPU; a replica serves up to 10 req/s."""
    curve = Curve(
        np.array([0.0, 10.0]), {("ttft", "mean"): np.array([0.1, 0.2])}, ("measured", "measured")
    )
    return Instance(
        llms=(Llm("a", min_replicas=2),),
        pools=(Pool(name="p", gpu="g", nodes=2, gpus_per_node=1, memory=80.0, price=1.0),),
        options=(Option(llm=0, pool=0, tp_degree=1, mps_share=1.0, memory=20.0, curve=curve),),
        slos=slos,
        arrival_rate=rate,
        scores=Scores(np.array(["x"]), ("a",), np.array([[0.5]]), np.ones(1)),
    )


def outcome(instance: Instance):
    solution = solve_joint(instance, Settings(time_limit=UNHURRIED_S))
    (one,) = lost_nodes_of_solution(instance, solution, Settings(time_limit=UNHURRIED_S))
    return one


def test_a_setup_with_a_replica_to_spare_holds():
    one = outcome(two_nodes(8.0))
    assert one.holds
    assert one.quality == pytest.approx(0.5)


def test_one_without_breaks_and_says_how_much_is_served():
    one = outcome(two_nodes(15.0))
    assert one.holds is False
    assert one.served == pytest.approx(10.0 / 15.0, abs=1e-6)


def test_a_latency_limit_counts_as_well():
    # Mean 0.15 s lets a replica run at 5 req/s: two serve 8, one does not.
    one = outcome(two_nodes(8.0, (Slo("ttft", "mean", 0.15),)))
    assert one.holds is False
    # One replica, all requests on it: r (0.1 + 0.01 r) <= 0.15 r, so 5 of 8 with the limit kept
    # by those that are served; the budget is that of all requests, and 8 * 0.15 = 1.2 in flight.
    assert one.served == pytest.approx((-0.1 + np.sqrt(0.01 + 4 * 0.01 * 1.2)) / 0.02 / 8, abs=1e-3)


def test_an_instance_is_one_class_and_one_case():
    demand = demand_of_instance(two_nodes(8.0))
    assert [cell.rate for cell in demand.cells()] == [8.0]
    assert demand.cell_weights().tolist() == [[1.0]]
