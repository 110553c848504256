"""Faults planted in what a plan says of the setup it starts from."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from planner.verification.change_checks import (
    check_stated_cycle_changes,
    recomputed_changes_cost,
)
from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import good_plan, tiny

SMALL = {"llm": "small", "pool": "a", "tp_degree": 1, "mps_share_pct": 50}
OTHER = {"llm": "small", "pool": "old", "tp_degree": 1, "mps_share_pct": 50}


def start(**changes: Any) -> dict[str, Any]:
    """Three replicas of small ran, and two in a pool that is gone."""
    plan = copy.deepcopy(good_plan())
    kept = next(o["replicas"] for o in plan["options"] if o["mps_share_pct"] == 50)
    more = sum(o["replicas"] for o in plan["options"]) - kept
    stated = {
        "plan": "old.json",
        "scenario_sha256": "0" * 64,
        "options": [{**SMALL, "replicas": kept + 3}, {**OTHER, "replicas": 2}],
        "kept": kept,
        "started": more,
        "stopped": 5,
        "moved": 0,
        "most_changes": more + 5,
    }
    return {**plan, "context": {"from": {**stated, **changes}}}


def test_what_is_counted_right_passes() -> None:
    assert run_verifier(start(), tiny()) == ()
    assert run_verifier(start(most_changes=None), tiny()) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kept": 9}, "context.from.kept: 9 but the setups say"),
        ({"started": 0}, "context.from.started: 0 but the setups say"),
        ({"stopped": 3}, "context.from.stopped: 3 but the setups say 5"),
        ({"moved": 50}, "context.from.moved: 50 of"),
        ({"most_changes": 5}, "replicas start or stop, allowed are 5"),
        ({"options": []}, "context.from.kept"),
        ({"options": [{**SMALL, "replicas": 0}]}, "an option without a replica"),
        ({"options": [{**SMALL, "mps_share_pct": 50.1, "replicas": 4}]}, "context.from.kept"),
        ({"options": [{"llm": "small"}]}, "not what a plan says"),
        ({"options": None}, "not what a plan says"),
        ({"most_changes": "5"}, "most_changes 5 in a plan with a setup"),
        ({"kept": None}, "in a plan with a setup"),
    ],
)
def test_a_planted_fault_is_found(changes: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in run_verifier(start(**changes), tiny()))


def test_a_context_of_another_kind_is_found() -> None:
    assert run_verifier({**good_plan(), "context": {"from": 3}}, tiny())


def priced(**changes: Any) -> dict[str, Any]:
    """The same where what runs is on the GPUs of the plan, but for those of one option: it starts,
    at 2 USD for each GPU over 8 h.
    """
    plan = start()
    stated = plan["context"]["from"]
    first = plan["options"][0]
    names = ("llm", "pool", "tp_degree", "mps_share_pct")
    held: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for shard in plan["placement"]:
        held.setdefault((*(shard[k] for k in names), shard["replica"]), []).append(shard)
    runs = [o for o in plan["options"] if o is not first]
    keys = [tuple(o[k] for k in names) for o in runs]
    seats = [
        {"option": keys.index(key[:4]), "node": on[0]["node"], "gpus": [s["gpu"] for s in on]}
        for key, on in held.items()
        if key[:4] in keys
    ]
    gpus = first["tp_degree"] * first["replicas"]
    told = {"usd_per_gpu": 2.0, "hours": 8.0, "running": seats, "gpus": gpus}
    told |= {"usd": 2.0 * gpus, "usd_per_h": gpus / 4}
    kept = sum(o["replicas"] for o in runs)
    stated |= {"options": [{k: o[k] for k in (*names, "replicas")} for o in runs]}
    stated |= {"kept": kept, "started": first["replicas"], "stopped": 0, "most_changes": None}
    return {**plan, "context": {"from": {**stated, "changes": {**told, **changes}}}}


def test_what_starts_is_counted_by_seats() -> None:
    plan = priced()
    assert run_verifier(plan, tiny()) == ()
    assert recomputed_changes_cost(plan) == plan["context"]["from"]["changes"]["usd_per_h"] > 0
    # A replica that runs, but on another GPU, starts too.
    seat = plan["context"]["from"]["changes"]["running"][0]
    seat["gpus"] = [gpu + 7 for gpu in seat["gpus"]]
    assert any("context.from.changes.gpus" in one for one in run_verifier(plan, tiny()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gpus": 0, "usd": 0.0, "usd_per_h": 0.0}, "changes.gpus: 0 but the seats say"),
        ({"usd": 0.0}, "changes.usd: 0 but the seats say"),
        ({"usd_per_h": 0.0}, "changes.usd_per_h: 0 but the seats say"),
        ({"hours": 9.0}, "changes.usd_per_h"),
        ({"hours": 0.0}, "not what a plan says of the price of its changes"),
        ({"usd_per_gpu": -1.0}, "not what a plan says of the price of its changes"),
        ({"running": []}, "changes.running: not the seats of the replicas that run"),
        (
            {"running": [{"option": -1, "node": 0, "gpus": [0]}]},
            "not what a plan says of the price",
        ),
        ({"gpus": None}, "not what a plan says of the price of its changes"),
    ],
)
def test_a_planted_fault_of_a_price_is_found(changes: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in run_verifier(priced(**changes), tiny()))


def test_the_objective_and_the_budget_count_the_changes() -> None:
    """A cost objective is the cost and that of the changes; starts that are forgotten are found."""
    instance = replace(tiny(), objective="cost", quality_floor=0.0)
    plan = priced()
    cost, starts = plan["cost_usd_per_h"], plan["context"]["from"]["changes"]["usd_per_h"]
    sense = {"sense": "minimize", "of": "cost", "rel_gap": 0.0}
    right = {**plan, "objective": {**sense, "value": cost + starts, "bound": cost + starts}}
    forgotten = {**plan, "objective": {**sense, "value": cost, "bound": cost}}
    found = run_verifier(right, instance), run_verifier(forgotten, instance)
    assert not any("objective: value" in one for one in found[0])
    assert any("objective: value" in one for one in found[1])


def cycle(**changes: Any) -> dict[str, Any]:
    """Two setups; the first is what runs, of the second one replica stops and two start."""
    before = [{**SMALL, "replicas": 2}]
    setups = [
        {"cases": ["day", "test"], "options": [{**SMALL, "replicas": 2}]},
        {"cases": ["night"], "options": [{**SMALL, "replicas": 1}, {**OTHER, "replicas": 2}]},
    ]
    counts = [{"kept": 2, "started": 0, "stopped": 0}, {"kept": 1, "started": 2, "stopped": 1}]
    stated = {
        "most_changes": 3,
        "setups": [
            {"case": case, "options": before, **own}
            for case, own in zip(("day", "night"), counts, strict=True)
        ],
    }
    return {"setups": setups, "context": {"from_cycle": {**stated, **changes}}}


def test_counts_of_a_cycle() -> None:
    assert list(check_stated_cycle_changes(cycle())) == []
    assert list(check_stated_cycle_changes({"setups": [], "context": {}})) == []
    (problem,) = check_stated_cycle_changes(cycle(most_changes=2))
    assert problem.endswith("3 replicas start or stop, allowed are 2, case night")
    stated = cycle()["context"]["from_cycle"]["setups"]
    for setups, words in (
        ([stated[0], {**stated[1], "started": 0}], "started: 0 but the setups say 2, case night"),
        ([stated[1], stated[0]], "of the cases ['night', 'day'] but the setups are of"),
        (stated[:1], "of the cases ['day'] but the setups are of"),
        ([{**stated[0], "kept": None}, stated[1]], "in a plan with setups"),
        ([{"case": "day"}], "not what a plan says of the one it starts from"),
    ):
        assert any(words in one for one in check_stated_cycle_changes(cycle(setups=setups)))
