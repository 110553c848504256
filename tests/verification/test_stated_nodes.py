"""Numbers of nodes that a plan states wrongly, or does not keep."""

from dataclasses import replace
from typing import Any

import pytest

from planner.verification.cells.cells_verifier import run_cells_verifier
from planner.verification.stated_nodes import demand_with_stated_nodes
from planner.verification.verifier import run_verifier
from tests.support.demand.cells_by_hand import cells_demand, cells_plan
from tests.support.instances.plan_by_hand import good_plan, tiny

SIZED = replace(tiny(), pools=(replace(tiny().pools[0], nodes=5, sized=(1, 5)),))


def bought(nodes: Any = 2, **changes: Any) -> dict[str, Any]:
    """The plan by hand on two bought nodes of two GPUs at 2 USD/h, stated as `nodes`."""
    return {
        **good_plan(),
        "pools": [{"pool": "a", "nodes": nodes}],
        "cost_usd_per_h": 8.0,
        **changes,
    }


def test_a_plan_that_states_its_nodes() -> None:
    assert run_verifier(bought(), SIZED) == ()


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (bought(pools=[]), "the nodes of a are stated 0 times"),
        (bought(pools=[{"pool": "a", "nodes": 2}] * 2), "stated 2 times"),
        (bought(pools=[{"pool": "b", "nodes": 2}]), "b is no pool whose nodes"),
        (bought(6), "6 nodes of a, allowed are 1 to 5"),
        (bought(0), "0 nodes of a, allowed are 1 to 5"),
        (bought("2"), "pools"),
        (bought(1), "is outside pool a of 1 nodes"),
        (bought(3), "gpus_total"),
        (bought(cost_usd_per_h=6.0), "but the used GPUs cost 8"),
    ],
)
def test_planted_fault_is_reported(plan: dict[str, Any], words: str) -> None:
    problems = run_verifier(plan, SIZED)
    assert any(words in problem for problem in problems), problems


def test_a_given_number_is_not_stated() -> None:
    problems = run_verifier({**good_plan(), "pools": [{"pool": "a", "nodes": 2}]}, tiny())
    assert problems == ("pools: a is no pool whose nodes the plan decides",)


def test_lost_nodes_are_those_of_the_stated_number() -> None:
    demand = cells_demand()
    pool = demand.instance.pools[0]
    sized = replace(
        demand,
        instance=replace(demand.instance, pools=(replace(pool, nodes=9, sized=(0, 9)),)),
    )
    stated = {**cells_plan(), "pools": [{"pool": pool.name, "nodes": pool.nodes}]}
    assert run_cells_verifier(stated, sized) == run_cells_verifier(
        cells_plan(), replace(demand, instance=replace(demand.instance, pools=(owned(pool),)))
    )
    none = demand_with_stated_nodes({"pools": [{"pool": pool.name, "nodes": 0}]}, sized)
    assert not any(case.loses_nodes for case in none.cases)


def owned(pool: Any) -> Any:
    return replace(pool, owned=True)
