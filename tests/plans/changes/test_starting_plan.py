"""The plan that another one starts from: looked up in the instance, counted against the new one."""

from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from planner.errors import DataError, VerificationError
from planner.plans.changes import starting_plan
from planner.plans.changes.starting_plan import (
    ChangePrice,
    StartingPlan,
    instance_from_running,
    read_starting_plan,
    start_of_plan,
    starting_plan_lines,
)
from planner.plans.option_index import option_key
from planner.plans.plan_content import build_plan_content
from planner.plans.plan_file import write_plan_file
from planner.plans.record import Plan
from tests.support.plans.built_plans import built_plan, check_schema
from tests.support.plans.handmade import SETTINGS, loaded, solved, trio


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


def begun_plan(start: StartingPlan | None) -> Plan:
    """The plan of the hand-made solution that starts from another one, verified."""
    instance = trio()
    return build_plan_content(
        loaded(instance), solved(instance), SETTINGS, {}, partial(start_of_plan, start=start)
    )


def test_the_plan_says_what_it_keeps() -> None:
    old = deepcopy(built_plan().content)
    old["options"][0]["replicas"] += 2
    after = begun_plan(StartingPlan("old.json", old, most=2))
    check_schema(after)
    stated: Any = after.content["context"]["from"]
    total = sum(option["replicas"] for option in after.content["options"])
    assert (stated["kept"], stated["started"], stated["stopped"]) == (total, 0, 2)
    assert "changes" not in stated
    assert "from" not in begun_plan(None).content["context"]


def test_the_plan_says_what_its_changes_cost() -> None:
    """What runs is the plan itself but one option, whose replicas then start."""
    old = deepcopy(built_plan().content)
    entry = old["options"].pop(0)
    old["placement"] = [s for s in old["placement"] if option_key(s) != option_key(entry)]
    price = ChangePrice(usd=3.0, hours=12.0)
    after = begun_plan(StartingPlan("old.json", old, price=price))
    check_schema(after)
    told = after.content["context"]["from"]["changes"]
    shards = entry["tp_degree"] * entry["replicas"]
    assert (told["gpus"], told["usd"], told["usd_per_h"]) == (shards, 3.0 * shards, shards / 4)
    assert sum(len(seat["gpus"]) for seat in told["running"]) == len(old["placement"])
    running = instance_from_running(trio(), StartingPlan("old.json", old, price=price)).running
    assert running is not None
    assert (running.start_price, len(running.places)) == (0.25, len(told["running"]))


def test_more_changes_than_allowed_do_not_leave() -> None:
    old: Any = deepcopy(built_plan().content)
    old["options"][0]["replicas"] += 2
    with pytest.raises(VerificationError):
        begun_plan(StartingPlan("old.json", old, most=1))


def test_a_count_that_the_verifier_does_not_share(monkeypatch: pytest.MonkeyPatch) -> None:
    start = StartingPlan("old.json", built_plan().content)
    wrong = {**starting_plan._start_content(built_plan().content, start), "kept": 1}
    monkeypatch.setattr(starting_plan, "_start_content", lambda *_: wrong)
    with pytest.raises(VerificationError):
        begun_plan(start)


def test_a_plan_is_read_with_the_reason_why_it_is_not_verified(tmp_path: Path) -> None:
    write_plan_file(built_plan(), tmp_path / "old.json")
    start = read_starting_plan(str(tmp_path / "old.json"), 2)
    assert start.most == 2
    assert "is not verified" in start.note
    with pytest.raises(DataError):
        read_starting_plan(str(tmp_path / "none.json"), None)
