"""Instances out of their slots are reported, each by one planted fault."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from models.instance import Instance
from planner.verification.verifier import run_verifier
from tests.support.mig.mig_scenarios import mig_source

Change = Callable[[list[dict[str, Any]]], None]


def set_on(profile: str, **values: Any) -> Change:
    def change(placement: list[dict[str, Any]]) -> None:
        for shard in placement:
            if shard.get("mig_profile") == profile:
                shard.update(values)

    return change


def beside_whole_gpu(placement: list[dict[str, Any]]) -> None:
    for shard in placement:
        if "mig_profile" not in shard:
            shard["gpu"] = 0


def start_of_a_share(placement: list[dict[str, Any]]) -> None:
    for shard in placement:
        if "mig_profile" not in shard:
            shard["mig_start"] = 0


FAULTS: dict[str, tuple[Change, str]] = {
    "one slice twice": (set_on("3g.40gb", mig_start=0), "slice 0 is in two instances"),
    "no legal start": (set_on("4g.40gb", mig_start=4), "4g.40gb at slice 4; it may begin at 0"),
    "no start": (set_on("3g.40gb", mig_start=None), "placement.0.mig_start"),
    "beside a share": (beside_whole_gpu, "MIG instances beside a shard with an MPS share"),
    "a share with a start": (start_of_a_share, "a share of a GPU has no mig_start"),
    "a share beside the profile": (set_on("3g.40gb", mps_share_pct=50), "no such option"),
    "another profile": (set_on("3g.40gb", mig_profile="2g.20gb"), "no such option"),
}


def problems_with(change: Change, instance: Instance | None = None) -> list[str]:
    source = mig_source()
    content = deepcopy(source.plan.content)
    change(content["placement"])  # type: ignore[arg-type]
    return run_verifier(content, instance or source.loaded.instance)


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
    assert any(words in problem for problem in problems), problems


def test_instances_are_no_shares_and_unknown_options_stand_beside_nothing() -> None:
    """Each instance takes its slices, not a part of 100 %."""

    def thrice(placement: list[dict[str, Any]]) -> None:
        placement += 2 * [shard for shard in placement if "mig_profile" in shard]

    assert not any("MPS shares" in problem for problem in problems_with(thrice))

    def unknown_beside(placement: list[dict[str, Any]]) -> None:
        beside_whole_gpu(placement)
        for shard in placement:
            if "mig_profile" not in shard:
                shard["llm"] = "nobody"

    problems = problems_with(unknown_beside)
    assert any("no such option" in problem for problem in problems)
    assert not any("beside a shard" in problem for problem in problems)


def test_the_plan_itself_has_no_problem() -> None:
    assert not problems_with(lambda placement: None)


def test_memory_and_degree_are_those_of_the_instance() -> None:
    instance = mig_source().loaded.instance
    small = tuple(
        replace(one, mig=replace(one.mig, memory=30.0)) if one.mig is not None else one
        for one in instance.options
    )
    problems = problems_with(lambda placement: None, replace(instance, options=small))
    assert any("above the usable 27 GiB of an instance" in problem for problem in problems)
    filled = tuple(
        replace(one, memory=(1.0 - instance.memory_headroom) * one.mig.memory)
        if one.mig is not None
        else one
        for one in instance.options
    )
    problems = problems_with(lambda placement: None, replace(instance, options=filled))
    assert not any("above the usable" in problem for problem in problems)
