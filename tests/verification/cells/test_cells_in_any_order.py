"""Cases stand in another order than in the plan by hand: lost nodes and a case without requests
first. What is wrong in a case is reported whatever stands before it.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from models.demand.requests import DemandInstance
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.cells_by_hand import cells_demand, routings_by_hand, seats_by_hand
from tests.support.demand.plan_maker import Plan, Routing, make_cells_plan


@cache
def turned() -> DemandInstance:
    demand = cells_demand()
    day, night, lost = demand.cases
    closed = replace(day, name="closed", hours=0.0, rates=(0.0, 0.0))
    lost_too = replace(closed, name="closed, one lost", lost_nodes=(1,))
    return replace(demand, cases=(lost_too, lost, closed, night, day))


@cache
def _good() -> Plan:
    day, night, lost = routings_by_hand()
    idle = [Routing(())]
    return make_cells_plan(turned(), seats_by_hand(), [idle, lost, idle, night, day], slack=1e-5)


def entry(plan: Plan, room: str, case: str, k: int = 0, loss: int | None = None) -> Any:
    """The k-th entry of a case (and loss)."""
    found = [e for e in plan[room] if e["case"] == case and e.get("loss") == loss]
    return found[k]


def put(room: str, case: str, key: str, value: Any, k: int = 0) -> Callable[[Plan], None]:
    def plant(plan: Plan) -> None:
        place = entry(plan, room, case, k)
        *way, last = key.split(".")
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        place[last] = value

    return plant


def forget_lane(plan: Plan) -> None:
    plan["lanes"].remove(entry(plan, "lanes", "day", 2))


def forget_loss(plan: Plan) -> None:
    """The last loss of the case with requests, with all that is said of it."""
    last = max(k for k, loss in enumerate(plan["losses"]) if loss["case"] == "lost")
    del plan["losses"][last]
    for room in ("cells", "lanes"):
        plan[room] = [e for e in plan[room] if e["loss"] != last]


FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "replicas of a lane": (
        put("lanes", "day", "replicas", 2),
        "lanes: case day: option a on h100, tp 1, share 100 %: lanes hold 3 replicas, deployed"
        " are 2",
    ),
    "a lane left out": (forget_lane, "option b on h100, tp 1, share 100 %: lanes hold 0 replicas"),
    "a rate": (put("lanes", "day", "rates.chat", 2.4), "case day: class chat gets"),
    "a load": (put("lanes", "day", "load_rps", 3.0, 2), "load_rps 3 but its rates give 2"),
    "a latency of a lane": (put("lanes", "day", "latency_ms.ttft_mean", 9.0, 2), "stated 9 ms"),
    "the rate of a cell": (put("cells", "day", "rate_rps", 3.0, 1), "rate_rps 3 but the demand"),
    "a fraction": (put("cells", "day", "routing.a", 0.9, 1), "(class batch, case day)"),
    "an SLO of a cell": (
        put("cells", "day", "slo.1.achieved_ms", 9.0),
        "(class chat, case day): slo.1 (ttft mean, all): achieved_ms 9",
    ),
    "an SLO of a case": (
        put("cases", "day", "slo.0.achieved_ms", 9.0),
        "cases (day): slo.0 (ttft mean, all): achieved_ms 9",
    ),
    "the quality of a cell": (
        put("cells", "day", "quality", 0.9, 1),
        "(class batch, case day): quality",
    ),
    "the quality of a case": (put("cases", "day", "quality", 0.9), "cases (day): quality 0.9 but"),
    "GPUs of a case": (put("cases", "day", "gpus_used", 2), "cases (day): gpus_used 2 but 3"),
    "the cost of a case": (
        put("cases", "day", "cost_usd_per_h", 2.0),
        "cases (day): cost_usd_per_h: 2 but",
    ),
    "a loss left out": (forget_loss, "losses: case lost: the loss of the nodes [2] of h100"),
}


def test_the_turned_plan_holds() -> None:
    assert run_cells_verifier(_good(), turned()) == ()


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_later_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    plan = copy.deepcopy(_good())
    fault(plan)
    found = run_cells_verifier(plan, turned())
    assert any(words in problem for problem in found), found


def without_lanes(case: str) -> Plan:
    plan = copy.deepcopy(_good())
    plan["lanes"] = [lane for lane in plan["lanes"] if lane["case"] != case]
    return plan


def test_only_a_case_without_requests_may_do_without_lanes() -> None:
    """All or none: lanes that it has hold every replica."""
    assert run_cells_verifier(without_lanes("closed"), turned()) == ()
    found = run_cells_verifier(without_lanes("night"), turned())
    for name, count in (("a", 2), ("b", 1)):
        words = f"option {name} on h100, tp 1, share 100 %: lanes hold 0 replicas, deployed are"
        assert f"lanes: case night: {words} {count}" in found
    plan = copy.deepcopy(_good())
    plan["lanes"].remove(entry(plan, "lanes", "closed", 1))
    words = "lanes: case closed: option b on h100, tp 1, share 100 %: lanes hold 0 replicas"
    assert any(words in problem for problem in run_cells_verifier(plan, turned()))
    both = without_lanes("closed")
    both["lanes"].remove(entry(both, "lanes", "day", 2))
    found = run_cells_verifier(both, turned())
    assert any("lanes: case day: option b" in problem for problem in found)


def test_a_loss_takes_no_routing_of_another_case() -> None:
    plan = copy.deepcopy(_good())
    own = next(k for k, loss in enumerate(plan["losses"]) if loss["case"] == "lost")
    plan["losses"].append({"case": "closed, one lost", "nodes": {"h100": [0]}, "same_as": own})
    last = len(plan["losses"]) - 1
    assert run_cells_verifier(plan, turned()) == (
        f"losses.{last}: same_as {own} is a loss of the case lost",
    )
