"""Every loss of nodes must be covered by what is left of the setup."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from models.demand.requests import DemandInstance
from models.instance import Llm
from planner.verification.cells.cells_verifier import run_cells_verifier
from planner.verification.cells.loss_checks import survivors_of_loss
from planner.verification.cells.stated_cells import read_stated_cells
from planner.verification.deployed_options import index_deployed_options
from tests.support.demand.cells_by_hand import (
    at,
    both,
    cells_demand,
    cells_plan,
    cells_problems,
    cells_reported,
)
from tests.support.demand.plan_maker import Lane, Plan, Routing, Seat, make_cells_plan
from tests.verification.cells.test_stated_cells import stated


def forget_loss(plan: Plan) -> None:
    """The loss of b's node is left out, with all that is said of it."""
    del plan["losses"][1]
    for key in ("cells", "lanes"):
        plan[key] = [entry for entry in plan[key] if entry["loss"] != 1]


def share_routing(plan: Plan) -> None:
    """The loss of b's node takes the routing of the loss of a's."""
    forget_loss(plan)
    plan["losses"].append({"case": "lost", "nodes": {"h100": [2]}, "same_as": 0})


FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "a loss forgotten": (
        forget_loss,
        "losses: case lost: the loss of the nodes [2] of h100 is not stated",
    ),
    "a routing that does not survive": (
        share_routing,
        "losses.1 (case lost): option b on h100, tp 1, share 100 %: lanes of loss 0 hold 1"
        " replicas, 0 survive",
    ),
    "survivors exceeded": (
        both(at("lanes.6.replicas", 2), at("lanes.6.load_rps", 1.25)),
        "losses.0 (case lost): option a on h100, tp 1, share 100 %: lanes hold 2 replicas,"
        " 1 survive",
    ),
    "a loss twice": (at("losses.1.nodes.h100", [1]), "2 entries lose nodes that hold the same"),
    "alike misstated": (
        at("losses.0.alike", 1),
        "losses.0: alike 1 but 2 choices lose nodes that hold the same",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    assert cells_reported(fault, words), cells_problems(fault)


def lost_of_many(nodes: int, lost: int) -> DemandInstance:
    demand = cells_demand()
    pool = replace(demand.instance.pools[0], nodes=nodes)
    case = replace(demand.cases[2], lost_nodes=(lost,))
    return replace(
        demand,
        instance=replace(demand.instance, pools=(pool,)),
        cases=(*demand.cases[:2], case),
    )


def test_no_more_nodes_are_lost_than_there_are() -> None:
    plan = cells_plan()
    forget_loss(plan)
    plan["losses"] = []
    for key in ("cells", "lanes"):
        plan[key] = [entry for entry in plan[key] if entry["loss"] is None]
    problems = run_cells_verifier(plan, lost_of_many(3, 4))
    assert "case lost: 4 nodes of pool h100 are lost, it has 3" in problems
    # All of them may be lost; and of two cases both are told.
    demand = lost_of_many(3, 3)
    assert "losses: case lost: the loss of the nodes [0, 1, 2] of h100 is not stated" in (
        run_cells_verifier(plan, demand)
    )
    *others, lost = demand.cases
    worse = replace(lost, name="worse", lost_nodes=(5,))
    worst = replace(lost, name="worst", lost_nodes=(6,))
    plan["setups"][0]["cases"] += ["worse", "worst"]
    plan["cases"] += [{**plan["cases"][2], "case": name} for name in ("worse", "worst")]
    told = run_cells_verifier(plan, replace(demand, cases=(*others, lost, worse, worst)))
    assert "case worse: 5 nodes of pool h100 are lost, it has 3" in told
    assert "case worst: 6 nodes of pool h100 are lost, it has 3" in told


def test_too_many_kinds_name_their_pool() -> None:
    """Sixteen nodes that all hold something else: 12 870 ways to lose eight."""
    demand = lost_of_many(16, 8)
    spare = replace(demand.instance.pools[0], name="spare", nodes=2)
    pools = (*demand.instance.pools, spare)
    *others, lost = (replace(c, lost_nodes=(*c.lost_nodes, 0)) for c in demand.cases)
    demand = replace(
        demand,
        instance=replace(demand.instance, pools=pools),
        cases=(*others, replace(lost, lost_nodes=(8, 1))),
    )
    plan = cells_plan()
    setup = plan["setups"][0]
    setup["options"][0]["replicas"] = 16 * 17 // 2
    shard = setup["placement"][0]
    setup["placement"] = [
        {**shard, "node": node, "replica": 16 * node + k} for node in range(16) for k in range(node)
    ]
    plan["losses"] = []
    for key in ("cells", "lanes"):
        plan[key] = [entry for entry in plan[key] if entry["loss"] is None]
    problems = run_cells_verifier(plan, demand)
    words = "case lost: 12870 kinds of choices of lost nodes, more than 10000; pool h100 alone"
    assert any(words in problem for problem in problems)


def test_survivors_have_no_shard_on_a_lost_node() -> None:
    setup = stated().setups[0]
    assert survivors_of_loss(setup, {("h100", 0)}).tolist() == [1, 1]
    assert survivors_of_loss(setup, {("h100", 2), ("a100", 0)}).tolist() == [2, 0]


def test_nodes_of_two_pools_are_lost_at_once() -> None:
    """a on four nodes of one pool (2, 1, 1, 0 replicas), b on three of the other (1, 1, 0): two
    nodes of the first and one of the second are lost, in every combination.
    """
    demand = cells_demand()
    first = replace(demand.instance.pools[0], nodes=4, gpus_per_node=2)
    second = replace(first, name="a100", nodes=3, gpus_per_node=1)
    a, b = demand.instance.options
    instance = replace(
        demand.instance,
        pools=(first, second),
        options=(a, replace(b, pool=1)),
        llms=(Llm("a"), Llm("b")),
    )
    lost = replace(demand.cases[2], hours=1.0, rates=(0.5, 0.2), lost_nodes=(2, 1))
    demand = replace(demand, instance=instance, cases=(lost,), cost_at_most=None)
    seats = [
        *(Seat(0, 0, 0, (0,)), Seat(0, 1, 0, (1,)), Seat(0, 2, 1, (0,)), Seat(0, 3, 2, (0,))),
        *(Seat(1, 0, 0, (0,)), Seat(1, 1, 1, (0,))),
    ]
    api = ((0.3,), (0.0,))
    more = Routing((Lane(0, 2, (0.1, 0.1)), Lane(1, 1, (0.1, 0.1))), api)
    less = Routing((Lane(0, 1, (0.1, 0.1)), Lane(1, 1, (0.1, 0.1))), api)
    plan = make_cells_plan(demand, seats, [[more, less]])
    # Of the first pool (2, 1), (2, 0), (1, 1) and (1, 0) replicas, of the second 1 or 0.
    assert sorted(loss["alike"] for loss in plan["losses"]) == [1, 1, 2, 2, 2, 2, 4, 4]
    assert run_cells_verifier(plan, demand) == ()
    setup = read_stated_cells(plan, demand, index_deployed_options(instance)).setups[0]
    assert survivors_of_loss(setup, [("h100", 0)]).tolist() == [2, 2]
    borrowed = [k for k, loss in enumerate(plan["losses"]) if loss["same_as"] is not None]
    assert len(borrowed) == 6
    forgotten = {**plan, "losses": plan["losses"][: borrowed[-1]]}
    problems = run_cells_verifier(forgotten, demand)
    assert len(problems) == 8 - borrowed[-1]
    words = (
        r"losses: case lost: the loss of the nodes \[\d, \d\] of h100, \[\d\] of a100 is not stated"
    )
    assert all(re.fullmatch(words, problem) for problem in problems)
