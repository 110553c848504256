"""Faults planted in what a plan says of the setup it starts from."""

import copy
from typing import Any

import pytest

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
