"""Names and positions that lead nowhere, and what is stated twice or left out, are reported."""

import copy
from collections.abc import Callable

import pytest

from planner.verification.cells.cells_references import states_of_case
from tests.support.demand.cells_by_hand import (
    at,
    both,
    cells_demand,
    cells_plan,
    cells_problems,
    cells_reported,
    without,
)
from tests.support.demand.plan_maker import Plan


def again(path: str) -> Callable[[Plan], None]:
    """The first entry of a list is stated twice."""

    def plant(plan: Plan) -> None:
        plan[path].append(copy.deepcopy(plan[path][0]))

    return plant


FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "a second setup": (again("setups"), "2 stated, a fixed fleet has one"),
    "no setup": (at("setups", []), "case day is served by 0 setups"),
    "a case without setup": (at("setups.0.cases", ["day", "lost"]), "case night is served by 0"),
    "a setup of a strange case": (
        at("setups.0.cases", ["day", "night", "lost", "noon"]),
        "setups.0: unknown case noon",
    ),
    "a shard of no option": (at("setups.0.placement.0.option", 2), "placement.0: option 2 but"),
    "a negative option": (at("setups.0.placement.0.option", -1), "placement.0: option -1"),
    "a case left out": (without("cases.1"), "night is stated 0 times"),
    "a case twice": (again("cases"), "day is stated 2 times"),
    "a strange case": (at("cases.1.case", "noon"), "cases: unknown case noon"),
    "a cell left out": (without("cells.0"), "class chat in case day is stated 0 times"),
    "a cell twice": (again("cells"), "class chat in case day is stated 2 times"),
    "a cell without rate": (
        both(at("cells.1.case", "night"), lambda plan: None),
        "class batch in case night is no cell",
    ),
    "a cell of a strange class": (at("cells.0.class", "mail"), "class mail in case day is no cell"),
    "a cell of another loss": (at("cells.0.loss", 0), "class chat in case day, loss 0 is no cell"),
    "a lane of a strange case": (
        at("lanes.0.case", "noon"),
        "lanes.0: case noon has no routing of its own",
    ),
    "a lane without loss": (at("lanes.6.loss", None), "case lost has no routing of its own"),
    "a lane of a strange loss": (
        at("lanes.6.loss", 5),
        "lanes.6: case lost, loss 5 has no routing",
    ),
    "a lane of no option": (at("lanes.0.option", 2), "lanes.0: option 2 but the setup has 2"),
    "a lane of nothing": (at("lanes.0.replicas", 0), "lanes.0: 0 replicas"),
    "a lane of a strange class": (at("lanes.0.rates.mail", 0.0), "unknown class mail"),
    "latencies of a strange class": (
        at("lanes.0.class_latency_ms", {"mail": {"ttft_mean": 1.0}}),
        "lanes.0: class_latency_ms names the unknown class mail",
    ),
    "a loss of another case": (at("losses.0.case", "day"), "day is no case with lost nodes"),
    "a loss of a strange pool": (at("losses.0.nodes", {"a100": [0]}), "names pools ['a100']"),
    "a loss of too many": (at("losses.0.nodes.h100", [0, 1]), "1 different are lost"),
    "a loss of one node twice": (at("losses.0.nodes.h100", [0, 0]), "1 different are lost"),
    "a loss of no node": (at("losses.0.nodes.h100", [3]), "nodes [3] of pool h100, which has 3"),
    "a loss as itself": (at("losses.0.same_as", 0), "losses.0: same_as 0 is no other loss"),
    "a loss as none": (at("losses.0.same_as", 2), "losses.0: same_as 2 is no other loss"),
    "a chain of losses": (
        both(at("losses.0.same_as", 1), at("losses.1.same_as", 0)),
        "same_as 1, which has no routing of its own",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    assert cells_reported(fault, words), cells_problems(fault)


def test_every_loss_is_looked_at() -> None:
    """Three are wrong, each in another way."""
    found = cells_problems(
        both(
            at("losses.0.case", "day"),
            at("losses.1.nodes", {"a100": [0]}),
            again("losses"),
            at("losses.2.case", "noon"),
            again("losses"),
            at("losses.3", {"case": "lost", "nodes": {"h100": [7]}, "same_as": None}),
        )
    )
    assert found == (
        "losses.0: day is no case with lost nodes",
        "losses.1: names pools ['a100'], lost are ['h100']",
        "losses.2: noon is no case with lost nodes",
        "losses.3: nodes [7] of pool h100, which has 3",
    )


def test_states_are_losses_with_their_own_routing() -> None:
    losses = [*cells_plan()["losses"], {"case": "lost", "nodes": {}, "same_as": 0}]
    assert states_of_case(losses, cells_demand(), 0) == (None,)
    assert states_of_case(losses, cells_demand(), 2) == (0, 1)
