"""Replicas in two lanes or none, wrong loads, rates and latencies are reported with their lane."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.cells_by_hand import (
    at,
    both,
    cells_demand,
    cells_plan,
    cells_problems,
    cells_reported,
    curve_by_hand,
    routings_by_hand,
    seats_by_hand,
    without,
)
from tests.support.demand.plan_maker import Lane, Plan, Routing, make_cells_plan

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "a replica in two lanes": (
        both(at("lanes.0.replicas", 2), at("lanes.0.load_rps", 1.25)),
        "lanes: case day: option a on h100, tp 1, share 100 %: lanes hold 3 replicas, deployed"
        " are 2",
    ),
    "an idle lane left out": (without("lanes.5"), "case night: option a on h100"),
    "a load misstated": (at("lanes.1.load_rps", 2.5), "load_rps 2.5 but its rates give 4"),
    "a rate moved by 1 %": (
        at("lanes.0.rates.chat", 2.525),
        "case day: class chat gets 3.525 req/s of a but its routing needs 3.5",
    ),
    "rates of a class that sends nothing": (
        at("lanes.3.rates.batch", 0.5),
        "case night: class batch gets 0.5 req/s of a but its routing needs 0",
    ),
    "a negative rate": (at("lanes.3.rates.chat", -1.0), "negative rate -1 of chat"),
    "a lane above its curve": (
        both(at("lanes.0.rates.chat", 12.5), at("lanes.0.load_rps", 12.5)),
        "load 12.5 req/s per replica is above the highest profiled rate 12",
    ),
    "a latency misstated": (
        at("lanes.1.latency_ms.ttft_mean", 104.0),
        "lanes.1 (case day): option a on h100, tp 1, share 100 %: latency ttft_mean stated 104 ms",
    ),
    "a latency left out": (without("lanes.1.latency_ms.ttft_p95"), "latency_ms has columns"),
    "provenance a little misstated": (
        at("setups.0.options.0.provenance", "interpolated"),
        "provenance interpolated but",
    ),
    "provenance misstated": (
        at("setups.0.options.0.provenance", "calibrated"),
        "provenance calibrated but the points beside the loads of its lanes say measured",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    assert cells_reported(fault, words), cells_problems(fault)


def test_the_weakest_point_beside_any_load_counts() -> None:
    """At 7 req/s the last point of a is beside the load, which is an estimate."""
    demand = cells_demand()
    night = replace(demand.cases[1], rates=(8.0, 0.0))
    chat, batch = demand.classes
    demand = replace(
        demand,
        cases=(demand.cases[0], night, demand.cases[2]),
        classes=(replace(chat, quality_floor=None), batch),
    )
    day, _, lost = routings_by_hand()
    lanes = (Lane(0, 1, (7.0, 0.0)), Lane(1, 1, (1.0, 0.0)))
    plan = make_cells_plan(demand, seats_by_hand(), [day, [Routing(lanes)], lost])
    words = [option["provenance"] for option in plan["setups"][0]["options"]]
    assert words == ["estimated", "measured"]
    assert run_cells_verifier(plan, demand) == ()
    plan["setups"][0]["options"][0]["provenance"] = "measured"
    assert len(run_cells_verifier(plan, demand)) == 1


def test_every_word_between_the_points_beside_the_loads_may_be_stated() -> None:
    """A lane of a runs at the middle point, where either neighbour may count."""
    demand = cells_demand()
    first, second = demand.instance.options
    curve = replace(first.curve, provenance=("measured", "interpolated", "calibrated"))
    instance = replace(demand.instance, options=(replace(first, curve=curve), second))
    middle = both(at("lanes.0.rates.chat", 6.0), at("lanes.0.load_rps", 6.0))
    words = (
        "provenance {} but the points beside the loads of its lanes say interpolated or calibrated"
    )
    for word, wrong in (
        ("measured", True),
        ("interpolated", False),
        ("calibrated", False),
        ("estimated", True),
    ):
        found = cells_problems(
            both(middle, at("setups.0.options.0.provenance", word)), instance=instance
        )
        told = [p for p in found if "provenance" in p]
        assert [p.endswith(words.format(word)) for p in told] == [True] * wrong


def test_idle_replicas_may_be_called_what_their_first_point_is_called() -> None:
    """b has nothing to do; and where it has no lane at all, lanes say nothing of it."""
    demand = cells_demand()
    night = replace(demand.cases[1], rates=(2.0, 0.0))
    alone = replace(demand, cases=(night,), cost_at_most=None)
    plan = make_cells_plan(
        alone, seats_by_hand(), [[Routing((Lane(0, 2, (2.0, 0.0)),), ((0.0,), (0.0,)))]]
    )
    alone = replace(
        alone, classes=(replace(alone.classes[0], quality_floor=None), alone.classes[1])
    )
    assert run_cells_verifier(plan, alone) == ()
    option = plan["setups"][0]["options"][1]
    assert option["provenance"] == "measured"
    option["provenance"] = "interpolated"
    assert [p.partition(" but ")[0] for p in run_cells_verifier(plan, alone)] == [
        "setups.0: option b on h100, tp 1, share 100 %: provenance interpolated"
    ]
    plan["lanes"] = plan["lanes"][:1]
    for word in ("measured", "estimated"):
        option["provenance"] = word
        assert not any("provenance" in p for p in run_cells_verifier(plan, alone))


@pytest.mark.parametrize(
    ("request_class", "above"),
    [
        (1, {"lanes.1 (case day)": 4, "lanes.6 (case lost, loss 0)": 2.5}),
        (
            0,
            {
                "lanes.0 (case day)": 2.5,
                "lanes.1 (case day)": 4,
                "lanes.6 (case lost, loss 0)": 2.5,
            },
        ),
    ],
)
def test_a_load_is_read_on_the_curves_of_the_classes_on_the_lane(
    request_class: int, above: dict[str, float]
) -> None:
    """One class has a curve of its own on a, up to 2.4 req/s: lanes without it are free."""
    own = {(0, request_class): curve_by_hand(2.4, 0.08)}
    assert [
        problem
        for problem in run_cells_verifier(cells_plan(), replace(cells_demand(), class_curves=own))
        if "above the highest profiled rate" in problem
    ] == [
        f"{where}: option a on h100, tp 1, share 100 %: load {load} req/s per replica is above the"
        " highest profiled rate 2.4"
        for where, load in above.items()
    ]


def test_rates_of_a_loss_are_told_with_it() -> None:
    assert cells_reported(
        at("lanes.6.rates.chat", 1.0), "lanes: case lost, loss 0: class chat gets 1 req/s of a"
    )


@pytest.mark.parametrize(("moved", "wrong"), [(0.9e-7, False), (1.1e-7, True)])
def test_rates_have_their_tolerance_and_no_more(moved: float, wrong: bool) -> None:
    """Relative to the rate of the class, 6 req/s."""
    fault = at("lanes.0.rates.chat", 2.5 + 6.0 * moved)
    assert cells_reported(fault, "its routing needs") == wrong
