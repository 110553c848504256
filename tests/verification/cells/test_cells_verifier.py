"""The table of contents: plans by hand pass, every check is called, and nothing makes it raise."""

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.instance import Headroom
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.cells_by_hand import (
    at,
    both,
    cells_demand,
    cells_plan,
    cells_problems,
    routings_by_hand,
    seats_by_hand,
)
from tests.support.demand.plan_maker import Lane, Plan, Routing, make_cells_plan
from tests.support.walls import wall_size


def test_the_plan_by_hand_passes() -> None:
    assert cells_problems() == ()


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("schema", 1, "schema 2"),
        ("status", "good", "unknown word good"),
        ("quality", math.nan, "strict JSON"),
        ("gpus_used", 3.0, "whole number"),
        ("setups.0.options.0.llm", "api", "no such option"),
        ("setups.0.options.0.gpu", "A100", "gpu A100"),
        ("setups.0.options.0.provenance", "estimated", "provenance estimated"),
        ("cells.0.case", "noon", "noon"),
        ("lanes.0.replicas", 2, "lanes hold 3 replicas"),
        ("lanes.0.load_rps", 2.0, "its rates give 2.5"),
        ("lanes.0.rates.chat", 2.4, "its routing needs 3.5"),
        ("losses.1.nodes.h100", [1], "the loss of the nodes [2] of h100 is not stated"),
        ("lanes.8.replicas", 3, "3 replicas, 2 survive"),
        ("cells.0.rate_rps", 6.1, "the demand says 6"),
        ("cells.0.slo.0.achieved_ms", 600.0, "achieved_ms 600"),
        ("cases.0.slo.0.achieved_ms", 100.0, "achieved_ms 100"),
        ("cells.0.quality", 0.6, "overstated"),
        ("cases.0.quality", 0.6, "cases (day): quality"),
        ("gpus_total", 8, "gpus_total: 8"),
        ("cost.outside_usd_per_h", 4.0, "recomputed 4.2"),
        ("objective.rel_gap", 0.5, "rel_gap 0.5"),
    ],
)
def test_every_check_is_called(path: str, value: Any, words: str) -> None:
    problems = cells_problems(at(path, value))
    assert any(words in problem for problem in problems), problems


def test_every_check_of_the_demand_is_called() -> None:
    demand = cells_demand()
    chat, batch = demand.classes
    for changes, words in (
        ({"cost_at_most": 10.0}, "above cost_at_most_usd_per_h 10"),
        ({"outside": (replace(demand.outside[0], max_rate=0.9),)}, "above its max_rate_rps 0.9"),
        ({"classes": (replace(chat, quality_floor=0.9), batch)}, "below quality_at_least 0.9"),
        ({"classes": (replace(chat, permitted=(True, False, True)), batch)}, "b is not permitted"),
    ):
        assert any(words in problem for problem in cells_problems(**changes)), words


def test_a_plan_without_a_setup_states_nothing() -> None:
    assert run_cells_verifier({"status": "infeasible", "objective": {}}, cells_demand()) == ()
    plan = {**cells_plan(), "status": "unknown"}
    assert [p.partition(":")[0] for p in run_cells_verifier(plan, cells_demand())] == [
        *("objective", "setups", "cells", "lanes", "losses"),
    ]


def test_headroom_raises_the_rates_and_tightens_limits() -> None:
    """The same plan for 1 / 1.25 of the rates with a headroom of a quarter."""
    demand = cells_demand()
    cases = tuple(replace(c, rates=tuple(0.8 * r for r in c.rates)) for c in demand.cases)
    instance = replace(demand.instance, headroom=Headroom(rate=0.25))
    plan = cells_plan()
    for entry in (*plan["cells"], *plan["cases"]):
        for slo in entry["slo"]:
            slo["planned_limit_ms"] = slo["limit_ms"]
    assert run_cells_verifier(plan, replace(demand, cases=cases, instance=instance)) == ()
    tight = replace(demand.instance, headroom=Headroom(slo=0.1))
    problems = cells_problems(instance=tight)
    assert any("planned_limit_ms None but with the headroom it is 630" in p for p in problems)
    assert any("achieved 650 ms is above the limit 630 ms" in p for p in problems)
    assert any(
        "planned_limit_ms 700.0 but with the headroom it is 630" in problem
        for problem in run_cells_verifier(plan, replace(demand, instance=tight))
    )
    more = cells_problems(instance=replace(demand.instance, headroom=Headroom(rate=0.1)))
    assert any("rate_rps 6 but the demand says 6.6" in problem for problem in more)
    near = replace(demand.instance, headroom=Headroom(utilization=0.75))
    assert any("above the highest profiled rate 3" in p for p in cells_problems(instance=near))


def test_latencies_of_a_class_of_its_own() -> None:
    """batch has curves of its own on a, half as fast."""
    demand = cells_demand()
    own = demand.instance.options[0].curve
    slow = replace(own, latency={column: 2 * values for column, values in own.latency.items()})
    demand = replace(demand, class_curves={(0, 1): slow})
    plan = make_cells_plan(demand, seats_by_hand(), routings_by_hand())
    assert run_cells_verifier(plan, demand) == ()
    batch = next(cell for cell in plan["cells"] if cell["class"] == "batch")
    assert batch["slo"][0]["achieved_ms"] == pytest.approx(512.0)
    assert any("achieved_ms" in problem for problem in run_cells_verifier(plan, cells_demand()))
    plan["lanes"][1]["class_latency_ms"]["batch"]["ttft_mean"] = 128.0
    assert run_cells_verifier(plan, demand) == (
        "lanes.1 (case day): option a on h100, tp 1, share 100 %, class batch: latency ttft_mean"
        " stated 128 ms, the curve says 256 ms at 4 req/s",
    )


def test_a_case_without_requests_has_no_quality() -> None:
    demand = cells_demand()
    closed = replace(demand.cases[0], name="closed", hours=2.0, rates=(0.0, 0.0))
    demand = replace(demand, cases=(*demand.cases, closed))
    plan = make_cells_plan(demand, seats_by_hand(), [*routings_by_hand(), [Routing(())]])
    assert run_cells_verifier(plan, demand) == ()
    assert plan["cases"][3]["quality"] is None
    assert plan["cost"]["outside_usd_per_h"] == pytest.approx(4.2 * 24 / 26)
    plan["cases"][3]["quality"] = 0.5
    assert run_cells_verifier(plan, demand) == ("cases (closed): quality 0.5 but recomputed None",)


def test_requests_may_all_go_outside() -> None:
    demand = cells_demand()
    api = replace(demand.outside[0], max_rate=None)
    case = replace(demand.cases[0], rates=(6.0, 0.0))
    demand = replace(demand, cases=(case,), outside=(api,), cost_at_most=None)
    plan = make_cells_plan(demand, [], [[Routing((), ((6.0,), (0.0,)))]])
    assert run_cells_verifier(plan, demand) == ()
    assert plan["cost_usd_per_h"] == pytest.approx(3600 * 6 * 0.002)


def test_a_loss_may_take_the_routing_of_another() -> None:
    demand = cells_demand()
    light = replace(demand.cases[2], rates=(2.0, 0.0))
    demand = replace(demand, cases=(*demand.cases[:2], light))
    lost = [Routing((Lane(0, 1, (1.0, 0.0)),), ((1.0,), (0.0,)))]
    plan = make_cells_plan(demand, seats_by_hand(), [*routings_by_hand()[:2], lost])
    assert [loss["same_as"] for loss in plan["losses"]] == [None, 0]
    assert run_cells_verifier(plan, demand) == ()


def leaves(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ways to everything in a plan."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [way, *(leaf for key, item in items for leaf in leaves(item, (*way, key)))]


ODD: tuple[Any, ...] = (
    *(None, True, "", "day", "chat", -1, 0, 1, 7, 10**14, -0.5, 1e-300, 1e14, 1e300),
    *(math.inf, math.nan, [], {}, [[]], [None], {"a": None}, {"day": 1}, [0, 0], object()),
)


def spoil(rng: np.random.Generator, plan: Plan) -> Plan:
    """Something at a random place becomes odd, goes, comes twice or takes another's place."""
    ways = leaves(plan)
    *way, last = ways[1 + int(rng.integers(len(ways) - 1))]
    place: Any = plan
    for key in way:
        place = place[key]
    match int(rng.integers(4)):
        case 0:
            del place[last]
        case 1 if isinstance(place, list):
            place.append(copy.copy(place[last]))
        case 2:
            other: Any = plan
            for key in ways[int(rng.integers(len(ways)))]:
                other = other[key]
            place[last] = copy.deepcopy(other)
        case _:
            place[last] = ODD[int(rng.integers(len(ODD)))]
    return plan


def test_a_malformed_plan_never_raises() -> None:
    rng = np.random.default_rng(17)
    for _ in range(wall_size(400, 30000)):
        plan = cells_plan()
        for _ in range(int(rng.integers(1, 4))):
            plan = spoil(rng, plan)
        problems = run_cells_verifier(plan, cells_demand())
        assert all(isinstance(problem, str) for problem in problems)
    for odd in (None, [], "plan", 3):
        assert run_cells_verifier(odd, cells_demand())  # type: ignore[arg-type]


NUMBERS = sorted(
    ".".join(map(str, way))
    for way in leaves(cells_plan())
    if isinstance(way[-1] if way else None, str) and "dual_prices" not in way
)


def move(path: str) -> Callable[[Plan], None]:
    """The number at the path grows by 1 % of one plus itself."""

    def plant(plan: Plan) -> None:
        place: Any = plan
        *way, last = path.split(".")
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place[key]
        if isinstance(place[last], float):
            place[last] += 0.01 * (1 + abs(place[last]))

    return plant


def test_no_number_of_the_plan_may_be_moved() -> None:
    """Those that are counted, added up or read off curves; prices, splits and shares of ties have
    tolerances of their own.
    """
    untold = [
        path
        for path in NUMBERS
        if "ties" not in path and (before := cells_plan()) and not moved_is_seen(path, before)
    ]
    assert untold == []


def moved_is_seen(path: str, plan: Plan) -> bool:
    before = copy.deepcopy(plan)
    move(path)(plan)
    return plan == before or bool(run_cells_verifier(plan, cells_demand()))


def test_two_faults_are_both_reported() -> None:
    problems = cells_problems(both(at("gpus_total", 8), at("cost.starts_usd_per_h", 1.0)))
    assert len(problems) == 2


def test_a_plan_may_be_of_no_stated_schema_and_with_an_open_gap() -> None:
    """Open at 1e-4 by default, and then called feasible."""
    assert run_cells_verifier(None, cells_demand())[-1] == "plan: should be a table of names"  # type: ignore[arg-type]
    plan = cells_plan()
    del plan["schema"]
    assert run_cells_verifier(plan, cells_demand()) == ()
    for gap, status in ((0.9e-4, "optimal"), (1.1e-4, "feasible")):
        plan["objective"] |= {"bound": plan["objective"]["value"] * (1 + gap), "rel_gap": gap}
        for word in ("optimal", "feasible"):
            plan["status"] = word
            assert bool(run_cells_verifier(plan, cells_demand())) == (word != status)
