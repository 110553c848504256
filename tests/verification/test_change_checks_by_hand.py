"""What a plan says of the setup it starts from, of few replicas whose seats are known, as a plan
with one setup says it and as one of setups does.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from planner.verification.change_checks import (
    check_stated_changes,
    check_stated_cycle_changes,
    recomputed_changes_cost,
)
from planner.verification.tolerances import RANGE_TOL

HALF = {"llm": "a", "pool": "p", "tp_degree": 1, "mps_share_pct": 50}
PAIR = {"llm": "b", "pool": "p", "tp_degree": 2, "mps_share_pct": 100}
PART = {"llm": "b", "pool": "p", "tp_degree": 1, "mps_share_pct": None, "mig_profile": "3g.40gb"}
OPTIONS = [HALF, PAIR, PART]

# (option, replica, node, GPUs): two halves of one GPU, two pairs and an instance.
SEATS = [(0, 0, 0, [0]), (0, 1, 0, [0]), (1, 0, 0, [1, 2]), (1, 1, 1, [0, 1]), (2, 0, 1, [2])]


def shards(named: bool) -> list[dict[str, Any]]:
    return [
        {
            **(OPTIONS[option] if named else {"option": option}),
            "replica": replica,
            "shard": k,
            "node": node,
            "gpu": gpu,
        }
        for option, replica, node, gpus in SEATS
        for k, gpu in enumerate(gpus)
    ]


def stated(price: float = 2.0, over: float = 0.5, **changes: Any) -> dict[str, Any]:
    """The two halves and the first pair run; the second pair and the instance start: 3 shards at a
    price (USD) over some hours.
    """
    running = [{"option": k, "node": 0, "gpus": gpus} for k, gpus in ((1, [2, 1]), (0, [0]))]
    told = {"usd_per_gpu": price, "hours": over, "running": [*running, running[1]]}
    told |= {"gpus": 3, "usd": 3 * price, "usd_per_h": 3 * price / over}
    return {
        "options": [{**HALF, "replicas": 1}, {**PAIR, "replicas": 1}, {**HALF, "replicas": 1}],
        "kept": 3,
        "started": 2,
        "stopped": 0,
        "moved": 0,
        "most_changes": 2,
        "changes": {**told, **changes},
    }


def plan_from(start: Mapping[str, Any], *, named: bool = True) -> dict[str, Any]:
    """As a plan with one setup says it, or one of setups, whose shards have no names."""
    counts = [2, 2, 1]
    options = [{**OPTIONS[k], "replicas": counts[k]} for k in range(3)]
    setup = {"options": options, "placement": shards(named)}
    return {**(setup if named else {"setups": [setup]}), "context": {"from": start}}


@pytest.mark.parametrize("named", [True, False])
def test_three_shards_start_beside_what_runs(*, named: bool) -> None:
    """Two replicas of one GPU are two; of an option that is listed twice the replicas add up."""
    for price, hours in ((2.0, 0.5), (0.25, 3.0), (0.0, 1.0)):
        plan = plan_from(stated(price, hours), named=named)
        assert list(check_stated_changes(plan)) == []
        assert recomputed_changes_cost(plan) == pytest.approx(3 * price / hours)
    (problem,) = check_stated_changes(plan_from({**stated(), "kept": 2}, named=named))
    assert problem == "context.from.kept: 2 but the setups say 3"


def test_all_that_are_kept_may_have_moved() -> None:
    assert list(check_stated_changes(plan_from({**stated(), "moved": 3}))) == []
    (problem,) = check_stated_changes(plan_from({**stated(), "moved": 4}))
    assert problem == "context.from.moved: 4 of 3 replicas that are kept"


def test_an_instance_of_another_profile_is_another_option() -> None:
    other = {**PART, "mig_profile": "4g.40gb", "replicas": 1}
    start = stated()
    start["options"] = [*start["options"], other]
    start["changes"]["running"].append({"option": 3, "node": 1, "gpus": [2]})
    assert list(check_stated_changes(plan_from({**start, "stopped": 1, "most_changes": 3}))) == []
    start["options"][-1] = {**PART, "replicas": 1}
    kept = {**start, "kept": 4, "started": 1}
    problems = list(check_stated_changes(plan_from(kept)))
    assert [problem.split(":")[0] for problem in problems] == [
        "context.from.changes.gpus",
        "context.from.changes.usd",
        "context.from.changes.usd_per_h",
    ], "it runs on this GPU: two shards start"


def test_prices_agree_to_within_a_part_of_them() -> None:
    usd = 6.0
    for part, found in ((0.9, 0), (-0.9, 0), (1.1, 1), (-1.1, 1)):
        told = usd + part * RANGE_TOL * (1 + usd)
        assert len(list(check_stated_changes(plan_from(stated(usd=told))))) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"usd_per_gpu": float("inf")},
        {"usd_per_gpu": -0.1},
        {"hours": float("nan")},
        {"hours": 0.0},
        {"running": [{"option": -1, "node": 0, "gpus": [0]}]},
        {"running": [{"option": 0.0, "node": 0, "gpus": [0]}]},
    ],
)
def test_a_price_that_cannot_be_read_costs_nothing_and_is_reported(changes: dict[str, Any]) -> None:
    plan = plan_from(stated(**changes))
    assert list(check_stated_changes(plan)) == [
        "context.from.changes: not what a plan says of the price of its changes"
    ]
    assert recomputed_changes_cost(plan) == 0.0
    assert recomputed_changes_cost({"context": {"from": 3}}) == 0.0


def test_a_setup_of_a_cycle_may_keep_nothing() -> None:
    numbers = {"kept": 0, "started": 2, "stopped": 1}
    before = [{"case": "day", "options": [{**PAIR, "replicas": 1}], **numbers}]
    setups = [{"cases": ["day"], "options": [{**HALF, "replicas": 2}]}]
    cycle = {"most_changes": None, "setups": before}
    plan = {"setups": setups, "context": {"from_cycle": cycle}}
    assert list(check_stated_cycle_changes(plan)) == []
