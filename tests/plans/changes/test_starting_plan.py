"""The plan that another one starts from: looked up in the instance, counted against the new one."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planner.errors import DataError, VerificationError
from planner.plans.changes import starting_plan
from planner.plans.changes.starting_plan import (
    StartingPlan,
    instance_from_running,
    read_starting_plan,
    starting_plan_lines,
    with_starting_plan,
)
from planner.plans.plan_file import write_plan_file
from tests.support.plans.built_plans import built_plan, check_schema
from tests.support.plans.handmade import solved, trio


def test_what_runs_is_found_in_the_instance() -> None:
    content = built_plan().content
    asked = instance_from_running(trio(), StartingPlan("old.json", content, most=3))
    assert asked.running is not None
    assert list(asked.running.replicas) == solved(trio()).replicas.tolist()
    assert sum(asked.running.rates) == pytest.approx(trio().arrival_rate)
    assert (asked.running.gone, asked.running.most) == (0, 3)
    assert instance_from_running(trio(), None).running is None


def test_options_that_are_gone_stop_and_are_named() -> None:
    content = built_plan().content
    fewer = replace(trio(), options=trio().options[1:])
    start = StartingPlan("old.json", content, note="it is not verified")
    running = instance_from_running(fewer, start).running
    assert running is not None
    assert running.gone == content["options"][0]["replicas"]
    note, gone = starting_plan_lines(fewer, start)
    assert note == "it is not verified."
    assert f"{running.gone} x {content['options'][0]['llm']}" in gone
    assert starting_plan_lines(trio(), StartingPlan("old.json", content)) == []
    assert starting_plan_lines(trio(), None) == []


def test_the_plan_says_what_it_keeps() -> None:
    plan, old = built_plan(), deepcopy(built_plan().content)
    old["options"][0]["replicas"] += 2
    after = with_starting_plan(plan, StartingPlan("old.json", old, most=2))
    check_schema(after)
    stated: Any = after.content["context"]["from"]
    total = sum(option["replicas"] for option in plan.content["options"])
    assert (stated["kept"], stated["started"], stated["stopped"]) == (total, 0, 2)
    assert with_starting_plan(plan, None) is plan


def test_more_changes_than_allowed_do_not_leave() -> None:
    old: Any = deepcopy(built_plan().content)
    old["options"][0]["replicas"] += 2
    with pytest.raises(VerificationError):
        with_starting_plan(built_plan(), StartingPlan("old.json", old, most=1))


def test_a_count_that_the_verifier_does_not_share(monkeypatch: pytest.MonkeyPatch) -> None:
    start = StartingPlan("old.json", built_plan().content)
    wrong = {**starting_plan._start_content(built_plan().content, start), "kept": 1}
    monkeypatch.setattr(starting_plan, "_start_content", lambda *_: wrong)
    with pytest.raises(VerificationError):
        with_starting_plan(built_plan(), start)


def test_a_plan_is_read_with_the_reason_why_it_is_not_verified(tmp_path: Path) -> None:
    write_plan_file(built_plan(), tmp_path / "old.json")
    start = read_starting_plan(str(tmp_path / "old.json"), 2)
    assert start.most == 2
    assert "is not verified" in start.note
    with pytest.raises(DataError):
        read_starting_plan(str(tmp_path / "none.json"), None)
