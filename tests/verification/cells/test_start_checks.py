"""Starts of a cycle of setups, recomputed from seats: planted faults are reported."""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from models.demand.requests import DemandInstance
from planner.verification.cells.cells_verifier import run_cells_verifier
from planner.verification.cells.start_checks import cases_by_setup, shards_started
from planner.verification.cells.stated_cells import StatedSetup
from tests.support.demand.cells_by_hand import at, both, cells_demand
from tests.support.demand.plan_maker import Lane, Plan, Routing, Seat
from tests.support.demand.schedule_plans import make_schedule_plan
from tests.verification.cells.test_stated_cells import stated

NONE = ((0.0,), (0.0,))
DAY = [Seat(0, 0, 0, (0,)), Seat(0, 1, 1, (0,)), Seat(1, 0, 2, (0,))]
NIGHT = [Seat(0, 0, 1, (0,)), Seat(1, 0, 0, (0,))]
"""One replica of a stays, that of b moved to another node."""


@cache
def scheduled() -> DemandInstance:
    """Two setups; the case with a lost node tests the one by day. 0.6 USD a start: 1 start
    at night (b moved), 2 by day (b moved back, a again).
    """
    demand = cells_demand()
    day, night, lost = demand.cases
    cases = (day, night, replace(lost, of=0))
    return replace(demand, cases=cases, start_usd=0.6, cost_at_most=9.5)


@cache
def _good() -> Plan:
    api = ((1.0,), (0.0,))
    day = Routing((Lane(0, 1, (2.5, 0.0)), Lane(0, 1, (1.0, 1.5)), Lane(1, 1, (1.5, 0.5))), api)
    left = Routing((Lane(0, 1, (1.5, 0.5)), Lane(1, 1, (0.5, 0.5))), api)
    other = Routing((Lane(0, 2, (2.0, 1.0)),), api)
    night = Routing((Lane(0, 1, (1.0, 0.0)), Lane(1, 1, (1.0, 0.0))), NONE)
    routings = [[[day], [left, other]], [[night]]]
    return make_schedule_plan(scheduled(), [DAY, NIGHT], routings, slack=1e-5)


def problems(fault: Callable[[Plan], None], **changes: object) -> tuple[str, ...]:
    plan = copy.deepcopy(_good())
    fault(plan)
    return run_cells_verifier(plan, replace(scheduled(), **changes))


def test_the_plan_by_hand_holds() -> None:
    assert problems(lambda plan: None) == ()
    assert _good()["cost"]["starts_usd_per_h"] == pytest.approx(0.6 * 3 / 24)
    # By day three GPUs, at night two.
    assert _good()["cost"]["gpus_usd_per_h"] == pytest.approx((14 * 6 + 10 * 4) / 24)
    assert cases_by_setup(scheduled()) == [[0, 2], [1]]


def starts(value: float) -> Callable[[Plan], None]:
    """The cost of starts, and the sum with it."""

    def plant(plan: Plan) -> None:
        plan["cost_usd_per_h"] += value - plan["cost"]["starts_usd_per_h"]
        plan["cost"]["starts_usd_per_h"] = value

    return plant


def cases_of(first: list[str], second: list[str]) -> Callable[[Plan], None]:
    return both(at("setups.0.cases", first), at("setups.1.cases", second))


def in_another_order(plan: Plan) -> None:
    plan["setups"].reverse()


FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "no start counted": (starts(0.0), "cost.starts_usd_per_h: 0 but recomputed 0.075"),
    "a start forgotten": (starts(0.05), "cost.starts_usd_per_h: 0.05 but recomputed 0.075"),
    "a moved replica not counted": (starts(0.025), "starts_usd_per_h: 0.025 but recomputed 0.075"),
    "starts left out of the sum": (at("cost_usd_per_h", 9.2), "cost_usd_per_h: 9.2 but"),
    "the wrong setup tests a loss": (
        cases_of(["day"], ["night", "lost"]),
        "setups.1: case lost is not of the setup of night",
    ),
    "setups the other way round": (in_another_order, "case night is not of the setup of day, lost"),
    "one setup for all": (
        cases_of(["day", "night", "lost"], []),
        "setups.0: case night is not of the setup of day, lost",
    ),
    "a setup left out": (lambda plan: plan["setups"].pop(), "this scheduled fleet has 2"),
    "a setup of no case": (
        lambda plan: plan["setups"].append({**plan["setups"][1], "cases": ["day"]}),
        "setups.2: case day is not of the setup of none",
    ),
    "a setup too many": (
        lambda plan: plan["setups"].append({**plan["setups"][1], "cases": []}),
        "setups: 3 stated, this scheduled fleet has 2",
    ),
    "more GPUs at night": (at("cases.1.gpus_used", 3), "gpus_used 3 but 2 GPUs hold a shard"),
    "the day's cost at night": (at("cases.1.cost_usd_per_h", 6.0), "6 but recomputed 4"),
    "a shard moved, its start not counted": (
        at("setups.1.placement.0.node", 2),
        "cost.starts_usd_per_h: 0.075 but recomputed 0.125",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    found = problems(fault)
    assert any(words in problem for problem in found), found


@pytest.mark.parametrize(("most", "wrong"), [(9.442, False), (9.441, True)])
def test_starts_count_in_the_budget(most: float, wrong: bool) -> None:
    """GPUs 5.1667, outside 4.2, starts 0.075 USD/h."""
    assert bool(problems(lambda plan: None, cost_at_most=most)) == wrong


def test_a_fixed_fleet_takes_no_schedule() -> None:
    day, night, lost = scheduled().cases
    cases = (day, night, replace(lost, of=None))
    found = problems(lambda plan: None, start_usd=None, cases=cases)
    assert any("2 stated, a fixed fleet has one" in problem for problem in found)


def test_replicas_on_the_same_gpus_are_counted_one_by_one() -> None:
    """Numbers of replicas do not matter, nor the order of entries."""
    assert not problems(lambda plan: plan["setups"][1]["placement"].reverse())


def test_every_shard_of_a_replica_starts() -> None:
    """Two GPUs each: one replica stays, one moves by a GPU, one is new."""
    setup = stated().setups[0]

    def on(*replicas: tuple[int, ...]) -> StatedSetup:
        placement = [
            {"pool": "h100", "node": 0, "gpu": gpu, "option": 0, "replica": r}
            for r, gpus in enumerate(replicas)
            for gpu in gpus
        ]
        return replace(setup, entry={"placement": placement})

    before = on((0, 1), (2, 3))
    assert shards_started(before, before) == 0
    assert shards_started(before, on((3, 2), (1, 0))) == 0
    assert shards_started(before, on((0, 1), (3, 4), (5, 6))) == 4
    assert shards_started(on((0, 1), (3, 4), (5, 6)), before) == 2
    # On the same GPUs there is room for two where shares are small.
    assert shards_started(before, on((0, 1), (0, 1), (2, 3))) == 2


def test_one_setup_alone_starts_nothing() -> None:
    demand = scheduled()
    day, night, lost = demand.cases
    alone = replace(demand, cases=(day, replace(night, of=0), lost))
    assert cases_by_setup(alone) == [[0, 1, 2]]
